"""Downloads of models on a real node that are killed repeatedly, at random bytes from a fixed seed.

The hub is a fake with the builtin weights.
"""

import itertools
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from download_site import DOWNLOAD_LABEL, TEXT, DownloadSite, delete_job, delete_pod, kill_container
from ocr_backend.models.hub.hub_client import CHUNK_BYTES
from ocr_cluster.errors import ClusterError
from plugin import kubectl_ocr
from stand_in_hub import StandInHub

pytestmark = pytest.mark.e2e

SEED = 20261125
NAMES = ("first", "second")
# The first restart of a container and a new Job start at once; a new pod of a Job waits ten seconds.
KILLS = (
    *(kill_container, delete_job, kill_container, delete_job, kill_container, delete_job, delete_pod),
    *(kill_container, delete_job, kill_container),
)


def assert_downloading(download_site: DownloadSite) -> None:
    """The status while one of two OCRBackends downloads for both; no serving pods exist yet."""
    downloading = download_site.cluster.wait(
        lambda: [
            variant
            for name in NAMES
            if (variant := download_site.variant(name)).get("models", {}).get("bytes")
            and variant["models"]["percent"]
        ],
        "a pod to report its progress",
    )
    assert downloading[0]["phase"] == "Downloading"
    assert "downloading models: PP-OCRv6_small_" in downloading[0]["message"]
    status = kubectl_ocr(download_site.cluster, "status", f"--namespace={download_site.namespace}").stdout
    assert f"Downloading {downloading[0]['models']['percent']} %" in status
    assert not download_site.items("deployments", "--selector=app.kubernetes.io/name=ocr-backend")


def finished_jobs(download_site: DownloadSite) -> set[str]:
    """The uids of the Jobs, once all have succeeded."""
    finished = download_site.cluster.wait(
        lambda: (
            jobs
            if len(jobs := download_site.items("jobs", f"--selector={DOWNLOAD_LABEL}")) == len(NAMES)
            and all(job["status"].get("succeeded") for job in jobs)
            else []
        ),
        "the Jobs to succeed",
        180,
    )
    return {job["metadata"]["uid"] for job in finished}


def test_two_backends_share_a_download_that_is_killed_ten_times(
    download_site: DownloadSite, hubs: Callable[..., StandInHub], official: Path
) -> None:
    hub = hubs()
    download_site.claim("shared")
    sizes = {file: file.stat().st_size for file in official.rglob("*") if file.is_file()}
    total = sum(size for file, size in sizes.items() if file.suffix == ".onnx")
    moments = sorted(random.Random(SEED).sample(range(total // 20, total), len(KILLS)))
    print(f"seed {SEED}: killed after {moments} of {total} bytes")
    for number, (kill, moment) in enumerate(zip(KILLS, moments, strict=True), 1):
        with hub.stopping_after(max(moment - hub.sent, 1), then_cuts=True) as stopped:
            if number == 1:
                for name in NAMES:
                    download_site.apply(name, hub.url, storage={"claimName": "shared"})
            assert stopped.wait(180), f"{moment} bytes to be sent"
            # Each kill loses less than one chunk, which was not written yet.
            download_site.wait_for_bytes(hub.sent - number * CHUNK_BYTES)
            if number == 1:
                assert_downloading(download_site)
            for name in NAMES:
                kill(download_site, name)
            if number == len(KILLS):
                download_site.stop_operator()

    # No operator runs when the download ends, and the pods with its report are deleted.
    finished = finished_jobs(download_site)
    download_site.kubectl("delete", "pods", f"--selector={DOWNLOAD_LABEL}", "--wait")
    downloads = list(hub.downloads)
    download_site.start_operator()
    for name in NAMES:
        models = download_site.wait_for(name, "Available")["models"]
        assert models["state"] == "Published"
        assert [digest.split(":")[0] for digest in models["digests"].values()] == [
            "PP-OCRv6_small_det@sha256",
            "PP-OCRv6_small_rec@sha256",
        ]
        assert TEXT in download_site.read(name)
    assert not finished & finished_jobs(download_site), "Jobs without known digests are created again"
    assert hub.downloads == downloads, "the new Jobs download nothing"

    files = [file for file, _ in itertools.groupby(downloads)]
    assert files == list(dict.fromkeys(files)), "complete files are kept"
    small = sum(sizes.values()) - total
    assert hub.sent < total + len(KILLS) * (CHUNK_BYTES + small), "hardly anything is downloaded twice"

    [pod] = download_site.items("pods", "--selector=app.kubernetes.io/instance=first,ocrbackend.io/variant")
    with pytest.raises(ClusterError, match="Read-only file system"):
        download_site.kubectl("exec", pod["metadata"]["name"], "--", "touch", "/data/models/new")
    published = download_site.kubectl(
        "exec", pod["metadata"]["name"], "--", "ls", "/data/models/official_models"
    )
    assert published.split() == sorted(folder.name for folder in official.iterdir())
    [container] = pod["spec"]["containers"]
    assert {"name": "OCR_MODEL_SOURCE", "value": "dir"} in container["env"]
