"""From `helm install` to the text of images, through the Services of a real node."""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import pytest
import requests

from ocr_backend.models import builtin_models, golden_sample
from ocr_cluster.cluster import Cluster
from ocr_demo.image import LABELING_CONFIG
from ocr_quality import Score, score

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "tests/data/images"
TWO_VARIANTS = ROOT / "docs/examples/two-variants.yaml"
CUSTOM_MODELS = ROOT / "docs/examples/custom-models.yaml"
READY_SECONDS = 240

Install = Callable[..., str]


def backend_url(cluster: Cluster, namespace: str, service: str) -> str:
    address = cluster.get("service", service, f"--namespace={namespace}")["spec"]["clusterIP"]
    return f"http://{address}:9090"


def wait_until_ready(cluster: Cluster, namespace: str, name: str = "ocr") -> dict[str, Any]:
    def ready_backend() -> Any:
        backend = cluster.get("ocrb", name, f"--namespace={namespace}")
        conditions = {each["type"]: each for each in backend.get("status", {}).get("conditions", [])}
        is_current = (
            conditions.get("Ready", {}).get("observedGeneration") == backend["metadata"]["generation"]
        )
        return backend if is_current and conditions["Ready"]["status"] == "True" else None

    ready: dict[str, Any] = cluster.wait(ready_backend, f"OCRBackend {name} Ready", READY_SECONDS)
    return ready


def predictions(url: str, images: list[Path]) -> list[Any]:
    """The predictions of one /predict request with all images as data URIs, in order."""
    uris = [f"data:image/{p.suffix[1:]};base64,{base64.b64encode(p.read_bytes()).decode()}" for p in images]
    tasks = [{"id": number, "data": {"image": uri}} for number, uri in enumerate(uris)]
    body = {"tasks": tasks, "label_config": LABELING_CONFIG.read_text("utf-8")}
    response = requests.post(f"{url}/predict", json=body, timeout=100)
    assert response.status_code == 200, response.text
    results: list[Any] = response.json()["results"]
    return results


def lines(prediction: dict[str, Any]) -> list[str]:
    return [region["value"]["text"][0] for region in prediction["result"] if region["type"] == "textarea"]


@contextmanager
def fine_tuned_claim(cluster: Cluster, namespace: str) -> Iterator[None]:
    """The claim of the example, on a folder of the node; builtin weights replace fine-tuned ones."""
    names = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}
    paths = {"detection": "receipts/det", "recognition": "receipts/rec"}
    with TemporaryDirectory(prefix="ocr-e2e-models-") as folder:
        with builtin_models.folders(names) as models:
            for role, model in models.items():
                shutil.copytree(model.folder, Path(folder) / paths[role])
        cv2.imwrite(f"{folder}/receipts/rec/golden.png", golden_sample.default_image())
        Path(f"{folder}/receipts/rec/golden.txt").write_text(golden_sample.TEXT)
        Path(folder).chmod(0o755)
        shared = {
            "accessModes": ["ReadOnlyMany"],
            "storageClassName": "",
            "volumeName": f"{namespace}-fine-tuned",
        }
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": shared["volumeName"]},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": shared["accessModes"],
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": folder, "type": "Directory"},
            },
        }
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "fine-tuned", "namespace": namespace},
            "spec": {**shared, "resources": {"requests": {"storage": "1Gi"}}},
        }
        cluster.apply(volume)
        cluster.apply(claim)
        yield
        cluster.kubectl("delete", "persistentvolume", str(shared["volumeName"]), "--wait=false")


def test_helm_install_ends_ready_and_reads_the_images(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait")
    backend = wait_until_ready(full_cluster, restricted_namespace)
    assert backend["status"]["summary"] == "1/1"

    truth = json.loads((IMAGES / "ground_truth.json").read_text("utf-8"))
    readable = {name: facts["lines"] for name, facts in truth.items() if facts["default_model_can_read"]}
    url = backend_url(full_cluster, restricted_namespace, "ocr-ch-mobile")
    results = predictions(url, [IMAGES / name for name in readable])
    scores = [
        score(expected, lines(result)) for expected, result in zip(readable.values(), results, strict=True)
    ]
    total = sum(scores, Score())
    assert total.error_rate <= 0.01, total.worst


def test_each_variant_has_its_own_service(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait", "--set", "backends=null,defaultBackend.enabled=false")
    full_cluster.kubectl("apply", "--namespace", restricted_namespace, "--filename", str(TWO_VARIANTS))
    backend = wait_until_ready(full_cluster, restricted_namespace)
    variants = backend["status"]["variants"]
    assert [(each["language"], each["modelType"]) for each in variants] == [
        ("ch", "mobile"),
        ("latin", "mobile"),
    ]
    versions = set()
    for variant in variants:
        service = f"ocr-{variant['language']}-{variant['modelType']}"
        assert variant["url"] == f"http://{service}.{restricted_namespace}.svc:9090"
        url = backend_url(full_cluster, restricted_namespace, service)
        [prediction] = predictions(url, [IMAGES / "ls_image.jpeg"])
        assert "Kenapa Harus Punya IMB?" in lines(prediction)
        versions.add(prediction["model_version"])
    assert len(versions) == len(variants)

    with fine_tuned_claim(full_cluster, restricted_namespace):
        full_cluster.kubectl("apply", "--namespace", restricted_namespace, "--filename", str(CUSTOM_MODELS))
        backend = wait_until_ready(full_cluster, restricted_namespace)
        assert [each["language"] for each in backend["status"]["variants"]] == ["latin"]
        url = backend_url(full_cluster, restricted_namespace, "ocr-latin-mobile")

        def new_prediction() -> Any:
            """Until the rollout ends, a Ready variant may still be served by the old pod."""
            [prediction] = predictions(url, [IMAGES / "ls_image.jpeg"])
            return prediction if prediction["model_version"] not in versions else None

        prediction = full_cluster.wait(new_prediction, "a prediction of the fine-tuned models", READY_SECONDS)
        assert "Kenapa Harus Punya IMB?" in lines(prediction)
        full_cluster.kubectl("delete", "ocrb", "ocr", f"--namespace={restricted_namespace}", "--wait")


def test_uninstalling_and_deleting_the_namespace_need_no_operator(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait", "--set", "backends=null,defaultBackend.enabled=false")
    full_cluster.kubectl("apply", "--namespace", restricted_namespace, "--filename", str(TWO_VARIANTS))
    wait_until_ready(full_cluster, restricted_namespace)
    namespace = f"--namespace={restricted_namespace}"
    full_cluster.kubectl(
        "scale",
        namespace,
        "deployment",
        "--replicas=0",
        "--selector=app.kubernetes.io/name=ocr-backend-operator",
    )
    full_cluster.kubectl(
        "wait", namespace, "--for=delete", "pod", "--selector=app.kubernetes.io/name=ocr-backend-operator"
    )

    full_cluster.helm("uninstall", "ocr", namespace)
    assert full_cluster.get("ocrb", "ocr", namespace), "uninstalling must keep the OCRBackends"
    full_cluster.kubectl("delete", "ocrb", "ocr", namespace, "--wait", "--timeout=30s")
    full_cluster.wait(
        lambda: not full_cluster.get("deployments,services", namespace),
        "the managed objects to be deleted",
        60,
    )
    full_cluster.kubectl("apply", namespace, "--filename", str(TWO_VARIANTS))
    full_cluster.kubectl("delete", "namespace", restricted_namespace, "--wait", "--timeout=120s")
