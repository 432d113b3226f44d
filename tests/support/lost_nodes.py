"""A fake node whose machine is lost: it no longer reports, and its pods do not end.

KWOK acts for a node only while it holds the node's Lease; so a Lease in another's name silences the node.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ocr_cluster.cluster import Cluster

_LEASES = "--namespace=kube-node-lease"
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
_DAY_SECONDS = 86_400
READY_SECONDS = 120
"""KWOK looks at the Leases of others from time to time."""


@contextmanager
def lost_node(cluster: Cluster, node: str) -> Iterator[None]:
    """The node is lost until the end of the context; then it is back."""
    _patch_lease(cluster, node, "nobody")
    try:
        yield
    finally:
        cluster.kubectl("taint", "node", node, f"{_OUT_OF_SERVICE}-")
        cluster.kubectl("delete", "lease", node, _LEASES)
        cluster.wait(lambda: not cluster.get("node", node)["spec"].get("taints"), f"{node}", READY_SECONDS)


def take_out_of_service(cluster: Cluster, node: str) -> None:
    """As an administrator does who knows that the machine is off: pods are deleted, volumes detached."""
    cluster.kubectl("taint", "node", node, _OUT_OF_SERVICE)


def _patch_lease(cluster: Cluster, node: str, holder: str) -> None:
    spec: dict[str, Any] = {
        "holderIdentity": holder,
        "leaseDurationSeconds": _DAY_SECONDS,
        "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    patch = json.dumps({"spec": spec})
    cluster.kubectl("patch", "lease", node, _LEASES, "--type=merge", f"--patch={patch}")
