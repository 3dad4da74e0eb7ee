"""compose.yaml: valid, and in step with nginx.conf, the gateway and the manifests."""

from __future__ import annotations

import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for

from modelserver.options import command_line
from server.settings import load
from tests.deploy.manifests import (
    DEPLOY,
    KUBERNETES,
    Document,
    load_file,
    seconds,
)

[COMPOSE] = load_file(DEPLOY / "compose.yaml")
SERVICES: dict[str, Document] = COMPOSE["services"]
NGINX = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
CLOSING_S = 5


def test_it_follows_the_compose_specification() -> None:
    schema = get_builtin_schema("vendor.compose-spec")
    rules = validator_for(schema)(schema)
    assert [error.message for error in rules.iter_errors(COMPOSE)] == []
    assert not rules.is_valid({"services": {"gateway": {"red_only": True}}})


def test_the_gateway_fits_nginx_and_the_model_server() -> None:
    gateway = SERVICES["gateway"]
    settings = load([], {k: str(v) for k, v in gateway["environment"].items()})
    assert f"server {settings.host}:{settings.port};" in NGINX
    assert settings.trusted_proxies == settings.host
    assert gateway["network_mode"] == SERVICES["nginx"]["network_mode"] == "host"
    assert SERVICES["serving"]["ports"] == [f"{settings.backend}:8500"]
    assert f":{settings.port}/healthz" in gateway["healthcheck"]["test"][-1]
    assert seconds(gateway["stop_grace_period"]) >= settings.drain_s + CLOSING_S


def test_the_model_server_understands_its_flags() -> None:
    options, _ = command_line.parse(SERVICES["serving"]["command"])
    assert options.port == 8500
    [models] = SERVICES["serving"]["volumes"]
    assert models == "${MODELS:-../models}:/models:ro"
    assert options.model_base_path == "/models/digits"


def test_the_images_are_those_of_kubernetes() -> None:
    [serving] = (
        document["spec"]["template"]["spec"]["containers"][0]
        for document in load_file(KUBERNETES / "base" / "serving.yaml")
        if document["kind"] == "Deployment"
    )
    assert SERVICES["serving"]["image"] == serving["image"]
    assert SERVICES["serving"]["entrypoint"] == serving["command"]
    assert SERVICES["serving"]["command"] == serving["args"]


def test_nginx_has_its_file() -> None:
    build = SERVICES["gateway"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    sources = [volume.split(":")[0] for volume in SERVICES["nginx"]["volumes"]]
    assert (DEPLOY / sources[0]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_containers_have_no_rights_that_they_do_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
