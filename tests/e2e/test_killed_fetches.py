"""Fetches of models on the real node that are killed again and again, at bytes that a seed has chosen.

The hub is a stand-in; what it has are the builtin weights.
"""

import itertools
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from fetching_place import FETCHERS, TEXT, Place, delete_job, delete_pod, kill_container
from ocr_backend.models.hub.hub_client import BLOCK
from ocr_cluster.errors import ClusterError
from plugin import kubectl_ocr
from stand_in_hub import StandInHub

pytestmark = pytest.mark.e2e

SEED = 20261125
NAMES = ("one", "two")
# A first end of a new pod's container costs no wait, nor does a new Job; a new pod costs the Job ten seconds.
KILLS = (
    *(kill_container, delete_job, kill_container, delete_job, kill_container, delete_job, delete_pod),
    *(kill_container, delete_job, kill_container),
)


def assert_fetching(place: Place) -> None:
    """What is told while one of two fetches for both, and no pods are made."""
    told = place.cluster.wait(
        lambda: [
            found
            for name in NAMES
            if (found := place.variant(name)).get("models", {}).get("bytes") and found["models"]["percent"]
        ],
        "a pod to tell how far it is",
    )
    assert told[0]["phase"] == "Fetching"
    assert "fetching models: PP-OCRv6_small_" in told[0]["message"]
    status = kubectl_ocr(place.cluster, "status", f"--namespace={place.namespace}").stdout
    assert f"Fetching {told[0]['models']['percent']} %" in status
    assert not place.items("deployments", "--selector=app.kubernetes.io/name=ocr-backend")


def finished_jobs(place: Place) -> set[str]:
    """The Jobs' uids, once each has succeeded."""
    found = place.cluster.wait(
        lambda: (
            jobs
            if len(jobs := place.items("jobs", f"--selector={FETCHERS}")) == len(NAMES)
            and all(job["status"].get("succeeded") for job in jobs)
            else []
        ),
        "the Jobs to succeed",
        180,
    )
    return {job["metadata"]["uid"] for job in found}


def test_two_backends_share_a_download_that_is_killed_at_ten_random_moments(
    place: Place, hubs: Callable[..., StandInHub], official: Path
) -> None:
    hub = hubs()
    place.claim("shared")
    sizes = {file: file.stat().st_size for file in official.rglob("*") if file.is_file()}
    total = sum(size for file, size in sizes.items() if file.suffix == ".onnx")
    moments = sorted(random.Random(SEED).sample(range(total // 20, total), len(KILLS)))
    print(f"seed {SEED}: killed after {moments} of {total} bytes")
    for number, (kill, moment) in enumerate(zip(KILLS, moments, strict=True), 1):
        with hub.stopping_after(max(moment - hub.sent, 1), then_cuts=True) as stopped:
            if number == 1:
                for name in NAMES:
                    place.apply(name, hub.url, storage={"existingClaim": "shared"})
            assert stopped.wait(180), f"{moment} bytes to be sent"
            # Each end costs less than a block, which had not been written down.
            place.wait_for_bytes(hub.sent - number * BLOCK)
            if number == 1:
                assert_fetching(place)
            for name in NAMES:
                kill(place, name)
            if number == len(KILLS):
                place.stop_operator()

    # Nobody looks when the fetching ends, nor at what the pods tell then, for they are deleted.
    finished = finished_jobs(place)
    place.kubectl("delete", "pods", f"--selector={FETCHERS}", "--wait")
    asked = list(hub.downloads)
    place.start_operator()
    for name in NAMES:
        found = place.wait_for(name, "Available")["models"]
        assert found["state"] == "Published"
        assert [digest.split(":")[0] for digest in found["digests"].values()] == [
            "PP-OCRv6_small_det@sha256",
            "PP-OCRv6_small_rec@sha256",
        ]
        assert TEXT in place.read(name)
    assert not finished & finished_jobs(place), "Jobs of which nobody knew the digests were made again"
    assert hub.downloads == asked, "and fetched nothing"

    assert [one for one, _ in itertools.groupby(asked)] == list(dict.fromkeys(asked)), "whole files stay"
    small = sum(sizes.values()) - total
    assert hub.sent < total + len(KILLS) * (BLOCK + small), "hardly anything came twice"

    [pod] = place.items("pods", "--selector=app.kubernetes.io/instance=one,ocrbackend.io/language")
    with pytest.raises(ClusterError, match="Read-only file system"):
        place.kubectl("exec", pod["metadata"]["name"], "--", "touch", "/data/models/mine")
    published = place.kubectl("exec", pod["metadata"]["name"], "--", "ls", "/data/models/official_models")
    assert published.split() == sorted(folder.name for folder in official.iterdir())
    [container] = pod["spec"]["containers"]
    assert {"name": "OCR_MODEL_SOURCE", "value": "dir"} in container["env"]
