"""With the chart's admission policy, an operator of all namespaces can change only its own objects."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from operator_process import Operator, running_operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any

CHART = Path(__file__).parents[3] / "chart"


@pytest.fixture
def restricted_operator(light_cluster: Cluster, crd_installed: None, tmp_path: Path) -> Iterator[Operator]:
    """An operator of all namespaces, with the policy."""
    namespace = f"operator-{uuid.uuid4().hex[:8]}"
    light_cluster.kubectl("create", "namespace", namespace)
    enabled = ("operator.watch.allNamespaces", "operator.rbac.admissionPolicy")
    values = ("crds.install=false", "defaultBackend.enabled=false", *(f"{name}=true" for name in enabled))
    sets = [word for value in values for word in ("--set", value)]
    light_cluster.helm("install", "ocr", str(CHART), "--namespace", namespace, *sets)
    with running_operator(light_cluster, namespace, tmp_path) as running:
        yield running
    light_cluster.helm("uninstall", "ocr", "--namespace", namespace)
    light_cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def test_objects_of_others_are_out_of_reach(release: Release, restricted_operator: Operator) -> None:
    account = f"--as={restricted_operator.account}"
    release.kubectl("create", "service", "clusterip", "foreign", "--tcp=80")
    label = json.dumps({"metadata": {"labels": {"app.kubernetes.io/managed-by": "ocr-operator"}}})
    for arguments in (
        ("patch", "service", "foreign", f"--patch={label}"),
        ("delete", "service", "foreign"),
        ("create", "service", "clusterip", "other", "--tcp=80"),
    ):
        with pytest.raises(ClusterError, match="may change only objects with the label"):
            release.kubectl(*arguments, account)
    release.apply()
    release.wait_for("True", "Available")
    release.apply(options={"scoreThreshold": "0.7"})
    release.wait_for("True", "Available")
    release.kubectl("delete", "service", "ocr-ch-mobile", account)
