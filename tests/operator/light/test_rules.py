"""Which OCRBackends a real API server accepts, and the messages with which it rejects others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocr_backend.config import model_catalog
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from ocr_operator.crd.spec_schema import MAX_VARIANTS, spec_schema
from ocr_operator.docs.crd_reference import rule_messages
from rejected_backend_specs import BUILTIN, CLAIM, MOBILE, REJECTED_BACKENDS
from rejected_pod_specs import REJECTED_PODS

pytestmark = pytest.mark.light

Send = Callable[..., str]
EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "examples").glob("*.yaml"))


@pytest.fixture
def send(light_cluster: Cluster, crd_installed: None) -> Send:
    """`send(spec, name=…)`: the API server's output for an OCRBackend that it only validates."""

    def make(spec: Any, name: str = "ocr", *arguments: str) -> str:
        body = {
            "apiVersion": "ocrbackend.io/v1alpha1",
            "kind": "OCRBackend",
            "metadata": {"name": name, "namespace": "default"},
            "spec": spec,
        }
        try:
            return light_cluster.kubectl(
                "create",
                "--dry-run=server",
                "--output=json",
                "--filename=-",
                *arguments,
                input=json.dumps(body),
            )
        except ClusterError as error:
            return str(error)

    return make


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"variants": [MOBILE]}, id="a minimal spec"),
        pytest.param(BUILTIN | {"variants": [MOBILE]}, id="the builtin models"),
        pytest.param(
            BUILTIN | {"variants": [MOBILE | {"language": "fr"}]}, id="a name of a builtin language"
        ),
        pytest.param(
            {
                "variants": [
                    {"name": f"{name}-mobile", "language": name, "modelType": "mobile"}
                    for name in ("ru", "uk", "hi", "fr", "german", "ar")
                ]
            },
            id="names of languages",
        ),
        pytest.param(
            {
                "variants": [
                    {
                        "name": f"{language}-{model_type}".replace("_", "-"),
                        "language": language,
                        "modelType": model_type,
                    }
                    for language in list(model_catalog.languages_of("PP-OCRv5"))[: MAX_VARIANTS // 2]
                    for model_type in model_catalog.MODEL_TYPES
                ]
            },
            id="all sixteen variants",
        ),
        pytest.param(
            {"variants": [MOBILE], "models": {"source": "Claim", "storage": {"claimName": "mine"}}},
            id="a claim of the user",
        ),
        pytest.param(
            {"variants": [MOBILE], "models": {"source": "Hub", "storage": {"claimName": "mine"}}},
            id="a claim of the user to download to",
        ),
        pytest.param({"variants": [MOBILE], "models": {"offline": True}}, id="a hub without downloads"),
        pytest.param(
            CLAIM | {"variants": [MOBILE | {"models": {"detection": "a..b/.c", "recognition": "rec"}}]},
            id="custom models on a claim",
        ),
        pytest.param(
            {"variants": [MOBILE], "models": {"source": "Image", "image": {"reference": "models:1"}}},
            id="a models image",
        ),
        pytest.param(
            {
                "variants": [MOBILE | {"models": {"recognition": "receipts/rec"}}],
                "models": {"source": "Image", "image": {"reference": "models:1"}},
            },
            id="custom models in an image",
        ),
        pytest.param(
            {"variants": [MOBILE | {"resources": {"requests": {"cpu": 1, "memory": "1Gi"}}}]},
            id="quantities as numbers and strings",
        ),
        pytest.param(
            {"variants": [MOBILE], "accelerator": {"resourceName": "nvidia.com/mig-1g.10gb"}},
            id="a slice of a GPU",
        ),
        pytest.param(
            {
                "variants": [MOBILE],
                "env": [{"name": "HTTPS_PROXY", "value": "http://p:3128"}],
            },
            id="a variable of the user",
        ),
        pytest.param(
            {"variants": [MOBILE], "placement": {"affinity": {"nodeAffinity": {}}}}, id="an affinity"
        ),
        pytest.param(
            {"variants": [MOBILE], "options": {"scoreThreshold": "1"}}, id="an integer as threshold"
        ),
        pytest.param(
            {
                "variants": [MOBILE],
                "networkPolicy": {
                    "enabled": True,
                    "allowFrom": [
                        {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "prometheus"}}},
                        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
                    ],
                },
            },
            id="pods and addresses as peers",
        ),
        pytest.param(
            {
                "variants": [MOBILE],
                "podTemplate": {
                    "volumes": [{"name": "a", "secret": {"secretName": "ca"}}],
                    "volumeMounts": [{"name": "a", "mountPath": "/database"}],
                },
            },
            id="a path that only begins like a reserved one",
        ),
    ],
)
def test_the_api_server_accepts(send: Send, spec: dict[str, Any]) -> None:
    assert json.loads(send(spec))["kind"] == "OCRBackend"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_in_the_manual_are_accepted(
    light_cluster: Cluster, crd_installed: None, path: Path
) -> None:
    arguments = ("create", "--dry-run=server", "--validate=strict", "--output=name", "--filename")
    output = light_cluster.kubectl(*arguments, str(path))
    assert output.split() == ["ocrbackend.ocrbackend.io/ocr"]


@pytest.mark.parametrize(
    ("language", "similar"),
    [("koreen", "korean"), ("FR", "fr or french"), ("japanese", "japan"), ("Devangari", "devanagari or de")],
)
def test_an_unknown_language_is_answered_with_similar_ones(send: Send, language: str, similar: str) -> None:
    assert f"the language is unknown; did you mean {similar}?" in send(
        {"variants": [MOBILE | {"language": language}]}
    )


def test_a_language_that_is_similar_to_none_is_answered_with_the_codes(send: Send) -> None:
    output = send({"variants": [MOBILE | {"language": "xx"}]})
    assert "te, ta, ka, chinese_cht, or one of PaddleOCR's names of languages, such as fr" in output
    assert "did you mean" not in output


REJECTED = [*REJECTED_BACKENDS, *REJECTED_PODS]


@pytest.mark.parametrize(("spec", "message"), REJECTED)
def test_the_api_server_rejects(send: Send, spec: dict[str, Any], message: str) -> None:
    assert message in send(spec)


NAMES = [
    pytest.param("a" * 41, "metadata.name must have at most 40 characters", id="too long"),
    pytest.param("1ocr", "metadata.name must begin with a lower-case letter", id="a digit first"),
    pytest.param("ocr.labs", "metadata.name must begin with a lower-case letter", id="a dot"),
]


@pytest.mark.parametrize(("name", "message"), NAMES)
def test_names_that_a_service_must_not_have_are_rejected(send: Send, name: str, message: str) -> None:
    assert message in send({"variants": [MOBILE]}, name)


LARGER = {"size": "7Gi"}
VOLUMES = [
    pytest.param({"size": "4Gi"}, "models.storage.size must not be decreased", id="a smaller volume"),
    pytest.param({"accessMode": "ReadWriteMany"}, "accessMode are immutable", id="another access mode"),
    pytest.param(
        {"storageClassName": "fast"},
        "storageClassName and accessMode are immutable",
        id="another storage class",
    ),
]


@pytest.mark.parametrize("message", list(rule_messages(spec_schema())))
def test_every_rule_has_a_rejected_spec(message: str) -> None:
    expected = [text for _, text in (param.values for param in (*REJECTED, *NAMES, *VOLUMES))]
    assert any(text in message for text in expected)


@pytest.mark.parametrize(("storage", "message"), VOLUMES)
def test_an_existing_volume_cannot_be_replaced(
    light_cluster: Cluster, namespace: str, crd_installed: None, storage: dict[str, str], message: str
) -> None:
    body = {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "metadata": {"name": "ocr", "namespace": namespace},
        "spec": {"variants": [MOBILE], "models": {"storage": {"size": "5Gi"}}},
    }
    light_cluster.apply(body)
    with pytest.raises(ClusterError, match=message):
        light_cluster.apply(body | {"spec": {"variants": [MOBILE], "models": {"storage": storage}}})
    light_cluster.apply(body | {"spec": {"variants": [MOBILE], "models": {"storage": {"size": "6Gi"}}}})
    # The rules are for a managed volume; they do not apply if a claim of the user replaces it.
    light_cluster.apply(body | {"spec": {"variants": [MOBILE], "models": {"storage": {"claimName": "mine"}}}})
    light_cluster.apply(body | {"spec": {"variants": [MOBILE], "models": {"storage": storage | LARGER}}})


def test_only_defaults_that_the_operator_depends_on_are_stored(send: Send) -> None:
    spec = json.loads(send({"variants": [MOBILE]}))["spec"]
    assert (spec["ocrVersion"], spec["engine"]) == ("PP-OCRv5", "Auto")
    assert spec["models"] == {"source": "Hub", "reclaimPolicy": "Delete"}
    assert not {"options", "server", "labelStudio"} & spec.keys()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ocrbackend", "OCR backends for Label Studio: one or more variants"),
        ("ocrb.spec.variants", "-required-"),
        ("ocrb.spec.options.scoreThreshold", "lines with a lower score are left out"),
        ("ocrb.spec.labelStudio.mapping.bboxFromName", "Name of the Rectangle tag"),
        ("ocrb.spec.models.storage.size", "Size of the volume that the source Hub downloads to"),
        ("ocrb.status.variants.lastFailure.exitCode", "Exit code of the container"),
    ],
)
def test_kubectl_explain_shows_descriptions_at_every_level(
    light_cluster: Cluster, crd_installed: None, path: str, text: str
) -> None:
    assert text in " ".join(light_cluster.kubectl("explain", path).split())


def test_the_short_name_and_the_category_are_registered(light_cluster: Cluster, crd_installed: None) -> None:
    resources = light_cluster.kubectl("api-resources", "--api-group=ocrbackend.io", "--output=wide")
    assert "ocrb " in resources
    assert "ocr" in resources.split()[-1]
