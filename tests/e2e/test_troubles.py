"""Why real pods are not ready is reported until it is fixed."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_cluster.cluster import Cluster

pytestmark = pytest.mark.e2e

Install = Callable[..., str]
SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}
BUILTIN = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}

TROUBLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "secret": (
        BUILTIN | {"labelStudio": {"basicAuthSecretRef": {"name": "password"}}},
        "SecretNotFound",
        'secret "password" not found',
    ),
    "image": (
        BUILTIN | {"image": {"tag": "no-such", "pullPolicy": "Never"}},
        "ImagePullFailed",
        "no-such",
    ),
    "settings": (
        BUILTIN | {"env": [{"name": "LOCAL_FILES_DOCUMENT_ROOT", "value": "here"}]},
        "Invalid",
        "LOCAL_FILES_DOCUMENT_ROOT",
    ),
    # The node cannot reach a hub.
    "models": ({"server": {"logLevel": "INFO"}}, "DownloadFailed", "PP-OCRv5_mobile_det"),
    "memory": (BUILTIN, "OOMKilled", "limits.memory"),
}


def _backend(namespace: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    tiny = {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}
    resources = tiny if name == "memory" else SMALL
    variant = {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "resources": resources}
    return {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"variants": [variant]} | spec,
    }


def _ready(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    backend = cluster.get("ocrb", name, f"--namespace={namespace}")
    conditions = backend.get("status", {}).get("conditions", [])
    return next((dict(each) for each in conditions if each["type"] == "Ready"), {})


def test_each_trouble_is_reported_until_it_is_fixed(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait", "--set", "backends=null,defaultBackend.enabled=false")
    backends = [_backend(restricted_namespace, name, spec) for name, (spec, _, _) in TROUBLES.items()]
    full_cluster.apply(*backends)
    for name, (_, reason, message) in TROUBLES.items():
        ready = full_cluster.wait(
            lambda name=name, reason=reason: (
                condition
                if (condition := _ready(full_cluster, restricted_namespace, name)).get("reason") == reason
                else None
            ),
            f"{reason} to be reported for {name}",
            180,
        )
        assert ready["status"] == "False"
        assert message in ready["message"]

    literals = ("--from-literal=username=labels", "--from-literal=password=secret")
    full_cluster.kubectl(
        "create", "secret", "generic", "password", *literals, f"--namespace={restricted_namespace}"
    )
    fixed = BUILTIN | {"image": {}}
    full_cluster.apply(_backend(restricted_namespace, "image", fixed))
    for name in ("secret", "image"):
        full_cluster.wait(
            lambda name=name: _ready(full_cluster, restricted_namespace, name).get("status") == "True",
            f"{name} to become Ready",
            180,
        )


def test_helm_test_reads_an_image_through_each_variant(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait")
    output = full_cluster.helm("test", "ocr", "--namespace", restricted_namespace, "--logs", seconds=400)
    assert "read ['2468013579']" in output
