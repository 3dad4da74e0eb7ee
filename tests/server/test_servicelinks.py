"""Variables that Kubernetes and Docker set for a service named ``framewire`` are not settings."""

from __future__ import annotations

import pytest

from server.settings import Settings, WrongSetting, load, servicelinks


def links(service: str, address: str = "10.96.7.1", *ports: tuple[int, str]) -> dict[str, str]:
    """Return what Kubernetes sets for a Service with these ports."""
    first, protocol = ports[0]
    found = {
        f"{service}_SERVICE_HOST": address,
        f"{service}_SERVICE_PORT": str(first),
        f"{service}_SERVICE_PORT_HTTP_WEB": str(first),
        f"{service}_PORT": f"{protocol}://{address}:{first}",
    }
    for port, protocol in ports:
        name = f"{service}_PORT_{port}_{protocol.upper()}"
        found[name] = f"{protocol}://{address}:{port}"
        found[f"{name}_PROTO"] = protocol
        found[f"{name}_PORT"] = str(port)
        found[f"{name}_ADDR"] = address
    return found


SERVICES = {
    "plain": links("FRAMEWIRE", "10.96.7.1", (8888, "tcp")),
    "several ports": links("FRAMEWIRE", "10.96.7.1", (80, "tcp"), (9090, "udp"), (1, "sctp")),
    "IPv6": links("FRAMEWIRE", "[fd00::1]", (8888, "tcp")),
    "a longer name": links("FRAMEWIRE_GATEWAY", "10.96.7.1", (8888, "tcp")),
    "ends like a setting": links("FRAMEWIRE_TLS_KEY_2", "10.96.7.1", (443, "tcp")),
    "another prefix": links("MY_FRAMEWIRE", "10.96.7.1", (443, "tcp")),
}


DOCKER = {
    "FRAMEWIRE_NAME": "/page/framewire",
    "FRAMEWIRE_PORT": "tcp://172.17.0.5:8888",
    "FRAMEWIRE_PORT_8888_TCP": "tcp://172.17.0.5:8888",
    "FRAMEWIRE_PORT_8888_TCP_ADDR": "172.17.0.5",
    "FRAMEWIRE_PORT_8888_TCP_START": "tcp://172.17.0.5:8888",
    "FRAMEWIRE_PORT_8888_TCP_PORT_END": "8890",
    "FRAMEWIRE_ENV_PYTHON_VERSION": "3.12",
    "FRAMEWIRE_ENV_FRAMEWIRE_MODEL": "flowers",
    "FRAMEWIRE_ENV_PORT": "8888",
    "FRAMEWIRE_ENV_http_proxy": "http://proxy:3128",
}
"""What ``docker run --link framewire`` sets."""
SERVICES["a link of Docker"] = DOCKER


@pytest.mark.parametrize("variables", SERVICES.values(), ids=SERVICES)
def test_a_service_is_ignored_without_a_word(variables: dict[str, str]) -> None:
    assert load([], variables) == Settings()
    assert servicelinks.warnings(variables) == []


def test_settings_apply_beside_a_service() -> None:
    beside = {**SERVICES["plain"], "FRAMEWIRE_MAX_BATCH": "3", "PORT": "9000"}
    assert load([], beside) == Settings(max_batch=3, port=9000)
    # What a pod's own manifest sets takes the place of what Kubernetes would set.
    assert load([], {**SERVICES["plain"], "FRAMEWIRE_PORT": "9001"}).port == 9001


@pytest.mark.parametrize(
    "variable", ["FRAMEWIRE_PORT=tcp://0.0.0.0:9000", "FRAMEWIRE_SERVICE_PORT=9000"]
)
def test_a_warning_where_a_setting_may_have_been_meant(variable: str) -> None:
    name, _, value = variable.partition("=")
    assert load([], {name: value}) == Settings()
    [line] = servicelinks.warnings({name: value})
    assert line.startswith(f"{name} is ignored")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("FRAMEWIRE_PORT", "http://10.96.7.1:8888"),
        ("FRAMEWIRE_PORT", "10.96.7.1:8888"),
        ("FRAMEWIRE_PORT", "tcp"),
        ("FRAMEWIRE_PORT_8888", "tcp://10.96.7.1:8888"),
        ("FRAMEWIRE_PORT_8888_HTTP", "tcp://10.96.7.1:8888"),
        ("FRAMEWIRE_PORT_8888_TCP_HOST", "10.96.7.1"),
        ("FRAMEWIRE_SERVICE", "10.96.7.1"),
        ("FRAMEWIRE_SERVICEHOST", "10.96.7.1"),
        ("FRAMEWIRE_BACKEND_PORT", "8500"),
    ],
)
def test_anything_else_is_still_an_error(variable: str, text: str) -> None:
    with pytest.raises(WrongSetting, match=variable):
        load([], {**SERVICES["plain"], variable: text})


@pytest.mark.parametrize("name", ["flowers", "/flowers", "models/flowers", "/models/my flowers"])
def test_a_name_that_is_not_dockers_is_an_error(name: str) -> None:
    for variable in ("FRAMEWIRE_NAME", "FRAMEWIRE_ENV_A"):
        with pytest.raises(WrongSetting, match=variable):
            load([], {variable: "x", "FRAMEWIRE_NAME": name})
