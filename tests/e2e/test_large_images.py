"""The largest images are read within the memory limit of values-laptop.yaml."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import requests

from ocr_cluster.cluster import Cluster
from ocr_demo.image import LABELING_CONFIG

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
LAPTOP = ROOT / "chart/values-laptop.yaml"
TEXT = "Kenapa Harus Punya IMB?"
SIDE = 4000  # px; larger images are scaled down to this


def page(number: int) -> str:
    """A unique page of the largest size with some text in a corner, as a data URI."""
    image = cv2.imread(str(ROOT / "tests/data/images/ls_image.jpeg"))
    assert image is not None
    sheet = np.full((SIDE, SIDE, 3), 255, np.uint8)
    sheet[: image.shape[0], : image.shape[1]] = image
    sheet[-1 - number] = 0
    is_encoded, content = cv2.imencode(".png", sheet)
    assert is_encoded
    return f"data:image/png;base64,{base64.b64encode(content.tobytes()).decode()}"


def test_several_of_the_largest_images_are_read_without_an_oom_kill(
    full_cluster: Cluster, restricted_namespace: str, install: Callable[..., str]
) -> None:
    namespace = f"--namespace={restricted_namespace}"
    install("--wait", "--values", str(LAPTOP))
    full_cluster.wait(lambda: full_cluster.get("ocrb", "ocr", namespace), "the OCRBackend")
    full_cluster.kubectl(
        "wait", namespace, "--for=condition=Ready", "ocrb/ocr", "--timeout=240s", seconds=300
    )
    address = full_cluster.get("service", "ocr-ch-mobile", namespace)["spec"]["clusterIP"]
    config = LABELING_CONFIG.read_text("utf-8")

    def read(number: int) -> list[str]:
        body = {"label_config": config, "tasks": [{"id": number, "data": {"image": page(number)}}]}
        response = requests.post(f"http://{address}:9090/predict", json=body, timeout=240)
        [prediction] = response.json()["results"]
        return [region["value"]["text"][0] for region in prediction["result"] if region["type"] == "textarea"]

    with ThreadPoolExecutor(4) as callers:
        assert all(TEXT in texts for texts in callers.map(read, range(4)))
    [pod] = full_cluster.get("pods", namespace, "--selector=app.kubernetes.io/managed-by=ocr-operator")[
        "items"
    ]
    [container] = pod["status"]["containerStatuses"]
    assert container["restartCount"] == 0
    assert pod["spec"]["containers"][0]["resources"]["limits"]["memory"] == "4Gi"
