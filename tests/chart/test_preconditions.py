"""An install fails with an explanation if something is missing or owned by another release."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError

CHART = Path(__file__).parents[2] / "chart"
CRD = "ocrbackends.ocrbackend.io"
VARIANTS = {"variants": [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}]}
CLAIM = VARIANTS | {"models": {"source": "Claim", "storage": {"claimName": "prepared"}}}
TOKEN = {"labelStudio": {"url": "http://labels", "apiKeySecretRef": {"name": "labels", "key": "token"}}}
PASSWORD = {"labelStudio": {"basicAuthSecretRef": {"name": "basic"}}}

Json = dict[str, Any]
Install = Callable[..., str]


@pytest.mark.helm
def test_an_old_cluster_is_rejected(helm: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = helm("template", "r", str(CHART), "--kube-version", "1.29.0")
    assert done.returncode != 0
    assert "requires kubeVersion: >=1.30.0-0 which is incompatible with Kubernetes v1.29.0" in done.stderr


@pytest.fixture
def install(light_cluster: Cluster, namespace: str) -> Iterator[Install]:
    """`install(*arguments, **fields)`: installs the chart with one backend with these fields."""
    namespace_flag = f"--namespace={namespace}"

    def run(*arguments: str, **fields: Any) -> str:
        backends = f"--set-json=backends={json.dumps({'ocr': VARIANTS | fields})}"
        return light_cluster.helm("install", "r", str(CHART), namespace_flag, backends, *arguments)

    yield run
    light_cluster.helm("uninstall", "r", namespace_flag, "--ignore-not-found")


@pytest.mark.light
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            CLAIM,
            "backends.ocr.models.storage.claimName: PersistentVolumeClaim prepared does not exist in",
            id="claim",
        ),
        pytest.param(
            TOKEN,
            "apiKeySecretRef: Secret labels does not exist in namespace .*: create it with "
            "kubectl create secret generic labels --namespace .* --from-literal=token=",
            id="token",
        ),
        pytest.param(PASSWORD, "basicAuthSecretRef: Secret basic does not exist in", id="password"),
    ],
)
def test_a_missing_claim_or_secret_fails_the_install(
    light_cluster: Cluster, namespace: str, install: Install, fields: Json, message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        install("--set", "crds.install=false", **fields)
    assert not light_cluster.get("deployments", f"--namespace={namespace}").get("items")


@pytest.mark.light
def test_a_secret_without_the_key_fails_the_install(
    light_cluster: Cluster, namespace: str, install: Install
) -> None:
    secret = ("create", "secret", "generic", "labels", f"--namespace={namespace}")
    light_cluster.kubectl(*secret, "--from-literal=Token=x")
    with pytest.raises(ClusterError, match="Secret labels in namespace .* has no key token"):
        install("--set", "crds.install=false", **TOKEN)


@pytest.mark.light
def test_an_existing_claim_and_secret_are_accepted(
    light_cluster: Cluster, namespace: str, install: Install
) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"namespace": namespace}
    light_cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "spec": claim,
            "metadata": metadata | {"name": "prepared"},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "stringData": {"token": "x"},
            "metadata": metadata | {"name": "labels"},
        },
    )
    assert "STATUS: deployed" in install("--set", "crds.install=false", **CLAIM, **TOKEN)


@pytest.mark.light
def test_without_lookups_objects_may_be_created_later(install: Install) -> None:
    assert "STATUS: deployed" in install("--set", "crds.install=false", "--set", "lookups=false", **CLAIM)


@pytest.fixture
def definition(light_cluster: Cluster) -> Iterator[str]:
    """The definition, installed by kubectl; afterwards restored, or deleted if it did not exist."""
    existed = bool(light_cluster.get("crd", CRD))
    light_cluster.kubectl(
        "apply", "--server-side", "--filename", str(CHART / "files" / "crd-ocrbackend.yaml")
    )
    yield f"crd/{CRD}"
    if existed:
        names = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace", "helm.sh/resource-policy")
        light_cluster.kubectl("annotate", f"crd/{CRD}", *(f"{name}-" for name in names))
    else:
        light_cluster.kubectl("delete", f"crd/{CRD}")


@pytest.mark.light
def test_the_commands_of_the_message_transfer_a_foreign_definition_to_this_release(
    light_cluster: Cluster, namespace: str, install: Install, definition: str
) -> None:
    with pytest.raises(ClusterError, match=f"{CRD} was not installed by Helm.*add --force-conflicts"):
        install()
    owner = ("meta.helm.sh/release-name=first", "meta.helm.sh/release-namespace=elsewhere")
    light_cluster.kubectl("annotate", definition, *owner)
    with pytest.raises(ClusterError, match="belongs to release first in namespace elsewhere") as refused:
        install()
    commands = str(refused.value).split("transfer it to this release: ")[1].splitlines()[0].split("; ")
    for command in commands:
        assert command.startswith("kubectl ")
        light_cluster.kubectl(*command.split()[1:])
    # kubectl applied it here, not a deleted release.
    assert "STATUS: deployed" in install("--force-conflicts")
