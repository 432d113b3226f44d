"""What is missing or belongs to somebody else ends an install with a sentence, before anything is made."""

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
VARIANTS = {"variants": [{"language": "ch", "modelType": "mobile"}]}
CLAIM = VARIANTS | {"models": {"source": "Claim", "storage": {"existingClaim": "prepared"}}}
TOKEN = {"labelStudio": {"url": "http://labels", "apiKeySecretRef": {"name": "labels", "key": "token"}}}
PASSWORD = {"labelStudio": {"basicAuthSecretRef": {"name": "basic"}}}

Json = dict[str, Any]
Install = Callable[..., str]


@pytest.mark.helm
def test_a_cluster_that_is_too_old(helm: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = helm("template", "r", str(CHART), "--kube-version", "1.29.0")
    assert done.returncode != 0
    assert "requires kubeVersion: >=1.30.0-0 which is incompatible with Kubernetes v1.29.0" in done.stderr


@pytest.fixture
def install(light_cluster: Cluster, namespace: str) -> Iterator[Install]:
    """`install(*arguments, **fields)`: the chart with one backend of these fields."""
    where = f"--namespace={namespace}"

    def run(*arguments: str, **fields: Any) -> str:
        backends = f"--set-json=backends={json.dumps({'ocr': VARIANTS | fields})}"
        return light_cluster.helm("install", "r", str(CHART), where, backends, *arguments)

    yield run
    light_cluster.helm("uninstall", "r", where, "--ignore-not-found")


@pytest.mark.light
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param(
            CLAIM,
            "backends.ocr.models.storage.existingClaim: there is no PersistentVolumeClaim prepared in",
            id="claim",
        ),
        pytest.param(
            TOKEN,
            "apiKeySecretRef: there is no Secret labels in namespace .*: "
            "kubectl create secret generic labels --namespace .* --from-literal=token=",
            id="token",
        ),
        pytest.param(PASSWORD, "basicAuthSecretRef: there is no Secret basic in", id="password"),
    ],
)
def test_a_claim_or_a_secret_that_is_missing(
    light_cluster: Cluster, namespace: str, install: Install, fields: Json, said: str
) -> None:
    with pytest.raises(ClusterError, match=said):
        install("--set", "crds.install=false", **fields)
    assert not light_cluster.get("deployments", f"--namespace={namespace}").get("items")


@pytest.mark.light
def test_a_secret_without_the_key(light_cluster: Cluster, namespace: str, install: Install) -> None:
    secret = ("create", "secret", "generic", "labels", f"--namespace={namespace}")
    light_cluster.kubectl(*secret, "--from-literal=Token=x")
    with pytest.raises(ClusterError, match="Secret labels in namespace .* has no key token"):
        install("--set", "crds.install=false", **TOKEN)


@pytest.mark.light
def test_what_is_there_is_no_obstacle(light_cluster: Cluster, namespace: str, install: Install) -> None:
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
def test_what_comes_later_need_not_be_there(install: Install) -> None:
    assert "STATUS: deployed" in install("--set", "crds.install=false", "--set", "lookups=false", **CLAIM)


@pytest.fixture
def definition(light_cluster: Cluster) -> Iterator[str]:
    """The definition, installed by nobody's release; as it was, or gone, afterwards."""
    was_there = bool(light_cluster.get("crd", CRD))
    light_cluster.kubectl(
        "apply", "--server-side", "--filename", str(CHART / "files" / "crd-ocrbackend.yaml")
    )
    yield f"crd/{CRD}"
    if was_there:
        names = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace", "helm.sh/resource-policy")
        light_cluster.kubectl("annotate", f"crd/{CRD}", *(f"{name}-" for name in names))
    else:
        light_cluster.kubectl("delete", f"crd/{CRD}")


@pytest.mark.light
def test_a_definition_of_somebody_else_can_be_handed_over_as_the_sentence_says(
    light_cluster: Cluster, namespace: str, install: Install, definition: str
) -> None:
    with pytest.raises(ClusterError, match=f"{CRD} was not installed by Helm.*add --force-conflicts"):
        install()
    owner = ("meta.helm.sh/release-name=first", "meta.helm.sh/release-namespace=elsewhere")
    light_cluster.kubectl("annotate", definition, *owner)
    with pytest.raises(ClusterError, match="belongs to release first in namespace elsewhere") as refused:
        install()
    commands = str(refused.value).split("hand it over to this release: ")[1].splitlines()[0].split("; ")
    for command in commands:
        assert command.startswith("kubectl ")
        light_cluster.kubectl(*command.split()[1:])
    # It is kubectl's here, not that of a release which is gone.
    assert "STATUS: deployed" in install("--force-conflicts")
