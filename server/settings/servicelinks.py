"""Variables that Kubernetes sets in every pod for each Service of its namespace.

For a Service named ``framewire`` or ``framewire-...``, their names begin like those of settings:
``FRAMEWIRE_SERVICE_HOST``, ``FRAMEWIRE_PORT=tcp://10.96.7.1:8888``, ``FRAMEWIRE_PORT_8888_TCP``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from server.settings.table import PREFIX

_NAME = re.compile(
    rf"(?P<service>{PREFIX}(?:[A-Z0-9_]+?_)??)"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?"
    r"|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?"
    r"|(?P<url>PORT))"
)
_URL = re.compile(r"(?:tcp|udp|sctp)://\S+")


def is_service_link(variable: str, text: str) -> bool:
    """Return whether a variable is named as Kubernetes names those of a Service.

    ``..._PORT`` may also be a setting; with a URL as its value, it is not.
    """
    name = _NAME.fullmatch(variable)
    return name is not None and (name["url"] is None or _URL.fullmatch(text) is not None)


def warnings(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each variable that is ignored although it may be meant as a setting.

    Kubernetes sets all variables of a Service together. One without the Service's host probably
    comes from a person.
    """
    return [
        f"{variable} is ignored: it is named like a variable of a Kubernetes Service"
        for variable, text in environment.items()
        if is_service_link(variable, text) and not _has_host(variable, environment)
    ]


def _has_host(variable: str, environment: Mapping[str, str]) -> bool:
    name = _NAME.fullmatch(variable)
    return name is not None and f"{name['service']}SERVICE_HOST" in environment
