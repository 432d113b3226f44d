"""What can go wrong with models on the real node is told and mended; an image brings them without a hub.

The hubs are stand-ins; what they have are the builtin weights.
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fetching_place import TEXT, Place
from loopback import serving
from ocr_cluster import archive, loading
from ocr_cluster.cluster import Cluster
from ocr_operator.api.names import IMAGE_FOLDER, MODELS_CONTAINER
from stand_in_hub import StandInHub

pytestmark = pytest.mark.e2e

CHART = Path(__file__).parents[2] / "chart"
MODELS_IMAGE = "localhost/models:1"
IMPATIENT = {"HF_HUB_DOWNLOAD_TIMEOUT": "2"}

REASONS = {
    "absent": ("ModelNotFound", 4, "PP-OCRv6_small_det_onnx/revision/main is not there (status 401)"),
    "spoilt": ("ChecksumMismatch", 5, "inference.onnx does not have the checksum of the hub's list (sha256)"),
    "lying": ("ChecksumMismatch", 5, "inference.onnx does not have the checksum of the hub's list (sha256)"),
    "gone": ("DownloadFailed", 3, "cannot be reached: Connection refused"),
    "mute": ("DownloadFailed", 3, "PP-OCRv6_small_det_onnx/revision/main is silent for 2 s"),
    "slow": ("DownloadFailed", 3, "inference.onnx sends less than 64 KiB in 6 s"),
    "full": ("StorageFull", 6, "MiB are to be fetched, "),
    "sealed": ("StorageFull", 6, "Read-only file system"),
    "offline": ("ModelsMissing", 3, "OCR_OFFLINE=true forbids to ask a hub"),
}
"""OCRBackend -> its reason, the exit status of what fetches for it, and words of its message."""


def on_the_node(cluster: Cluster, *command: str) -> None:
    """Runs a command in the node's own /run and /var."""
    subprocess.run(cluster.enter(*command), check=True, timeout=30)


def small_volume(place: Place, name: str, options: str) -> str:
    """A volume in the node's memory, mounted as said, whatever size is asked for; answers its folder."""
    folder = f"/var/{name}-{place.namespace}"
    on_the_node(place.cluster, "mkdir", "-p", folder)
    on_the_node(place.cluster, "mount", "-t", "tmpfs", "-o", f"mode=0777,{options}", "tmpfs", folder)
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{name}-{place.namespace}"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": folder},
        },
    }
    place.cluster.apply(volume)
    place.claim(name, storageClassName="", volumeName=f"{name}-{place.namespace}")
    return folder


def test_each_failure_is_told_and_goes_when_it_is_mended(
    place: Place, hubs: Callable[..., StandInHub], official: Path
) -> None:
    served = {name: hubs(name != "absent") for name in ("absent", "spoilt", "lying", "mute", "slow", "whole")}
    gone = StandInHub(served["whole"].server_address[0])
    gone.server_close()
    served["spoilt"].faults.other_content.add("inference.onnx")
    served["lying"].faults.wrong_checksum.add("inference.onnx")
    served["mute"].faults.is_mute.set()
    served["slow"].faults.drips_after = 1_000_000
    total = sum(file.stat().st_size for file in official.rglob("*.onnx"))
    full = small_volume(place, "full", f"size={total // 2}")
    sealed = small_volume(place, "sealed", "ro")

    whole = served["whole"].url
    place.apply("kept", whole, reclaimPolicy="Retain")
    for name in ("absent", "spoilt", "lying"):
        place.apply(name, served[name].url)
    for name in ("mute", "slow"):
        place.apply(name, served[name].url, env=IMPATIENT)
    place.apply("gone", gone.url)
    for name in ("full", "sealed"):
        place.apply(name, served["whole"].url, storage={"existingClaim": name})
    place.apply("offline", "", offline=True)

    for name, (reason, code, said) in REASONS.items():
        found = place.wait_for(name, reason)
        print(f"{name}: {found['message']}\n")
        assert found["phase"] == "Failed"
        assert found["models"]["lastFailure"]["exitCode"] == code
        assert said in found["message"]
        assert said in place.kubectl("get", "ocrb", name, "--output=wide"), "the column Message"
        place.wait(
            name, lambda found: found.get("models", {}).get("nextRetryTime"), "to tell the next attempt"
        )
    told = place.wait_for("kept", "Available")["models"]
    for part in ("det", "rec"):
        assert told["digests"][part].startswith(f"PP-OCRv6_small_{part}@sha256:")

    served["absent"].put_all(official)
    served["spoilt"].faults.other_content.clear()
    served["lying"].faults.wrong_checksum.clear()
    served["mute"].faults.is_mute.clear()
    served["slow"].faults.drips_after = None
    on_the_node(place.cluster, "mount", "-o", "remount,size=1g", full)
    on_the_node(place.cluster, "mount", "-o", "remount,rw", sealed)
    with serving(StandInHub(gone.server_address[0], gone.server_port)) as back:
        back.put_all(official)
        # Models that were kept need no hub: `kept` may ask and does not, `offline` may not.
        place.kubectl("delete", "ocrb", "kept", "--cascade=foreground")
        again = hubs()
        place.apply("kept", again.url, reclaimPolicy="Retain")
        place.apply("offline", "", offline=True, storage={"existingClaim": "kept-models"})
        for name in ("kept", *REASONS):
            found = place.wait_for(name, "Available")
            assert "nextRetryTime" not in found["models"]
    assert again.asked_for == []
    for name in ("kept", "offline", "slow", "sealed"):
        assert TEXT in place.read(name)


def write_models_image(official: Path, scratch: Path, target: Path) -> None:
    """An image with the official folders, one of a fine-tuned model, and a `cp`: the machine's own."""
    root = scratch / "image"
    shutil.copytree(official, root / IMAGE_FOLDER.strip("/"))
    tuned = root / IMAGE_FOLDER.strip("/") / "receipts" / "rec"
    shutil.copytree(official / "PP-OCRv6_small_rec_onnx", tuned)
    told = subprocess.run(["ldd", "/bin/cp"], check=True, capture_output=True, text=True).stdout
    libraries = [word for word in told.split() if word.startswith("/")]
    for file in ("/bin/cp", *libraries):
        copy = root / file.removeprefix("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    archive.write_data_image(root, ".", MODELS_IMAGE, target)


def test_models_of_an_image_are_mounted_or_copied_out_where_they_cannot_be(
    place: Place, official: Path, tmp_path: Path
) -> None:
    write_models_image(official, tmp_path, tmp_path / "models.tar")
    loading.load(place.cluster, [tmp_path / "models.tar"])
    tuned = {"models": {"recognition": "receipts/rec"}}
    image = {"reference": MODELS_IMAGE, "pullPolicy": "Never"}
    place.apply("image", "", variant=tuned, source="Image", image=image)
    mounted = place.wait_for("image", "Available")["revision"]["current"]
    assert TEXT in place.read("image")

    where = (
        f"--namespace={place.namespace}",
        "--reuse-values",
        "--set=operator.imageVolumes=Never",
        "--wait",
    )
    place.cluster.helm("upgrade", "ocr", str(CHART), *where)
    place.wait(
        "image",
        lambda found: found.get("reason") == "Available" and found["revision"]["current"] != mounted,
        "to be rolled out anew",
    )
    assert TEXT in place.read("image")
    copied = [
        pod
        for pod in place.items("pods", "--selector=app.kubernetes.io/instance=image")
        if "deletionTimestamp" not in pod["metadata"]
    ]
    assert [one["name"] for pod in copied for one in pod["spec"]["initContainers"]] == [MODELS_CONTAINER]
    assert not [one for pod in copied for one in pod["spec"]["volumes"] if "image" in one]
