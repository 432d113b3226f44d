"""The chart's monitors and the example config give a real Prometheus the same targets and labels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import prometheus_operator
from ocr_cluster import waiting
from ocr_operator.api.names import LANGUAGE_LABEL, MODEL_TYPE_LABEL, variant_labels
from prometheus_process import running_prometheus

pytestmark = [pytest.mark.helm, pytest.mark.prometheus]

CONFIGURATION = Path(__file__).parents[2] / "docs" / "examples" / "prometheus.yml"

Render = Callable[..., list[dict[str, Any]]]
Json = dict[str, Any]
MONITOR_LABELS = {"container", "endpoint", "service"}
"""Labels that the Prometheus operator adds and that nothing relies on."""


def pod(name: str, address: str, template: Json) -> Json:
    """A running pod in the namespace of the release."""
    metadata = {"name": name, "namespace": "labs", "labels": template["metadata"]["labels"]}
    status = {"podIP": address, "phase": "Running"}
    return {"kind": "Pod", "metadata": metadata, "status": status, "spec": template["spec"]}


def backend(name: str, address: str, **labels: str) -> Json:
    """A pod of a variant; `labels` override its labels."""
    ports = [{"name": "http", "containerPort": 9090}, {"name": "other", "containerPort": 9091}]
    spec = {"containers": [{"name": "backend", "ports": ports}]}
    models = {LANGUAGE_LABEL: "ch", MODEL_TYPE_LABEL: "mobile"}
    pod_labels = variant_labels("ocr", "chinese") | models | labels
    return pod(name, address, {"metadata": {"labels": pod_labels}, "spec": spec})


def targets(folder: Path, objects: list[Json], config: Json) -> set[frozenset[tuple[str, str]]]:
    """The labels of each target, without those that only monitors add."""
    for name, groups in prometheus_operator.discovered_targets(objects).items():
        (folder / name).write_text(json.dumps(groups), "utf-8")
    (folder / "prometheus.yml").write_text(json.dumps(config), "utf-8")
    (folder / "alerts.yaml").write_text("groups: []", "utf-8")
    with running_prometheus(folder, folder / "prometheus.yml") as prometheus:
        waiting.until(lambda: len(prometheus.targets()) > 1, "the targets to be found", 60)
        return {
            frozenset((name, value) for name, value in labels.items() if name not in MONITOR_LABELS)
            for labels in prometheus.targets()
        }


def example_config(folder: Path) -> Json:
    """The example config with file discovery instead of Kubernetes discovery."""
    config: Json = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    for job in config["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
        job["file_sd_configs"] = [{"files": [str(folder / prometheus_operator.PODS)]}]
    return config


def test_the_monitors_and_the_example_config_find_the_same_targets(render: Render, tmp_path: Path) -> None:
    enabled = {"metrics.serviceMonitor.enabled": True, "metrics.podMonitor.enabled": True}
    objects = render(**enabled)
    [deployment] = [body for body in objects if body["kind"] == "Deployment"]
    objects += [
        pod("operator-1", "10.0.0.1", deployment["spec"]["template"]),
        backend("ocr-1", "10.0.0.2"),
        backend("mine", "10.0.0.3", **{"app.kubernetes.io/managed-by": "me"}),
    ]
    monitors = prometheus_operator.configuration(objects, tmp_path, tmp_path / "alerts.yaml", "30s")
    labels = targets(tmp_path, objects, monitors)
    assert labels == targets(tmp_path, objects, example_config(tmp_path))
    variant = {"ocrbackend": "ocr", "variant": "chinese", "language": "ch", "model_type": "mobile"}
    of_backend = {"job": "ocr-backend", "namespace": "labs", "pod": "ocr-1", **variant}
    of_operator = {"job": "ocr-backend-operator", "namespace": "labs", "pod": "operator-1"}
    assert labels == {
        frozenset((of_backend | {"instance": "10.0.0.2:9090"}).items()),
        frozenset((of_operator | {"instance": "10.0.0.1:8081"}).items()),
    }
