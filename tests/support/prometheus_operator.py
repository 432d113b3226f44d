"""Replaces the Prometheus operator: makes Prometheus' files from the monitors, rules and pods of a cluster.

Pure. Each monitor becomes a job as in the real operator: selectors, default labels, then the monitor's
relabelings. Source: the configurations that prometheus-operator 0.75 writes. `pod_discovery` provides the
targets; the test sets the scrape interval.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pod_discovery import META, label_name, service_targets, targets

Json = dict[str, Any]

PODS, SERVICES = "pods.json", "services.json"
_TARGET_FILES = {"PodMonitor": PODS, "ServiceMonitor": SERVICES}
_SNAKE = {"sourceLabels": "source_labels", "targetLabel": "target_label"}


def configuration(objects: Iterable[Json], folder: Path, rules: Path, interval: str) -> Json:
    """Prometheus' configuration, for the objects of a cluster and targets in files of the folder."""
    jobs = [
        _job(monitor, endpoint, number, folder)
        for monitor in objects
        if monitor["kind"] in _TARGET_FILES
        for number, endpoint in enumerate(_endpoints(monitor))
    ]
    return {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": [str(rules)],
        "scrape_configs": jobs,
    }


def discovered_targets(objects: Iterable[Json]) -> dict[str, list[Json]]:
    """The targets of each file of targets, by its name."""
    bodies = list(objects)
    pods = [body for body in bodies if body["kind"] == "Pod"]
    services = [body for body in bodies if body["kind"] == "Service"]
    return {
        PODS: [target for pod in pods for target in targets(pod)],
        SERVICES: [target for service in services for target in service_targets(service, pods)],
    }


def groups(objects: Iterable[Json]) -> Json:
    """The content of the rules file."""
    return {
        "groups": [
            group for body in objects if body["kind"] == "PrometheusRule" for group in body["spec"]["groups"]
        ]
    }


def _endpoints(monitor: Json) -> list[Json]:
    spec = monitor["spec"]
    return list(spec["podMetricsEndpoints"] if monitor["kind"] == "PodMonitor" else spec["endpoints"])


def _job(monitor: Json, endpoint: Json, number: int, folder: Path) -> Json:
    metadata, kind = monitor["metadata"], monitor["kind"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    return {
        "job_name": f"{kind}/{name}/{number}",
        "honor_labels": endpoint.get("honorLabels", False),
        "metrics_path": endpoint.get("path", "/metrics"),
        "file_sd_configs": [{"files": [str(folder / _TARGET_FILES[kind])]}],
        "relabel_configs": [
            *_selection(monitor, endpoint),
            *(_default_labels(name) if kind == "PodMonitor" else _default_labels_of_services()),
            {"target_label": "endpoint", "replacement": endpoint["port"]},
            *(_snake(relabeling) for relabeling in endpoint.get("relabelings") or []),
        ],
    }


def _selection(monitor: Json, endpoint: Json) -> list[Json]:
    """Relabelings that drop the targets that the monitor does not select."""
    spec, is_pods = monitor["spec"], monitor["kind"] == "PodMonitor"
    namespaces = spec.get("namespaceSelector") or {}
    kind, port = ("pod", "pod_container_port_name") if is_pods else ("service", "endpoint_port_name")
    selectors = [
        _keep(f"{kind}_label_{label_name(name)}", [value])
        for name, value in spec["selector"]["matchLabels"].items()
    ]
    if not namespaces.get("any"):
        names = namespaces.get("matchNames") or [monitor["metadata"]["namespace"]]
        selectors.append(_keep("namespace", names))
    ended = {"source_labels": [f"{META}pod_phase"], "regex": "(Failed|Succeeded)", "action": "drop"}
    return [ended, *selectors, _keep(port, [endpoint["port"]])]


def _keep(label: str, values: Iterable[str]) -> Json:
    return {
        "source_labels": [f"{META}{label}"],
        "regex": "|".join(map(re.escape, values)),
        "action": "keep",
    }


def _default_labels(job: str) -> list[Json]:
    return [
        _label("namespace", "namespace"),
        _label("pod_container_name", "container"),
        _label("pod_name", "pod"),
        {"target_label": "job", "replacement": job},
    ]


def _default_labels_of_services() -> list[Json]:
    return [
        _label("namespace", "namespace"),
        _label("service_name", "service"),
        _label("pod_name", "pod"),
        _label("pod_container_name", "container"),
        _label("service_name", "job"),
    ]


def _label(source: str, target: str) -> Json:
    return {"source_labels": [f"{META}{source}"], "target_label": target}


def _snake(relabeling: Mapping[str, Any]) -> Json:
    return {_SNAKE.get(name, name): value for name, value in relabeling.items()}
