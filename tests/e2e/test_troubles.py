"""What a user is told when real pods do not come up, and that telling ends when the trouble does."""

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
        BUILTIN | {"options": {"extraEnv": [{"name": "LOCAL_FILES_DOCUMENT_ROOT", "value": "here"}]}},
        "Invalid",
        "LOCAL_FILES_DOCUMENT_ROOT",
    ),
    # The node reaches no hub.
    "models": ({"server": {"logLevel": "INFO"}}, "DownloadFailed", "PP-OCRv5_mobile_det"),
    "memory": (BUILTIN, "OOMKilled", "limits.memory"),
}


def _backend(namespace: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    tiny = {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}
    resources = tiny if name == "memory" else SMALL
    variant = {"language": "ch", "modelType": "mobile", "resources": resources}
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


def test_each_trouble_is_told_by_its_reason_and_goes_when_it_is_mended(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait", "--set", "backends=null")
    backends = [_backend(restricted_namespace, name, spec) for name, (spec, _, _) in TROUBLES.items()]
    full_cluster.apply(*backends)
    for name, (_, reason, said) in TROUBLES.items():
        told = full_cluster.wait(
            lambda name=name, reason=reason: (
                found
                if (found := _ready(full_cluster, restricted_namespace, name)).get("reason") == reason
                else None
            ),
            f"{name} to be told as {reason}",
            180,
        )
        assert told["status"] == "False"
        assert said in told["message"]

    words = ("--from-literal=username=labels", "--from-literal=password=secret")
    full_cluster.kubectl(
        "create", "secret", "generic", "password", *words, f"--namespace={restricted_namespace}"
    )
    mended = BUILTIN | {"image": {}}
    full_cluster.apply(_backend(restricted_namespace, "image", mended))
    for name in ("secret", "image"):
        full_cluster.wait(
            lambda name=name: _ready(full_cluster, restricted_namespace, name).get("status") == "True",
            f"{name} to be ready after all",
            180,
        )


def test_helm_test_reads_an_image_through_each_variant(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait")
    said = full_cluster.helm("test", "ocr", "--namespace", restricted_namespace, "--logs", seconds=400)
    assert "read ['2468013579']" in said
