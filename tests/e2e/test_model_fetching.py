"""Models from a hub on the real node: fetched by Jobs whatever goes wrong, and mounted read-only.

The hub is a stand-in at the machine's end of the link to the node; what it has are the builtin weights.
"""

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from loopback import serving
from ocr_backend import builtin_models
from ocr_cluster import archive, loading
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from ocr_operator.names import IMAGE_FOLDER
from plugin import kubectl_ocr
from stand_in_hub import StandInHub

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "tests/data/images/ls_image.jpeg"
DETECTION, RECOGNITION = "PP-OCRv6_small_det", "PP-OCRv6_small_rec"
SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}
FULL_FOLDER = "/var/full"
MODELS_IMAGE = "localhost/models:1"

Install = Callable[..., str]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders named as the official ones, with the builtin weights."""
    root = tmp_path_factory.mktemp("official")
    with builtin_models.folders({"detection": DETECTION, "recognition": RECOGNITION}) as found:
        for model in found.values():
            shutil.copytree(model.folder, root / model.folder.name)
    return root


@pytest.fixture(scope="module")
def hubs(full_cluster: Cluster, official: Path) -> Iterator[Callable[[bool], StandInHub]]:
    """`hubs(has_models)`: a further hub that pods reach."""
    with ExitStack() as stack:

        def make(has_models: bool = True) -> StandInHub:
            hub = stack.enter_context(serving(StandInHub(str(full_cluster.record.addresses.machine))))
            if has_models:
                fill(hub, official)
            return hub

        yield make


def fill(hub: StandInHub, official: Path) -> None:
    for folder in official.iterdir():
        hub.put(folder)


class Place:
    """The test's namespace, as a user looks at it."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace

    def apply(self, name: str, hub: str, **models: Any) -> None:
        """An OCRBackend that fetches from a hub."""
        spec = {
            "ocrVersion": "PP-OCRv6",
            "options": {"useTextlineOrientation": False},
            "variants": [{"language": "ch", "modelType": "mobile", "resources": SMALL}],
            "models": {"source": "Hub"} | ({"mirror": hub} if hub else {}) | models,
        }
        metadata = {"name": name, "namespace": self.namespace}
        kind = {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend"}
        self.cluster.apply(kind | {"metadata": metadata, "spec": spec})

    def get(self, *what: str) -> Any:
        return self.cluster.get(*what, f"--namespace={self.namespace}")

    def kubectl(self, *words: str) -> str:
        return self.cluster.kubectl(f"--namespace={self.namespace}", *words)

    def variant(self, name: str) -> Json:
        """What the status tells of the only variant; empty until it speaks of this generation."""
        backend = self.get("ocrb", name)
        status = backend.get("status", {})
        is_new = status.get("observedGeneration") == backend.get("metadata", {}).get("generation")
        return dict(status["variants"][0]) if is_new else {}

    def wait(self, name: str, condition: Callable[[Json], Any], what: str) -> Json:
        """What the status tells of the variant once it is so."""
        return self.cluster.wait(
            lambda: found if condition(found := self.variant(name)) else {},
            f"{name} {what} (now {self.variant(name)})",
            180,
        )

    def wait_for(self, name: str, reason: str) -> Json:
        return self.wait(name, lambda found: found.get("reason") == reason, f"to be {reason}")

    def fetcher(self, name: str) -> Json:
        """The pod that fetches for an OCRBackend, and runs."""

        def running() -> Json:
            where = f"--selector=app.kubernetes.io/instance={name},ocrbackend.io/models"
            for pod in self.get("pods", where).get("items", []):
                [container] = pod["status"].get("containerStatuses") or [{}]
                if "running" in container.get("state", {}) and "deletionTimestamp" not in pod["metadata"]:
                    return dict(pod)
            return {}

        return self.cluster.wait(running, f"a pod that fetches for {name}", 60)


@pytest.fixture
def place(full_cluster: Cluster, restricted_namespace: str, install: Install) -> Iterator[Place]:
    install("--wait", "--set", "backends=null")
    place = Place(full_cluster, restricted_namespace)
    yield place
    place.kubectl("delete", "ocrb", "--all", "--wait=false")


def claim(place: Place, name: str, **spec: Any) -> None:
    """A volume that the user brings."""
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": name, "namespace": place.namespace}
    place.cluster.apply(
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": asked | spec}
    )


def read(place: Place, name: str) -> list[str]:
    said = kubectl_ocr(place.cluster, "predict", name, str(PICTURE), f"--namespace={place.namespace}")
    assert said.returncode == 0, said.stderr
    return said.stdout.splitlines()


def contents(hub: StandInHub) -> list[str]:
    """Names of the weights that the hub was asked for, once for each time."""
    return [one for one in hub.downloads if one.split("?")[0].endswith(".onnx")]


def kill_container(place: Place, pod: Json) -> None:
    """The kubelet starts it again."""
    [container] = pod["status"]["containerStatuses"]
    name = container["containerID"].removeprefix("containerd://")
    loading.ctr(place.cluster, "tasks", "kill", "--signal=SIGKILL", name)


def delete_pod(place: Place, pod: Json) -> None:
    """The Job makes another."""
    name = pod["metadata"]["name"]
    place.kubectl("delete", "pod", name, "--force", "--grace-period=0", "--wait=false")


KILLS = (kill_container, delete_pod)


def assert_fetching(place: Place) -> None:
    """What is told while one of two fetches for both, and no pods are made."""
    told = place.cluster.wait(
        lambda: [
            found
            for name in ("one", "two")
            if (found := place.variant(name)).get("models", {}).get("bytes") and found["models"]["percent"]
        ],
        "a pod to tell how far it is",
    )
    assert told[0]["phase"] == "Fetching"
    assert "fetching models: PP-OCRv6_small_" in told[0]["message"]
    status = kubectl_ocr(place.cluster, "status", f"--namespace={place.namespace}").stdout
    assert f"Fetching {told[0]['models']['percent']} %" in status
    assert not place.get("deployments", "--selector=app.kubernetes.io/name=ocr-backend").get("items")


def test_two_backends_share_a_download_that_is_killed_again_and_again(
    place: Place, hubs: Callable[..., StandInHub], official: Path
) -> None:
    hub = hubs()
    claim(place, "shared")
    total = sum(file.stat().st_size for file in official.rglob("*.onnx"))
    chance = random.Random(20261125)
    moments = sorted(chance.sample(range(total // 20, total), len(KILLS)))
    sent = 0
    for kill, moment in zip(KILLS, moments, strict=True):
        with hub.stopping_after(moment - sent) as stopped:
            sent = moment
            for name in ("one", "two"):
                place.apply(name, hub.url, storage={"existingClaim": "shared"})
            assert stopped.wait(120), f"{moment} bytes to be sent"
            if sent == moments[0]:
                assert_fetching(place)
            for name in ("one", "two"):
                kill(place, place.fetcher(name))
    for name in ("one", "two"):
        found = place.wait_for(name, "Available")
        assert found["models"]["state"] == "Published"
        assert "Kenapa Harus Punya IMB?" in read(place, name)
    assert hub.ranges, "what had arrived before a kill was gone on with"

    [pod] = place.get("pods", "--selector=app.kubernetes.io/instance=one,ocrbackend.io/language")["items"]
    with pytest.raises(ClusterError, match="Read-only file system"):
        place.kubectl("exec", pod["metadata"]["name"], "--", "touch", "/data/models/mine")
    [container] = pod["spec"]["containers"]
    assert {"name": "OCR_MODEL_SOURCE", "value": "dir"} in container["env"]

    # A finished Job that somebody deletes comes back, and has nothing to fetch.
    asked = len(contents(hub))
    job = found["models"]["job"]
    uid = place.get("job", job)["metadata"]["uid"]
    place.kubectl("delete", "job", job)
    place.cluster.wait(
        lambda: (
            (again := place.get("job", job))
            and again["metadata"]["uid"] != uid
            and again["status"].get("succeeded")
        ),
        "another Job to succeed",
    )
    assert len(contents(hub)) == asked


def on_the_node(cluster: Cluster, *command: str) -> None:
    """Runs a command in the node's own /run and /var."""
    subprocess.run(cluster.enter(*command), check=True, timeout=30)


def full_volume(place: Place, name: str, size: int) -> None:
    """A volume that has no more than so many bytes, whatever size was asked for."""
    on_the_node(place.cluster, "mkdir", "-p", FULL_FOLDER)
    on_the_node(place.cluster, "mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", FULL_FOLDER)
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"full-{place.namespace}"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": FULL_FOLDER},
        },
    }
    place.cluster.apply(volume)
    claim(place, name, storageClassName="", volumeName=f"full-{place.namespace}")


def with_models(place: Place, official: Path, target: Path) -> None:
    """The node has an image that holds the models."""
    archive.write_data_image(official, IMAGE_FOLDER.strip("/"), MODELS_IMAGE, target)
    loading.load(place.cluster, [target])


def test_each_failure_is_told_and_goes_when_it_is_mended(
    place: Place, hubs: Callable[..., StandInHub], official: Path, tmp_path: Path
) -> None:
    absent, spoilt, whole = hubs(False), hubs(), hubs()
    with_models(place, official, tmp_path / "models.tar")
    place.apply("image", "", source="Image", image={"reference": MODELS_IMAGE, "pullPolicy": "Never"})
    gone = StandInHub(whole.server_address[0])
    gone.server_close()
    spoilt.faults.other_content.add("inference.onnx")
    total = sum(file.stat().st_size for file in official.rglob("*.onnx"))
    full_volume(place, "full", total // 2)
    for name, hub in (("absent", absent), ("spoilt", spoilt), ("gone", gone)):
        place.apply(name, hub.url)
    place.apply("full", whole.url, storage={"existingClaim": "full"})
    place.apply("kept", whole.url, reclaimPolicy="Retain")
    reasons = {
        "absent": ("ModelNotFound", 4),
        "spoilt": ("ChecksumMismatch", 5),
        "gone": ("DownloadFailed", 3),
        "full": ("StorageFull", 6),
    }
    for name, (reason, code) in reasons.items():
        found = place.wait_for(name, reason)
        assert found["phase"] == "Failed"
        assert found["models"]["lastFailure"]["exitCode"] == code
        place.wait(
            name, lambda found: found.get("models", {}).get("nextRetryTime"), "to tell the next attempt"
        )
    told = place.wait_for("kept", "Available")["models"]
    assert told["digests"]["det"].startswith(f"{DETECTION}@sha256:")
    assert told["digests"]["rec"].startswith(f"{RECOGNITION}@sha256:")

    fill(absent, official)
    spoilt.faults.other_content.clear()
    on_the_node(place.cluster, "mount", "-o", "remount,size=1g", FULL_FOLDER)
    with serving(StandInHub(gone.server_address[0], gone.server_port)) as back:
        fill(back, official)
        # Models that were kept need no hub: this one has no mirror, and may ask nobody.
        place.kubectl("delete", "ocrb", "kept", "--cascade=foreground")
        place.apply("kept", "", reclaimPolicy="Delete", offline=True)
        for name in ("kept", *reasons):
            found = place.wait_for(name, "Available")
            assert "nextRetryTime" not in found["models"]
    place.wait_for("image", "Available")
    for name in ("kept", "image"):
        assert "Kenapa Harus Punya IMB?" in read(place, name)
