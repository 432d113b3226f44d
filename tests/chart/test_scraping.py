"""A real Prometheus finds the same pods, named alike, by the chart's monitors and by the manual's file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import prometheus_operator
from ocr_cluster import waiting
from ocr_operator.api.names import variant_labels
from prometheus_process import running_prometheus

pytestmark = [pytest.mark.helm, pytest.mark.prometheus]

CONFIGURATION = Path(__file__).parents[2] / "docs" / "examples" / "prometheus.yml"

Render = Callable[..., list[dict[str, Any]]]
Json = dict[str, Any]
ONLY_BY_MONITORS = {"container", "endpoint", "service"}
"""Labels that the Prometheus operator adds, and nothing here relies on."""


def pod(name: str, address: str, template: Json) -> Json:
    """A pod that runs in the namespace of the release."""
    metadata = {"name": name, "namespace": "labs", "labels": template["metadata"]["labels"]}
    status = {"podIP": address, "phase": "Running"}
    return {"kind": "Pod", "metadata": metadata, "status": status, "spec": template["spec"]}


def backend(name: str, address: str, **labels: str) -> Json:
    """A pod of a variant, or with other labels one of somebody else."""
    ports = [{"name": "http", "containerPort": 9090}, {"name": "other", "containerPort": 9091}]
    spec = {"containers": [{"name": "backend", "ports": ports}]}
    found = variant_labels("ocr", "ch", "mobile") | labels
    return pod(name, address, {"metadata": {"labels": found}, "spec": spec})


def targets(folder: Path, objects: list[Json], config: Json) -> set[frozenset[tuple[str, str]]]:
    """The labels of each target, without those that only monitors give."""
    for name, found in prometheus_operator.found_targets(objects).items():
        (folder / name).write_text(json.dumps(found), "utf-8")
    (folder / "prometheus.yml").write_text(json.dumps(config), "utf-8")
    (folder / "alerts.yaml").write_text("groups: []", "utf-8")
    with running_prometheus(folder, folder / "prometheus.yml") as prometheus:
        waiting.until(lambda: len(prometheus.targets()) > 1, "the targets to be found", 60)
        return {
            frozenset((name, value) for name, value in labels.items() if name not in ONLY_BY_MONITORS)
            for labels in prometheus.targets()
        }


def by_file(folder: Path) -> Json:
    """The manual's configuration with the discovery that this Prometheus has."""
    config: Json = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    for job in config["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
        job["file_sd_configs"] = [{"files": [str(folder / prometheus_operator.PODS)]}]
    return config


def test_monitors_and_the_manuals_file_choose_the_same_pods_and_name_them_alike(
    render: Render, tmp_path: Path
) -> None:
    enabled = {"metrics.serviceMonitor.enabled": True, "metrics.podMonitor.enabled": True}
    objects = render(**enabled)
    [deployment] = [one for one in objects if one["kind"] == "Deployment"]
    objects += [
        pod("operator-1", "10.0.0.1", deployment["spec"]["template"]),
        backend("ocr-1", "10.0.0.2"),
        backend("mine", "10.0.0.3", **{"app.kubernetes.io/managed-by": "me"}),
    ]
    monitors = prometheus_operator.configuration(objects, tmp_path, tmp_path / "alerts.yaml", "30s")
    found = targets(tmp_path, objects, monitors)
    assert found == targets(tmp_path, objects, by_file(tmp_path))
    variant = {"ocrbackend": "ocr", "language": "ch", "model_type": "mobile"}
    of_backend = {"job": "ocr-backend", "namespace": "labs", "pod": "ocr-1", **variant}
    of_operator = {"job": "ocr-backend-operator", "namespace": "labs", "pod": "operator-1"}
    assert found == {
        frozenset((of_backend | {"instance": "10.0.0.2:9090"}).items()),
        frozenset((of_operator | {"instance": "10.0.0.1:8081"}).items()),
    }
