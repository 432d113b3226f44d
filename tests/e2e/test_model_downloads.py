"""Failures of model downloads on a real node are reported until they are fixed; an image needs no hub.

The hubs are fakes with the builtin weights.
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from download_site import TEXT, DownloadSite
from loopback import serving
from ocr_cluster import archive, loading
from ocr_cluster.cluster import Cluster
from ocr_operator.api.names import MODELS_CONTAINER, MODELS_IMAGE_FOLDER
from stand_in_hub import StandInHub

pytestmark = pytest.mark.e2e

CHART = Path(__file__).parents[2] / "chart"
MODELS_IMAGE = "localhost/models:1"
SHORT_TIMEOUT = {"HF_HUB_DOWNLOAD_TIMEOUT": "2"}

REASONS = {
    "absent": ("ModelNotFound", 4, "PP-OCRv6_small_det_onnx/revision/main does not exist (status 401)"),
    "damaged": ("ChecksumMismatch", 5, "inference.onnx does not match the hub's checksum (sha256)"),
    "wrong-checksum": ("ChecksumMismatch", 5, "inference.onnx does not match the hub's checksum (sha256)"),
    "unreachable": ("DownloadFailed", 3, "cannot be reached: Connection refused"),
    "silent": ("DownloadFailed", 3, "PP-OCRv6_small_det_onnx/revision/main sent nothing for 2 s"),
    "slow": ("DownloadFailed", 3, "inference.onnx sent less than 64 KiB in 6 s"),
    "full": ("StorageFull", 6, "MiB are needed, "),
    "read-only": ("StorageFull", 6, "Read-only file system"),
    "offline": ("ModelsMissing", 3, "OCR_OFFLINE=true forbids asking a hub"),
}
"""OCRBackend -> its reason, the exit code of its download, and a part of its message."""


def on_the_node(cluster: Cluster, *command: str) -> None:
    """Runs a command in the node, with its own /run and /var."""
    subprocess.run(cluster.enter(*command), check=True, timeout=30)


def small_volume(download_site: DownloadSite, name: str, options: str) -> str:
    """A tmpfs volume with these mount options and a claim for it; returns its folder."""
    folder = f"/var/{name}-{download_site.namespace}"
    on_the_node(download_site.cluster, "mkdir", "-p", folder)
    on_the_node(download_site.cluster, "mount", "-t", "tmpfs", "-o", f"mode=0777,{options}", "tmpfs", folder)
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{name}-{download_site.namespace}"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": folder},
        },
    }
    download_site.cluster.apply(volume)
    download_site.claim(name, storageClassName="", volumeName=f"{name}-{download_site.namespace}")
    return folder


def test_each_failure_is_reported_until_it_is_fixed(
    download_site: DownloadSite, hubs: Callable[..., StandInHub], official: Path
) -> None:
    served = {
        name: hubs(name != "absent")
        for name in ("absent", "damaged", "wrong-checksum", "silent", "slow", "complete")
    }
    unreachable = StandInHub(served["complete"].server_address[0])
    unreachable.server_close()
    served["damaged"].faults.other_content.add("inference.onnx")
    served["wrong-checksum"].faults.wrong_checksum.add("inference.onnx")
    served["silent"].faults.is_mute.set()
    served["slow"].faults.drips_after = 1_000_000
    total = sum(file.stat().st_size for file in official.rglob("*.onnx"))
    full = small_volume(download_site, "full", f"size={total // 2}")
    read_only = small_volume(download_site, "read-only", "ro")

    url = served["complete"].url
    download_site.apply("kept", url, reclaimPolicy="Retain")
    for name in ("absent", "damaged", "wrong-checksum"):
        download_site.apply(name, served[name].url)
    for name in ("silent", "slow"):
        download_site.apply(name, served[name].url, env=SHORT_TIMEOUT)
    download_site.apply("unreachable", unreachable.url)
    for name in ("full", "read-only"):
        download_site.apply(name, served["complete"].url, storage={"claimName": name})
    download_site.apply("offline", "", offline=True)

    for name, (reason, code, message) in REASONS.items():
        variant = download_site.wait_for(name, reason)
        print(f"{name}: {variant['message']}\n")
        assert variant["phase"] == "Failed"
        assert variant["models"]["lastFailure"]["exitCode"] == code
        assert message in variant["message"]
        assert message in download_site.kubectl("get", "ocrb", name, "--output=wide"), "the column Message"
        download_site.wait(
            name, lambda variant: variant.get("models", {}).get("nextRetryTime"), "to report the next retry"
        )
    models = download_site.wait_for("kept", "Available")["models"]
    for part in ("det", "rec"):
        assert models["digests"][part].startswith(f"PP-OCRv6_small_{part}@sha256:")

    served["absent"].put_all(official)
    served["damaged"].faults.other_content.clear()
    served["wrong-checksum"].faults.wrong_checksum.clear()
    served["silent"].faults.is_mute.clear()
    served["slow"].faults.drips_after = None
    on_the_node(download_site.cluster, "mount", "-o", "remount,size=1g", full)
    on_the_node(download_site.cluster, "mount", "-o", "remount,rw", read_only)
    with serving(StandInHub(unreachable.server_address[0], unreachable.server_port)) as back:
        back.put_all(official)
        # Retained models need no hub: `kept` does not ask one, and `offline` must not.
        download_site.kubectl("delete", "ocrb", "kept", "--cascade=foreground")
        unused_hub = hubs()
        download_site.apply("kept", unused_hub.url, reclaimPolicy="Retain")
        download_site.apply("offline", "", offline=True, storage={"claimName": "kept-models"})
        for name in ("kept", *REASONS):
            variant = download_site.wait_for(name, "Available")
            assert "nextRetryTime" not in variant["models"]
    assert unused_hub.requests == []
    for name in ("kept", "offline", "slow", "read-only"):
        assert TEXT in download_site.read(name)


def write_models_image(official: Path, scratch: Path, target: Path) -> None:
    """An image with the official folders, a fine-tuned model and the `cp` of this machine."""
    root = scratch / "image"
    shutil.copytree(official, root / MODELS_IMAGE_FOLDER.strip("/"))
    tuned = root / MODELS_IMAGE_FOLDER.strip("/") / "receipts" / "rec"
    shutil.copytree(official / "PP-OCRv6_small_rec_onnx", tuned)
    output = subprocess.run(["ldd", "/bin/cp"], check=True, capture_output=True, text=True).stdout
    libraries = [word for word in output.split() if word.startswith("/")]
    for file in ("/bin/cp", *libraries):
        copy = root / file.removeprefix("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    archive.write_data_image(root, ".", MODELS_IMAGE, target)


def test_models_of_an_image_are_mounted_or_else_copied(
    download_site: DownloadSite, official: Path, tmp_path: Path
) -> None:
    write_models_image(official, tmp_path, tmp_path / "models.tar")
    loading.load(download_site.cluster, [tmp_path / "models.tar"])
    tuned = {"models": {"recognition": "receipts/rec"}}
    image = {"reference": MODELS_IMAGE, "pullPolicy": "Never"}
    download_site.apply("image", "", variant=tuned, source="Image", image=image)
    mounted = download_site.wait_for("image", "Available")["revision"]["current"]
    assert TEXT in download_site.read("image")

    arguments = (
        f"--namespace={download_site.namespace}",
        "--reuse-values",
        "--set=operator.imageVolumes=Never",
        "--wait",
    )
    download_site.cluster.helm("upgrade", "ocr", str(CHART), *arguments)
    download_site.wait(
        "image",
        lambda variant: variant.get("reason") == "Available" and variant["revision"]["current"] != mounted,
        "to be rolled out again",
    )
    assert TEXT in download_site.read("image")
    copied = [
        pod
        for pod in download_site.items("pods", "--selector=app.kubernetes.io/instance=image")
        if "deletionTimestamp" not in pod["metadata"]
    ]
    assert [each["name"] for pod in copied for each in pod["spec"]["initContainers"]] == [MODELS_CONTAINER]
    assert not [volume for pod in copied for volume in pod["spec"]["volumes"] if "image" in volume]
