"""The Job that downloads a model set, and when two variants share one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import MODELS_LABEL, REVISION_LABEL
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.manifests.download_job import download_jobs, is_complete, is_outdated
from ocr_operator.observed.managed_objects import ObservedObject

Make = Callable[..., dict[str, Any]]
HUB = {"source": "Hub"}
MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
JAPANESE = {"name": "japan-mobile", "language": "japan", "modelType": "mobile"}
SERVER = {"name": "ch-server", "language": "ch", "modelType": "server"}

SHARED_LABELS = {
    "app.kubernetes.io/name": "ocr-backend",
    "app.kubernetes.io/instance": "ocr",
    "app.kubernetes.io/managed-by": "ocr-operator",
}


@pytest.fixture
def jobs_of(ocrbackend: Make, config: OperatorConfig) -> Callable[..., list[dict[str, Any]]]:
    """`jobs_of(**spec)`: the Jobs of an OCRBackend with models from a hub."""
    return lambda **spec: download_jobs(parse_backend(ocrbackend(**{"models": HUB} | spec)), config)


def test_the_job_is_complete_and_has_no_other_field(jobs_of: Callable[..., list[dict[str, Any]]]) -> None:
    placement = {
        "nodeSelector": {"pool": "ocr"},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone"}],
    }
    proxy = {"name": "HTTPS_PROXY", "value": "http://proxy:3128"}
    [job] = jobs_of(
        models={"source": "Hub", "hub": "BOS", "mirror": "https://mirror.example.com"},
        env=[proxy],
        options={"scoreThreshold": "0.9"},
        placement=placement,
        accelerator={"resourceName": "nvidia.com/gpu"},
        image={"pullSecrets": [{"name": "registry"}]},
    )
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert job == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"ocr-models-{labels[MODELS_LABEL]}",
            "namespace": "labs",
            "labels": SHARED_LABELS | {MODELS_LABEL: labels[MODELS_LABEL]},
            "ownerReferences": [
                {
                    "apiVersion": "ocrbackend.io/v1alpha1",
                    "kind": "OCRBackend",
                    "name": "ocr",
                    "uid": "uid-1",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "backoffLimit": 2147483647,
            "template": {
                "metadata": {
                    "labels": SHARED_LABELS
                    | {MODELS_LABEL: labels[MODELS_LABEL], REVISION_LABEL: labels[REVISION_LABEL]}
                },
                "spec": {
                    "affinity": {
                        "podAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": [
                                {
                                    "labelSelector": {"matchLabels": SHARED_LABELS},
                                    "topologyKey": "kubernetes.io/hostname",
                                }
                            ]
                        }
                    },
                    "restartPolicy": "OnFailure",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "nodeSelector": {"pool": "ocr"},
                    "imagePullSecrets": [{"name": "registry"}],
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 10001,
                        "runAsGroup": 10001,
                        "fsGroup": 10001,
                        "fsGroupChangePolicy": "OnRootMismatch",
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": "backend",
                            "image": "example.com/backend-gpu:1.0",
                            "imagePullPolicy": "IfNotPresent",
                            "args": [
                                "models",
                                "fetch",
                                "--status-port=9090",
                                "--report=/dev/termination-log",
                            ],
                            "env": [
                                {"name": "OCR_MODEL_HUB", "value": "bos"},
                                {"name": "OCR_MODEL_MIRROR", "value": "https://mirror.example.com"},
                                {"name": "PADDLEOCR_MODEL_TYPE", "value": "mobile"},
                                {"name": "PADDLEOCR_USE_GPU", "value": "true"},
                                proxy,
                            ],
                            "ports": [{"name": "progress", "containerPort": 9090, "protocol": "TCP"}],
                            "resources": {
                                "requests": {"cpu": "100m", "memory": "512Mi"},
                                "limits": {"memory": "2Gi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "terminationMessagePolicy": "FallbackToLogsOnError",
                            "volumeMounts": [
                                {"name": "tmp", "mountPath": "/tmp"},
                                {"name": "models", "mountPath": "/data/models"},
                            ],
                        }
                    ],
                    "volumes": [
                        {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
                        {"name": "models", "persistentVolumeClaim": {"claimName": "ocr-models"}},
                    ],
                },
            },
        },
    }


@pytest.mark.parametrize(
    ("variants", "count"),
    [
        pytest.param([MOBILE, JAPANESE], 1, id="one recognition model for both"),
        pytest.param([MOBILE, SERVER], 2, id="two model types"),
        pytest.param([MOBILE, MOBILE | {"language": "korean"}], 2, id="two recognition models"),
        pytest.param(
            [MOBILE, JAPANESE | {"options": {"useDocOrientation": True}}], 2, id="an additional model"
        ),
        pytest.param([MOBILE, JAPANESE | {"options": {"scoreThreshold": "0.9"}}], 1, id="another option"),
        pytest.param(
            [MOBILE, JAPANESE | {"accelerator": {"resourceName": "nvidia.com/gpu"}}], 2, id="another device"
        ),
    ],
)
def test_variants_share_a_job_if_they_need_the_same_models(
    jobs_of: Callable[..., list[dict[str, Any]]], variants: list[dict[str, Any]], count: int
) -> None:
    jobs = jobs_of(variants=variants)
    assert len({job["metadata"]["name"] for job in jobs}) == len(jobs) == count


@pytest.mark.parametrize(
    ("spec", "is_same"),
    [
        pytest.param({"options": {"scoreThreshold": "0.9"}}, True, id="an option of reading"),
        pytest.param({"image": {"tag": "2.0"}}, True, id="the image"),
        pytest.param({"server": {"threads": 3}}, True, id="the server"),
        pytest.param({"ocrVersion": "PP-OCRv4"}, False, id="the OCR version"),
        pytest.param({"engine": "Paddle"}, False, id="the engine, which may need another format"),
        pytest.param({"models": {"source": "Hub", "hub": "BOS"}}, False, id="the hub"),
        pytest.param({"models": {"source": "Hub", "mirror": "http://m"}}, False, id="the mirror"),
    ],
)
def test_the_name_of_a_job_depends_on_its_models_and_their_source(
    jobs_of: Callable[..., list[dict[str, Any]]], spec: dict[str, Any], is_same: bool
) -> None:
    [job], [other] = jobs_of(), jobs_of(**spec)
    assert (job["metadata"]["name"] == other["metadata"]["name"]) is is_same


@pytest.mark.parametrize("source", ["Builtin", "Claim"])
def test_without_a_hub_there_is_no_job(jobs_of: Callable[..., list[dict[str, Any]]], source: str) -> None:
    models = {"source": source, "storage": {"claimName": "prepared" if source == "Claim" else ""}}
    assert jobs_of(ocrVersion="PP-OCRv6", models=models) == []


def test_a_completed_job_is_outdated_once_its_volume_is_replaced(
    jobs_of: Callable[..., list[dict[str, Any]]], live: Callable[..., ObservedObject], now: datetime
) -> None:
    [manifest] = jobs_of()
    job = replace(
        live(manifest, status={"conditions": [{"type": "Complete", "status": "True"}]}), created=now
    )
    assert is_complete(job)
    assert not is_outdated(job, None)
    assert not is_outdated(job, replace(job, created=now))
    assert is_outdated(job, replace(job, created=now + timedelta(seconds=1)))
    assert is_outdated(job, replace(job, created=now, is_deleting=True))
