"""The largest images are read within the memory that the values for a laptop give."""

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
SIDE = 4000  # px: of larger ones no more is looked at


def page(number: int) -> str:
    """A page of the largest size with some text in a corner, like no other, as a data URI."""
    image = cv2.imread(str(ROOT / "tests/data/images/ls_image.jpeg"))
    assert image is not None
    sheet = np.full((SIDE, SIDE, 3), 255, np.uint8)
    sheet[: image.shape[0], : image.shape[1]] = image
    sheet[-1 - number] = 0
    coded, content = cv2.imencode(".png", sheet)
    assert coded
    return f"data:image/png;base64,{base64.b64encode(content.tobytes()).decode()}"


def test_several_of_the_largest_at_once_are_read_and_no_pod_is_killed(
    full_cluster: Cluster, restricted_namespace: str, install: Callable[..., str]
) -> None:
    where = f"--namespace={restricted_namespace}"
    install("--wait", "--values", str(LAPTOP))
    full_cluster.wait(lambda: full_cluster.get("ocrb", "ocr", where), "the OCRBackend")
    full_cluster.kubectl("wait", where, "--for=condition=Ready", "ocrb/ocr", "--timeout=240s", seconds=300)
    address = full_cluster.get("service", "ocr-ch-mobile", where)["spec"]["clusterIP"]
    config = LABELING_CONFIG.read_text("utf-8")

    def read(number: int) -> list[str]:
        body = {"label_config": config, "tasks": [{"id": number, "data": {"image": page(number)}}]}
        answer = requests.post(f"http://{address}:9090/predict", json=body, timeout=240)
        [prediction] = answer.json()["results"]
        return [one["value"]["text"][0] for one in prediction["result"] if one["type"] == "textarea"]

    with ThreadPoolExecutor(4) as callers:
        assert all(TEXT in found for found in callers.map(read, range(4)))
    [pod] = full_cluster.get("pods", where, "--selector=app.kubernetes.io/managed-by=ocr-operator")["items"]
    [container] = pod["status"]["containerStatuses"]
    assert container["restartCount"] == 0
    assert pod["spec"]["containers"][0]["resources"]["limits"]["memory"] == "4Gi"
