"""Installs CustomResourceDefinitions in a test cluster."""

import json
from typing import Any

from ocr_cluster.cluster import Cluster


def install_crd(cluster: Cluster, body: dict[str, Any]) -> None:
    """Creates or changes the CRD, whoever owns its fields; returns when its kind is served.

    `kubectl wait` fails for a CRD that was just created: it has no conditions yet.
    """
    name = body["metadata"]["name"]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", input=json.dumps(body))

    def is_established() -> bool:
        conditions = cluster.get("crd", name).get("status", {}).get("conditions") or []
        return any((each["type"], each["status"]) == ("Established", "True") for each in conditions)

    cluster.wait(is_established, f"{name} to be served")
