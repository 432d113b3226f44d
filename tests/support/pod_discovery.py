"""Stands for Prometheus' own discovery of pods, which Debian's build leaves out: the same labels, for files.

Only where targets come from is replaced; which are kept, and what they are called, is the configuration's.
"""

import re
from typing import Any

_META = "__meta_kubernetes_"


def targets(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """A target for each port of a pod that has an address, labelled as by `kubernetes_sd_configs`."""
    metadata, address = pod["metadata"], pod["status"].get("podIP")
    labels = {f"{_META}pod_label_{_plain(name)}": value for name, value in metadata["labels"].items()}
    labels |= {f"{_META}namespace": metadata["namespace"], f"{_META}pod_name": metadata["name"]}
    return [
        {
            "targets": [f"{address}:{port['containerPort']}"],
            "labels": labels | {f"{_META}pod_container_port_name": port.get("name", "")},
        }
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
        if address
    ]


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)
