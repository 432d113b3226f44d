"""From `helm install` to the text of real images, through the Services of a real node."""

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
    def ready() -> Any:
        backend = cluster.get("ocrb", name, f"--namespace={namespace}")
        conditions = {each["type"]: each for each in backend.get("status", {}).get("conditions", [])}
        is_now = conditions.get("Ready", {}).get("observedGeneration") == backend["metadata"]["generation"]
        return backend if is_now and conditions["Ready"]["status"] == "True" else None

    found: dict[str, Any] = cluster.wait(ready, f"OCRBackend {name} Ready", READY_SECONDS)
    return found


def predictions(url: str, images: list[Path]) -> list[Any]:
    """Answers of one /predict request with all images as data URIs, in their order."""
    uris = [f"data:image/{p.suffix[1:]};base64,{base64.b64encode(p.read_bytes()).decode()}" for p in images]
    tasks = [{"id": number, "data": {"image": uri}} for number, uri in enumerate(uris)]
    body = {"tasks": tasks, "label_config": LABELING_CONFIG.read_text("utf-8")}
    answer = requests.post(f"{url}/predict", json=body, timeout=100)
    assert answer.status_code == 200, answer.text
    results: list[Any] = answer.json()["results"]
    return results


def lines(prediction: dict[str, Any]) -> list[str]:
    return [item["value"]["text"][0] for item in prediction["result"] if item["type"] == "textarea"]


@contextmanager
def fine_tuned_claim(cluster: Cluster, namespace: str) -> Iterator[None]:
    """The claim of the example, on a folder of the node; the builtin weights stand in for fine-tuned ones."""
    names = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}
    places = {"detection": "receipts/det", "recognition": "receipts/rec"}
    with TemporaryDirectory(prefix="ocr-e2e-models-") as folder:
        with builtin_models.folders(names) as found:
            for part, model in found.items():
                shutil.copytree(model.folder, Path(folder) / places[part])
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


def test_helm_install_on_an_empty_cluster_ends_ready_and_reads_the_images(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait")
    backend = wait_until_ready(full_cluster, restricted_namespace)
    assert backend["status"]["summary"] == "1/1"

    truth = json.loads((IMAGES / "ground_truth.json").read_text("utf-8"))
    readable = {name: facts["lines"] for name, facts in truth.items() if facts["default_model_can_read"]}
    url = backend_url(full_cluster, restricted_namespace, "ocr-ch-mobile")
    answers = predictions(url, [IMAGES / name for name in readable])
    scored = [score(wanted, lines(answer)) for wanted, answer in zip(readable.values(), answers, strict=True)]
    total = sum(scored, Score())
    assert total.error_rate <= 0.01, total.worst


def test_each_variant_has_a_service_of_its_own(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait", "--set", "backends=null")
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
        [answer] = predictions(url, [IMAGES / "ls_image.jpeg"])
        assert "Kenapa Harus Punya IMB?" in lines(answer)
        versions.add(answer["model_version"])
    assert len(versions) == len(variants)

    with fine_tuned_claim(full_cluster, restricted_namespace):
        full_cluster.kubectl("apply", "--namespace", restricted_namespace, "--filename", str(CUSTOM_MODELS))
        backend = wait_until_ready(full_cluster, restricted_namespace)
        assert [each["language"] for each in backend["status"]["variants"]] == ["latin"]
        url = backend_url(full_cluster, restricted_namespace, "ocr-latin-mobile")

        def read_by_new_pod() -> Any:
            """Ready says that the variant can be used: until the rollout ends, also by the old pod."""
            [answer] = predictions(url, [IMAGES / "ls_image.jpeg"])
            return answer if answer["model_version"] not in versions else None

        answer = full_cluster.wait(read_by_new_pod, "an answer of the fine-tuned models", READY_SECONDS)
        assert "Kenapa Harus Punya IMB?" in lines(answer)
        full_cluster.kubectl("delete", "ocrb", "ocr", f"--namespace={restricted_namespace}", "--wait")


def test_uninstalling_and_deleting_the_namespace_end_clean_while_the_operator_is_dead(
    full_cluster: Cluster, restricted_namespace: str, install: Install
) -> None:
    install("--wait", "--set", "backends=null")
    full_cluster.kubectl("apply", "--namespace", restricted_namespace, "--filename", str(TWO_VARIANTS))
    wait_until_ready(full_cluster, restricted_namespace)
    placed = f"--namespace={restricted_namespace}"
    full_cluster.kubectl(
        "scale",
        placed,
        "deployment",
        "--replicas=0",
        "--selector=app.kubernetes.io/name=ocr-backend-operator",
    )
    full_cluster.kubectl(
        "wait", placed, "--for=delete", "pod", "--selector=app.kubernetes.io/name=ocr-backend-operator"
    )

    full_cluster.helm("uninstall", "ocr", placed)
    assert full_cluster.get("ocrb", "ocr", placed), "uninstalling must keep the OCRBackends"
    full_cluster.kubectl("delete", "ocrb", "ocr", placed, "--wait", "--timeout=30s")
    full_cluster.wait(
        lambda: not full_cluster.get("deployments,services", placed), "the children collected", 60
    )
    full_cluster.kubectl("apply", placed, "--filename", str(TWO_VARIANTS))
    full_cluster.kubectl("delete", "namespace", restricted_namespace, "--wait", "--timeout=120s")
