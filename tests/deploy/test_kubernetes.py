"""The Kubernetes objects fit together, and to the gateway."""

from typing import Any

import pytest

from gateway.web.routes import ROUTES
from tests.deploy.files import DEPLOY, documents, values

FOLDER = DEPLOY / "kubernetes"
BASE = documents(FOLDER / "kustomization.yaml")[0]
OBJECTS = [document for name in BASE["resources"] for document in documents(FOLDER / name)]
SECRETS = {secret["metadata"]["name"]: secret["stringData"] for secret in documents(FOLDER / "secret.example.yaml")}


def _one(kind: str) -> Any:
    found = [document for document in OBJECTS if document["kind"] == kind]
    assert len(found) == 1, kind
    return found[0]


DEPLOYMENT = _one("Deployment")["spec"]
POD = DEPLOYMENT["template"]["spec"]
CONTAINER = POD["containers"][0]
LABELS = DEPLOYMENT["template"]["metadata"]["labels"]


def test_the_base_has_every_part() -> None:
    assert {document["kind"] for document in OBJECTS} == {
        *("Namespace", "ServiceAccount", "Deployment", "Service", "PodDisruptionBudget"),
        *("HorizontalPodAutoscaler", "NetworkPolicy", "ServiceMonitor"),
    }
    assert all((FOLDER / name).exists() for made in BASE["configMapGenerator"] for name in made["files"])


def test_every_selector_finds_the_pods() -> None:
    selectors = [
        DEPLOYMENT["selector"]["matchLabels"],
        _one("Service")["spec"]["selector"],
        _one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        _one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in POD["topologySpreadConstraints"]),
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= LABELS.items()


def test_the_monitor_finds_the_service_and_its_port() -> None:
    monitor, service = _one("ServiceMonitor")["spec"], _one("Service")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    endpoint = monitor["endpoints"][0]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert "GET" in ROUTES[endpoint["path"]]
    credentials = endpoint["authorization"]["credentials"]
    assert credentials["key"] in SECRETS[credentials["name"]]


def test_the_monitor_leaves_an_asset_the_name_of_its_instance() -> None:
    """`instance` of a series of an asset is its own name (report.asset_metrics), not the address of a pod."""
    assert all(endpoint["honorLabels"] is True for endpoint in _one("ServiceMonitor")["spec"]["endpoints"])
    for scraped in (DEPLOY / "prometheus" / "prometheus.yml", DEPLOY / "compose" / "prometheus.yml"):
        assert all(job["honor_labels"] is True for job in documents(scraped)[0]["scrape_configs"])


def test_ports_are_named_as_the_container_names_them() -> None:
    names = {port["name"] for port in CONTAINER["ports"]}
    assert {port["targetPort"] for port in _one("Service")["spec"]["ports"]} <= names
    assert {port["port"] for rule in _one("NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]} <= names
    assert set(values([CONTAINER[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")], "port")) <= names


@pytest.mark.parametrize("kind", ["startup", "liveness", "readiness"])
def test_probes_ask_for_routes_that_exist(kind: str) -> None:
    path = CONTAINER[f"{kind}Probe"]["httpGet"]["path"]
    assert path == ("/readyz" if kind == "readiness" else "/healthz")
    assert "GET" in ROUTES[path]


def test_the_pod_keeps_the_restricted_standard() -> None:
    assert _one("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["runAsUser"] > 0
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    security = CONTAINER["securityContext"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert POD["automountServiceAccountToken"] is False
    assert {"cpu", "memory"} <= set(CONTAINER["resources"]["requests"])


def test_some_replica_stays_while_others_are_moved() -> None:
    budget, scaler = _one("PodDisruptionBudget")["spec"], _one("HorizontalPodAutoscaler")["spec"]
    assert 0 < budget["minAvailable"] < DEPLOYMENT["replicas"]
    assert DEPLOYMENT["replicas"] == scaler["minReplicas"] < scaler["maxReplicas"]
    assert scaler["scaleTargetRef"]["name"] == _one("Deployment")["metadata"]["name"]
    assert DEPLOYMENT["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_there_is_time_to_drain() -> None:
    asleep = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] > asleep + 20


def test_every_mount_has_its_volume_and_no_file_is_mounted_alone() -> None:
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == set(volumes)
    assert list(values(CONTAINER["volumeMounts"], "subPath")) == []
    assert volumes["config"]["configMap"]["name"] in {made["name"] for made in BASE["configMapGenerator"]}
    assert volumes["passwords"]["secret"]["secretName"] in SECRETS
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert CONTAINER["env"] == [{"name": "CREDENTIALS_DIRECTORY", "value": mounts["passwords"]}]
    assert CONTAINER["args"][-1] == f"{mounts['config']}/gateway.toml"
