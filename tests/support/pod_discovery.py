"""Replaces Prometheus' discovery of pods, which Debian's build lacks: targets in files with the same labels.

It replaces only the source of targets; the configuration still selects and relabels them. Source: the labels
of the roles `pod` and `endpoints` in Prometheus' documentation of `kubernetes_sd_config`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

META = "__meta_kubernetes_"

Json = dict[str, Any]


def label_name(name: str) -> str:
    """Prometheus' name of a Kubernetes label."""
    return re.sub(r"\W", "_", name)


def targets(pod: Json) -> list[Json]:
    """A target for each port of a pod that has an address (role `pod`)."""
    return [
        {
            "targets": [f"{pod['status']['podIP']}:{port['containerPort']}"],
            "labels": _pod_labels(pod, name, port),
        }
        for name, port in _ports(pod)
        if pod["status"].get("podIP")
    ]


def service_targets(service: Json, pods: Iterable[Json]) -> list[Json]:
    """A target for each named port of a Service and each pod behind it (role `endpoints`)."""
    metadata, spec = service["metadata"], service["spec"]
    selector = spec.get("selector") or {}
    result = []
    for pod in pods if selector else ():
        pod_labels = pod["metadata"].get("labels", {})
        is_local = pod["metadata"]["namespace"] == metadata["namespace"]
        if not is_local or not selector.items() <= pod_labels.items():
            continue
        for target in targets(pod):
            for port in spec["ports"]:
                if port["targetPort"] == target["labels"][f"{META}pod_container_port_name"]:
                    labels = _labels("service", metadata) | {f"{META}endpoint_port_name": port["name"]}
                    result.append({**target, "labels": target["labels"] | labels})
    return result


def _pod_labels(pod: Json, container: str, port: Json) -> dict[str, str]:
    return _labels("pod", pod["metadata"]) | {
        f"{META}pod_phase": pod["status"].get("phase", ""),
        f"{META}pod_container_name": container,
        f"{META}pod_container_port_name": port.get("name", ""),
    }


def _labels(kind: str, metadata: Json) -> dict[str, str]:
    labels = metadata.get("labels") or {}
    meta_labels = {f"{META}{kind}_label_{label_name(name)}": value for name, value in labels.items()}
    return meta_labels | {f"{META}namespace": metadata["namespace"], f"{META}{kind}_name": metadata["name"]}


def _ports(pod: Json) -> Iterator[tuple[str, Json]]:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or []:
            yield container.get("name", ""), port
