"""The manifests: valid, in step with each other and with the gateway, and confined."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from modelserver.options import command_line
from server.backend.resolution import LOOKUP_INTERVAL_S
from server.settings import Settings, load
from tests.deploy.manifests import (
    DEPLOY,
    KUBERNETES,
    ROOT,
    VERSION,
    Document,
    documents,
    load_file,
)

BASE = KUBERNETES / "base"
COMPONENTS = sorted(path.name for path in (KUBERNETES / "components").iterdir())
# Of other projects: their schemas are not among those of Kubernetes.
CUSTOM = {"ScaledObject", "ServiceMonitor"}
CLOSING_S = 5
# CoreDNS keeps answers so long unless it is configured differently.
DNS_CACHE_S = 30


def resources(folder: Path) -> list[Document]:
    """The complete documents that a kustomization lists."""
    [kustomization] = load_file(folder / "kustomization.yaml")
    files = [folder / name for name in kustomization.get("resources", [])]
    return [document for path in files if path.is_file() for document in load_file(path)]


@cache
def everything() -> dict[tuple[str, str], Document]:
    """The documents of the base and of all components, by kind and name."""
    folders = [BASE, KUBERNETES / "example", *(KUBERNETES / "components" / n for n in COMPONENTS)]
    found = [document for folder in folders for document in resources(folder)]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def pod(deployment: str) -> Document:
    spec: Document = everything()["Deployment", deployment]["spec"]["template"]["spec"]
    return spec


def container(deployment: str) -> Document:
    [only] = pod(deployment)["containers"]
    result: Document = only
    return result


def patch(component: str, file: str) -> Document:
    """The container of a patch of the gateway's Deployment."""
    [document] = load_file(KUBERNETES / "components" / component / file)
    [only] = document["spec"]["template"]["spec"]["containers"]
    result: Document = only
    return result


def service_links() -> dict[str, str]:
    """What Kubernetes would set for the Services with an address."""
    links = {}
    for (kind, name), document in everything().items():
        if kind == "Service" and document["spec"].get("clusterIP") != "None":
            prefix, port = name.upper().replace("-", "_"), document["spec"]["ports"][0]["port"]
            links |= {
                f"{prefix}_SERVICE_HOST": "10.96.7.1",
                f"{prefix}_SERVICE_PORT": str(port),
                f"{prefix}_PORT": f"tcp://10.96.7.1:{port}",
                f"{prefix}_PORT_{port}_TCP": f"tcp://10.96.7.1:{port}",
                f"{prefix}_PORT_{port}_TCP_PROTO": "tcp",
            }
    return links


@cache
def settings() -> Settings:
    """What the gateways run with: their file, the components' variables and Kubernetes' own."""
    command, config = container("gateway")["args"]
    assert (command, config) == ("serve", "--config=/etc/framewire/gateway.toml")
    rows = [
        *patch("tokens", "token-keys.yaml")["env"],
        *patch("ingress-nginx", "trusted-proxies.yaml")["env"],
    ]
    environment = {row["name"]: row["value"] for row in rows}
    assert "FRAMEWIRE_PORT" in service_links()
    return load([f"--config={BASE / 'gateway.toml'}"], environment | service_links())


# Valid


def check(document: Document) -> None:
    """Compare a document with the schema that Kubernetes publishes for its kind."""
    if document["kind"] not in CUSTOM:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_every_resource_is_valid() -> None:
    kinds = {kind for kind, _ in everything()}
    assert kinds > {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "Ingress"}
    for document in everything().values():
        check(document)


def test_what_would_be_invalid() -> None:
    wrong = {**everything()["Service", "framewire"], "spec": {"port": 80}}
    with pytest.raises(kubernetes_validate.ValidationError):
        check(wrong)


def rendered(folder: Path) -> list[Document]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    command = [kubectl, "kustomize", str(folder)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return documents(shown.stdout)


def test_kustomize_puts_everything_together() -> None:
    found = rendered(KUBERNETES / "example")
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in found}
    for document in found:
        check(document)
        assert document["kind"] == "Namespace" or document["metadata"]["namespace"] == "framewire"
    assert ("HorizontalPodAutoscaler", "serving") not in by_name
    assert {kind for kind, _ in by_name} == {kind for kind, _ in everything()} | {"ConfigMap"}
    spec = by_name["Deployment", "gateway"]["spec"]
    assert "replicas" not in spec
    [gateway] = spec["template"]["spec"]["containers"]
    assert gateway["image"] == f"registry.example/framewire-gateway:{VERSION}"
    assert {row["name"] for row in gateway["env"]} == {
        "FRAMEWIRE_TOKEN_KEYS",
        "FRAMEWIRE_TRUSTED_PROXIES",
        "FRAMEWIRE_ALLOWED_HOSTS",
    }
    [rule] = by_name["NetworkPolicy", "gateway-clients"]["spec"]["ingress"]
    assert rule["from"]


def test_the_pages_patches_reach_everything_that_they_name(tmp_path: Path) -> None:
    """docs/deploy.md, added to a copy of the example as the page says."""
    copy = tmp_path / "kubernetes"
    shutil.copytree(KUBERNETES, copy)
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    [patches] = re.findall(r"^```yaml\n(patches:.*?)^```", page, re.MULTILINE | re.DOTALL)
    with (copy / "example" / "kustomization.yaml").open("a", encoding="utf-8") as file:
        file.write(patches)
    found = rendered(copy / "example")
    for document in found:
        check(document)
    text = repr(found)
    assert "cameras.example" not in text
    assert "cameras-example" not in text
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in found}
    assert by_name["PersistentVolumeClaim", "models"]["spec"]["storageClassName"] == "nfs"
    [serving] = by_name["Deployment", "serving"]["spec"]["template"]["spec"]["containers"]
    flags = [flag for flag in serving["args"] if flag.startswith("--model_")]
    assert flags == ["--model_name=flowers", "--model_base_path=/models/flowers"]
    [gateway] = by_name["Deployment", "gateway"]["spec"]["template"]["spec"]["containers"]
    settings_of = {row["name"]: row["value"] for row in gateway["env"]}
    assert load([], settings_of).model == "flowers"
    assert len(settings_of) == 4


@pytest.mark.parametrize("component", COMPONENTS)
def test_components_can_be_used_one_by_one(component: str, tmp_path: Path) -> None:
    used = ["autoscaling", component] if component == "keda" else [component]
    folder = os.path.relpath(KUBERNETES, tmp_path.resolve())
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"{folder}/base"],
        "components": [f"{folder}/components/{name}" for name in used],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    for document in rendered(tmp_path):
        check(document)


# In step with the gateway and the model server


def test_gateways_listen_where_they_are_expected() -> None:
    [port] = container("gateway")["ports"]
    assert (port["name"], port["containerPort"]) == ("http", settings().port)
    assert settings().host == "0.0.0.0"
    assert everything()["Service", "framewire"]["spec"]["ports"][0]["targetPort"] == "http"


def test_gateways_find_the_model_servers() -> None:
    service = everything()["Service", "serving-headless"]
    [port] = service["spec"]["ports"]
    assert service["spec"]["clusterIP"] == "None"
    assert settings().backend == f"dns:///serving-headless:{port['port']}"
    [listening] = container("serving")["ports"]
    assert (listening["name"], listening["containerPort"]) == (port["targetPort"], port["port"])


def test_the_model_server_understands_its_flags() -> None:
    options, _ = command_line.parse(container("serving")["args"])
    [port] = container("serving")["ports"]
    assert options.port == port["containerPort"]
    assert options.model_name == settings().model
    mounts = [mount["mountPath"] for mount in container("serving")["volumeMounts"]]
    assert any(options.model_base_path.startswith(f"{mount}/") for mount in mounts)
    # Its probes ask this service.
    assert options.enable_grpc_healthcheck_service
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container("serving")[probe]["grpc"]["port"] == options.port


def test_probes_and_monitors_ask_addresses_that_exist() -> None:
    paths = [
        *(container("gateway")[f"{probe}Probe"]["httpGet"]["path"] for probe in PROBES),
        *(one["path"] for one in everything()["ServiceMonitor", "gateway"]["spec"]["endpoints"]),
    ]
    assert paths == ["/readyz", "/healthz", "/metrics"]
    assert set(paths) <= addresses()


PROBES = ("readiness", "liveness")


def addresses() -> set[str]:
    """The gateway's addresses, without what varies in them."""
    text = (ROOT / "server" / "app.py").read_text(encoding="utf-8")
    return {re.sub(r"/?\(.*", "", path) or "/" for path in re.findall(r'\(r"(/[^"]*)",', text)}


def test_a_gateway_has_time_to_drain() -> None:
    before = container("gateway")["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = pod("gateway")["terminationGracePeriodSeconds"]
    assert grace >= before + settings().drain_s + CLOSING_S


def test_a_model_server_outlives_the_names_that_lead_to_it() -> None:
    before = container("serving")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert before >= DNS_CACHE_S + LOOKUP_INTERVAL_S
    assert pod("serving")["terminationGracePeriodSeconds"] >= before + CLOSING_S


def test_what_is_asked_of_prometheus_exists() -> None:
    triggers = everything()["ScaledObject", "serving"]["spec"]["triggers"]
    queries = [one["metadata"]["query"] for one in triggers if one["type"] == "prometheus"]
    asked = set(re.findall(r"framewire_\w+", " ".join(queries)))
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert names == {
        "framewire_batch_size",
        "framewire_frames_waiting",
        "framewire_queue_seconds",
    }
    table = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in names:
        assert f"| `{name}` |" in table


def test_the_images_are_those_of_this_version() -> None:
    [kustomization] = load_file(BASE / "kustomization.yaml")
    [image] = kustomization["images"]
    assert image == {"name": container("gateway")["image"], "newTag": VERSION}
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert set(re.findall(r"framewire-gateway:([\d.]+)", page)) == {VERSION}


# The Ingress says what deploy/nginx.conf says


def annotation(name: str) -> str:
    text: str = everything()["Ingress", "framewire"]["metadata"]["annotations"][
        f"nginx.ingress.kubernetes.io/{name}"
    ]
    return text


@pytest.mark.parametrize(
    ("name", "directive"),
    [
        ("proxy-read-timeout", r"proxy_read_timeout (\d+)s;"),
        ("proxy-send-timeout", r"proxy_send_timeout (\d+)s;"),
        ("proxy-body-size", r"client_max_body_size (\w+);"),
        ("proxy-buffering", r"proxy_buffering +(\w+);"),
        ("limit-connections", r"limit_conn framewire_addresses (\d+);"),
    ],
)
def test_the_ingress_is_set_up_like_nginx(name: str, directive: str) -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert re.findall(directive, text) == [annotation(name)]


def test_the_ingress_leads_to_all_addresses_but_those_of_operators() -> None:
    [rule] = everything()["Ingress", "framewire"]["spec"]["rules"]
    paths = {row["path"] for row in rule["http"]["paths"]}
    served = {f"/{path.split('/')[1]}" for path in addresses()}
    assert served - paths == {"/admin", "/metrics", "/readyz"}
    assert {row["backend"]["service"]["name"] for row in rule["http"]["paths"]} == {"framewire"}
    assert settings().allowed_hosts == rule["host"]


# Confined


@pytest.mark.parametrize("deployment", ["gateway", "serving"])
def test_pods_have_no_rights_that_they_do_not_need(deployment: str) -> None:
    spec, only = pod(deployment), container(deployment)
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} == set(only["resources"])
    writable = [m["name"] for m in only["volumeMounts"] if not m.get("readOnly")]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert all("sizeLimit" in volumes[name]["emptyDir"] for name in writable)


def selectors(value: Any, key: str = "") -> list[dict[str, str]]:
    """All selectors by labels in a document, wherever they are."""
    if isinstance(value, list):
        return [one for item in value for one in selectors(item)]
    if not isinstance(value, dict):
        return []
    if "matchLabels" in value:
        return [value["matchLabels"]]
    if key == "selector":  # of a Service
        return [value]
    return [one for name, item in value.items() for one in selectors(item, name)]


def test_selectors_select() -> None:
    pods = {
        name: document["spec"]["template"]["metadata"]["labels"]
        for (kind, name), document in everything().items()
        if kind == "Deployment"
    }
    for (kind, name), document in everything().items():
        for labels in selectors(document.get("spec", {})):
            if "kubernetes.io/metadata.name" in labels:  # of a namespace
                continue
            selected = [one for one, own in pods.items() if labels.items() <= own.items()]
            assert len(selected) == 1, f"{kind} {name}: {labels}"
            if kind in ("Deployment", "PodDisruptionBudget"):
                assert selected == [name]


def test_model_servers_are_reached_by_gateways_alone() -> None:
    policy = everything()["NetworkPolicy", "serving"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy
    [rule] = policy["ingress"]
    [sender] = rule["from"]
    assert sender["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "gateway"


def test_gateways_reach_names_also_through_a_cache_on_their_node() -> None:
    """It is in the node's network, so it has no namespace that a selector could name."""
    rules = everything()["NetworkPolicy", "gateway"]["spec"]["egress"]
    [dns] = [rule for rule in rules if rule["ports"][0]["port"] == 53]
    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in dns["to"]
    assert {row["protocol"] for row in dns["ports"]} == {"UDP", "TCP"}
