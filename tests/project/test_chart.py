"""The Helm chart: what Helm makes of it is valid, and fits what the programs are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from api.server import gunicorn_conf
from api.services import make_services
from api.status.metrics import Metrics
from api.status.readiness import Readiness
from shared.running import health
from shared.settings import Settings
from tests.project.test_compose import ROOT, services
from worker import processes

Manifest = dict[str, Any]
OLDEST, NEWEST = "1.25", "1.37"  # that Chart.yaml admits, that the schemas know
STORE = {"blobs": {"url": "s3://documents/docchu", "secret": "docchu-s3"}}
CLAIM = {"blobs": {"claim": "documents"}}
FULL = {
    **STORE,
    "image": {"registry": "registry.example.vn/ocr/", "tag": "1", "pullSecrets": ["registry"]},
    "models": {"claim": "models"},
    "templates": {"configMap": "templates"},
    "serviceAccountName": "docchu",
    "settings": {"DOCCHU_LOG_LEVEL": "debug", "DOCCHU_API_THREADS": 8},
    "scaling": {"enabled": True},
    "workers": {"gpu": {"runtimeClassName": "nvidia", "nodeSelector": {"gpu": "yes"}}},
    "networkPolicy": {
        "clients": [{"namespaceSelector": {"matchLabels": {"team": "web"}}}],
        "prometheus": [{"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}],
    },
}
NOWHERE: Manifest = {}


@pytest.fixture(scope="module")
def helm() -> Manifest:
    """What Helm says of the chart and makes of each of the values."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.project.rendering"],
        input=json.dumps([STORE, CLAIM, FULL, NOWHERE]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: Manifest = json.loads(done.stdout)
    return found


def manifests(helm: Manifest, number: int) -> Iterator[Manifest]:
    for name, text in helm["rendered"][number].items():
        if name.endswith(".yaml"):
            yield from (one for one in yaml.safe_load_all(text) if one)


def of_kind(helm: Manifest, number: int, kind: str) -> dict[str, Manifest]:
    found = (one for one in manifests(helm, number) if one["kind"] == kind)
    return {one["metadata"]["name"]: one for one in found}


def containers(helm: Manifest, number: int) -> Iterator[tuple[Manifest, Manifest]]:
    for one in of_kind(helm, number, "Deployment").values():
        pod = one["spec"]["template"]["spec"]
        yield pod, pod["containers"][0]


def test_helm_has_nothing_to_say_against_it(helm: Manifest) -> None:
    assert helm["lint"]["errors"] == []
    assert [one for one in helm["lint"]["messages"] if one["severity"] > 1] == []


@pytest.mark.parametrize(("version", "number"), [(OLDEST, 2), (NEWEST, 2), (NEWEST, 1)])
def test_kubernetes_takes_what_is_rendered(helm: Manifest, number: int, version: str) -> None:
    checked = [one for one in manifests(helm, number) if one["apiVersion"] != "keda.sh/v1alpha1"]
    assert len(checked) == 1 + 1 + 4 + 4 + 4  # settings, service, deployments, budgets, policies
    for one in checked:
        kubernetes_validate.validate(one, version, strict=True)


def test_documents_need_a_place(helm: Manifest) -> None:
    assert "blobs.url" in helm["rendered"][3] and "blobs.claim" in helm["rendered"][3]


def test_its_settings_are_settings(helm: Manifest) -> None:
    (settings,) = of_kind(helm, 2, "ConfigMap").values()
    names = {name for name in settings["data"] if name != "HOME"}
    for pod, container in containers(helm, 2):
        names |= {one["name"] for one in container["env"]}
        assert not pod["enableServiceLinks"], "a service's address would look like a setting"
    assert {one.removeprefix("DOCCHU_").lower() for one in names} <= set(Settings.model_fields)
    assert {"DOCCHU_LOG_LEVEL", "DOCCHU_MODELS_DIR", "DOCCHU_TEMPLATES_DIR"} <= names


def test_its_images_are_those_of_the_compose_file(helm: Manifest) -> None:
    built = {one["image"] for one in services("docker-compose.yml").values() if "build" in one}
    found = {one["image"] for _, one in containers(helm, 2)}
    assert found == {f"registry.example.vn/ocr/{name}:1" for name in built}


def test_no_container_has_more_rights_than_it_needs(helm: Manifest) -> None:
    for pod, container in containers(helm, 0):
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        written = {one["mountPath"] for one in container["volumeMounts"]}
        assert written == {"/tmp", "/data"}


def test_what_is_told_to_go_has_the_time_that_it_takes(helm: Manifest) -> None:
    for pod, container in containers(helm, 0):
        needed = processes._STOP_S
        if container["name"] == "api":
            pause = container["lifecycle"]["preStop"]["exec"]["command"]
            needed = int(pause[1]) + gunicorn_conf.graceful_timeout
        assert pod["terminationGracePeriodSeconds"] > needed


def test_every_check_is_one_that_the_programs_have(helm: Manifest) -> None:
    names = set()
    for _, container in containers(helm, 0):
        for probe in ("readinessProbe", "livenessProbe"):
            if "exec" in container.get(probe, {}):
                *_, module, name = container[probe]["exec"]["command"]
                assert module == health.__name__
                names.add(name)
    assert names == {"worker", "keeper"} <= set(health._CHECKS)


@pytest.mark.parametrize(
    ("kind", "selector"), [("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")]
)
def test_each_pod_has_one_of_its_own(helm: Manifest, kind: str, selector: str) -> None:
    pods = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in of_kind(helm, 0, "Deployment").values()
    ]
    for one in of_kind(helm, 0, kind).values():
        wanted = one["spec"][selector]["matchLabels"].items()
        (found,) = [labels for labels in pods if wanted <= labels.items()]
        pods.remove(found)
    assert pods == []


def test_only_the_api_is_spoken_to_and_figures_are_for_prometheus(helm: Manifest) -> None:
    for name, one in of_kind(helm, 0, "NetworkPolicy").items():
        assert bool(one["spec"]["ingress"]) == name.endswith("-api")
    allowed = FULL["networkPolicy"]
    for name, one in of_kind(helm, 2, "NetworkPolicy").items():
        (rule,) = one["spec"]["ingress"]
        who, port = ("clients", "http") if name.endswith("-api") else ("prometheus", "metrics")
        assert rule == {"ports": [{"port": port}], "from": allowed[who]}  # type: ignore[index]


def test_figures_are_at_the_ports_that_are_told(helm: Manifest) -> None:
    (settings,) = of_kind(helm, 0, "ConfigMap").values()
    port = int(settings["data"]["DOCCHU_METRICS_BIND"].partition(":")[2])
    found = {one["name"]: one["ports"] for _, one in containers(helm, 0)}
    assert found["worker"] == [{"name": "metrics", "containerPort": port}]
    assert found["keeper"] == [{"name": "metrics", "containerPort": port + 1}]


def test_pools_follow_the_waiting_pages_and_the_gpus_come_from_nothing(
    helm: Manifest, valkey_settings: Settings
) -> None:
    parts = make_services(valkey_settings)
    told = Metrics(parts, Readiness(parts)).text().decode()
    scaled = of_kind(helm, 2, "ScaledObject")
    deployments = of_kind(helm, 2, "Deployment")
    for name, one in scaled.items():
        assert one["spec"]["scaleTargetRef"]["name"] == name
        assert "replicas" not in deployments[name]["spec"], "an upgrade would set it back"
        (trigger,) = one["spec"]["triggers"]
        metric = trigger["metadata"]["query"].removeprefix("max(").removesuffix(")")
        assert f"\n{metric} " in told
    least = {name: one["spec"]["minReplicaCount"] for name, one in scaled.items()}
    assert least == {"docchu-worker-cpu": 1, "docchu-worker-gpu": 0}
    assert "ScaledObject" not in {one["kind"] for one in manifests(helm, 0)}


def test_a_gpu_goes_to_the_pool_that_reads_on_it(helm: Manifest) -> None:
    found = {}
    for _, container in containers(helm, 0):
        device = [one["value"] for one in container["env"] if one["name"] == "DOCCHU_DEVICE"]
        found[(*device, container["name"])] = "nvidia.com/gpu" in container["resources"]["limits"]
    worker = {("cpu", "worker"): False, ("cuda", "worker"): True}
    assert found == worker | {("api",): False, ("keeper",): False}
