"""Variables that Kubernetes and Docker set in the containers beside a service.

For a Service of Kubernetes named ``framewire`` or ``framewire-...``, their names begin like those
of settings: ``FRAMEWIRE_SERVICE_HOST``, ``FRAMEWIRE_PORT=tcp://10.96.7.1:8888``,
``FRAMEWIRE_PORT_8888_TCP``. Docker's links (``docker run --link framewire``) add
``FRAMEWIRE_NAME=/page/framewire``, and ``FRAMEWIRE_ENV_...`` for each variable of that container.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from server.settings.table import PREFIX

_SERVICE = rf"(?P<service>{PREFIX}(?:[A-Z0-9_]+?_)??)"
_NAME = re.compile(
    rf"{_SERVICE}"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?"
    r"|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR)|(?:_PORT)?_(?:START|END))?"
    r"|(?P<url>PORT))"
)
_URL = re.compile(r"(?:tcp|udp|sctp)://\S+")
_LINKED = re.compile(rf"{_SERVICE}(?:NAME|ENV_.+)")
_CONTAINERS = re.compile(r"/[\w.-]+/[\w.-]+")
"""The value of ``..._NAME``: the container, and what it calls the other one."""


def is_service_link(variable: str, environment: Mapping[str, str]) -> bool:
    """Return whether a variable is named as Kubernetes or Docker names those of a service.

    ``..._PORT`` may also be a setting; with a URL as its value, it is not.
    """
    name = _NAME.fullmatch(variable)
    if name and (name["url"] is None or _URL.fullmatch(environment[variable])):
        return True
    name = _LINKED.fullmatch(variable)
    return name is not None and _is_linked(name["service"], environment)


def warnings(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each variable that is ignored although it may be meant as a setting.

    All variables of a service are set together. One without the service's host, or without the
    container's name, probably comes from a person.
    """
    return [
        f"{variable} is ignored: it is named like a variable of a Kubernetes Service"
        for variable in environment
        if is_service_link(variable, environment) and not _belongs(variable, environment)
    ]


def _belongs(variable: str, environment: Mapping[str, str]) -> bool:
    names = (_NAME.fullmatch(variable), _LINKED.fullmatch(variable))
    services = [name["service"] for name in names if name is not None]
    return any(
        f"{service}SERVICE_HOST" in environment or _is_linked(service, environment)
        for service in services
    )


def _is_linked(service: str, environment: Mapping[str, str]) -> bool:
    return _CONTAINERS.fullmatch(environment.get(f"{service}NAME", "")) is not None
