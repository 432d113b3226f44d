"""CustomResourceDefinitions in a test cluster: there once they are served."""

import json
from typing import Any

from ocr_cluster.cluster import Cluster


def install_crd(cluster: Cluster, body: dict[str, Any]) -> None:
    """Makes or changes the CRD, whoever made it; returns once its kind is served.

    `kubectl wait` fails on one that was made just now: it has no conditions yet.
    """
    name = body["metadata"]["name"]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", input=json.dumps(body))

    def is_established() -> bool:
        conditions = cluster.get("crd", name).get("status", {}).get("conditions") or []
        return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)

    cluster.wait(is_established, f"{name} to be served")
