"""What a real API server accepts as an OCRBackend, and the sentences with which it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocr_backend.config import model_catalog
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from ocr_operator.crd.spec_schema import MAX_VARIANTS, spec_schema
from ocr_operator.docs.crd_reference import refusals

pytestmark = pytest.mark.light

MOBILE = {"language": "ch", "modelType": "mobile"}
BUILTIN = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
CLAIM = {"models": {"source": "Claim", "storage": {"existingClaim": "mine"}}}
Send = Callable[..., str]
EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "examples").glob("*.yaml"))


@pytest.fixture
def send(light_cluster: Cluster, crd_installed: None) -> Send:
    """`send(spec, name=…)`: has the API server check an OCRBackend without keeping it; answers its words."""

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
        pytest.param({"variants": [MOBILE]}, id="the smallest"),
        pytest.param(BUILTIN | {"variants": [MOBILE]}, id="the builtin models"),
        pytest.param(
            {
                "variants": [
                    {"language": language, "modelType": tier}
                    for language in list(model_catalog.languages_of("PP-OCRv5"))[: MAX_VARIANTS // 2]
                    for tier in model_catalog.MODEL_TYPES
                ]
            },
            id="all sixteen variants",
        ),
        pytest.param(
            {"variants": [MOBILE], "models": {"source": "Claim", "storage": {"existingClaim": "mine"}}},
            id="a volume of the user's",
        ),
        pytest.param(
            {"variants": [MOBILE], "models": {"source": "Hub", "storage": {"existingClaim": "mine"}}},
            id="a volume of the user's to download to",
        ),
        pytest.param({"variants": [MOBILE], "models": {"offline": True}}, id="a hub that is not asked"),
        pytest.param(
            CLAIM | {"variants": [MOBILE | {"models": {"detection": "a..b/.c", "recognition": "rec"}}]},
            id="custom models on it",
        ),
        pytest.param(
            {"variants": [MOBILE], "models": {"source": "Image", "image": {"reference": "models:1"}}},
            id="an image of models",
        ),
        pytest.param(
            {
                "variants": [MOBILE | {"models": {"recognition": "receipts/rec"}}],
                "models": {"source": "Image", "image": {"reference": "models:1"}},
            },
            id="custom models in it",
        ),
        pytest.param(
            {"variants": [MOBILE | {"resources": {"requests": {"cpu": 1, "memory": "1Gi"}}}]},
            id="amounts as numbers and texts",
        ),
        pytest.param(
            {"variants": [MOBILE], "accelerator": {"resourceName": "nvidia.com/mig-1g.10gb"}},
            id="a slice of a GPU",
        ),
        pytest.param(
            {
                "variants": [MOBILE],
                "options": {"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://p:3128"}]},
            },
            id="a variable of the user's",
        ),
        pytest.param(
            {"variants": [MOBILE], "placement": {"affinity": {"nodeAffinity": {}}}}, id="an affinity"
        ),
        pytest.param(
            {"variants": [MOBILE], "options": {"scoreThreshold": "1"}}, id="a whole number as threshold"
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
            id="pods and addresses that may come in",
        ),
        pytest.param(
            {
                "variants": [MOBILE],
                "podTemplate": {
                    "volumes": [{"name": "a", "secret": {"secretName": "ca"}}],
                    "volumeMounts": [{"name": "a", "mountPath": "/database"}],
                },
            },
            id="a folder whose name only begins like one of the backend's",
        ),
    ],
)
def test_the_api_server_accepts(send: Send, spec: dict[str, Any]) -> None:
    assert json.loads(send(spec))["kind"] == "OCRBackend"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_of_the_manual_are_accepted_as_they_are(
    light_cluster: Cluster, crd_installed: None, path: Path
) -> None:
    arguments = ("create", "--dry-run=server", "--validate=strict", "--output=name", "--filename")
    found = light_cluster.kubectl(*arguments, str(path))
    assert found.split() == ["ocrbackend.ocrbackend.io/ocr"]


REFUSED = [
    pytest.param({}, "spec.variants: Required value", id="no variants"),
    pytest.param({"variants": []}, "should have at least 1 items", id="an empty list"),
    pytest.param({"variants": [{"language": "ch"}]}, "variants[0].modelType: Required value", id="no size"),
    pytest.param(
        {"variants": [{"language": "koreen", "modelType": "mobile"}]},
        'supported values: "ch", "en", "japan", "korean", "arabic", "cyrillic", "devanagari", "latin", "esl',
        id="an unknown language",
    ),
    pytest.param(
        {"variants": [{"language": "ch", "modelType": "tiny"}]},
        'supported values: "server", "mobile"',
        id="an unknown size",
    ),
    pytest.param(
        {"variants": [MOBILE, MOBILE]},
        'variants[1]: Duplicate value: {"language":"ch","modelType":"mobile"}',
        id="a variant twice",
    ),
    pytest.param({"variants": [MOBILE] * 17}, "must have at most 16 items", id="seventeen variants"),
    pytest.param(
        {"ocrVersion": "PP-OCRv6", "variants": [{"language": "korean", "modelType": "mobile"}]},
        "PP-OCRv6 reads ch, en, japan, latin, chinese_cht; korean is read by PP-OCRv5 and PP-OCRv3",
        id="a language that the newest generation lacks",
    ),
    pytest.param(
        {"ocrVersion": "PP-OCRv4", "variants": [{"language": "japan", "modelType": "mobile"}]},
        "PP-OCRv4 reads ch, en",
        id="a language that an old generation lacks",
    ),
    pytest.param(
        {"ocrVersion": "PP-OCRv5", "variants": [{"language": "ka", "modelType": "mobile"}]},
        "PP-OCRv5 reads ch, en, japan, korean, arabic, cyrillic, devanagari, latin, eslav",
        id="a language that only the oldest generation has",
    ),
    pytest.param(
        {"ocrVersion": "PP-OCRv3", "variants": [{"language": "th", "modelType": "mobile"}]},
        "PP-OCRv3 reads ch, en, japan, korean, arabic, cyrillic, devanagari, latin, eslav",
        id="a language that came later",
    ),
    pytest.param(
        {"ocrVersion": "PP-OCRv2", "variants": [MOBILE]},
        'supported values: "PP-OCRv6"',
        id="an unknown generation",
    ),
    pytest.param(
        {"variants": [MOBILE | {"replicas": 2, "autoscaling": {"maxReplicas": 3}}]},
        "a variant has replicas or autoscaling, not both",
        id="replicas and autoscaling",
    ),
    pytest.param(
        {"variants": [MOBILE | {"autoscaling": {"minReplicas": 3, "maxReplicas": 2}}]},
        "autoscaling.minReplicas must not be greater than autoscaling.maxReplicas",
        id="fewest above most",
    ),
    pytest.param(
        {
            "variants": [
                MOBILE | {"autoscaling": {"maxReplicas": 2}, "resources": {"limits": {"memory": "1Gi"}}}
            ]
        },
        "autoscaling goes by the CPU that a pod asks for: set resources.requests.cpu",
        id="autoscaling without a request",
    ),
    pytest.param(
        {"models": {"source": "Builtin"}, "variants": [MOBILE]},
        "models.source Builtin has the mobile models of PP-OCRv6 only: set ocrVersion to PP-OCRv6",
        id="builtin of another generation",
    ),
    pytest.param(
        BUILTIN | {"variants": [{"language": "ch", "modelType": "server"}]},
        "every modelType to mobile",
        id="builtin of another size",
    ),
    pytest.param(
        BUILTIN | {"variants": [MOBILE], "options": {"useDocUnwarping": True}},
        "models.source Builtin has no models for useDocUnwarping",
        id="builtin without a network",
    ),
    pytest.param(
        BUILTIN | {"variants": [MOBILE | {"options": {"useDocOrientation": True}}]},
        "models.source Builtin has no models for useDocOrientation",
        id="builtin without a network, for a variant",
    ),
    pytest.param(
        BUILTIN | {"variants": [MOBILE], "engine": "Paddle"},
        "models.source Builtin has no useTextlineOrientation for the engine Paddle",
        id="builtin with the other engine",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "OnnxRuntime", "ocrVersion": "PP-OCRv4"},
        "the hub has PP-OCRv4 and PP-OCRv3 for the engine Paddle only",
        id="an engine without models",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "OnnxRuntime", "options": {"useDocUnwarping": True}},
        "the engines OpenVINO and OnnxRuntime cannot do useDocUnwarping",
        id="an engine that cannot",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "OpenVINO", "accelerator": {"resourceName": "nvidia.com/gpu"}},
        "the engine OpenVINO reads on the CPU",
        id="an engine without devices",
    ),
    pytest.param(
        {
            "variants": [MOBILE | {"accelerator": {"resourceName": "nvidia.com/gpu"}}],
            "engine": "OpenVINO",
        },
        "the engine OpenVINO reads on the CPU",
        id="an engine without devices for a variant",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "Tesseract"},
        'supported values: "Auto", "OpenVINO", "OnnxRuntime", "Paddle"',
        id="an unknown engine",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"source": "Claim"}},
        "models.source Claim reads from models.storage.existingClaim",
        id="a claim without its name",
    ),
    pytest.param(
        {
            "ocrVersion": "PP-OCRv6",
            "variants": [MOBILE],
            "models": {"source": "Builtin", "storage": {"existingClaim": "mine"}},
        },
        "models.storage.existingClaim is for the sources Claim, which reads from it, and Hub",
        id="the name of a claim without a use for it",
    ),
    *(
        pytest.param(
            {"variants": [MOBILE], "models": {"source": source, "storage": {"existingClaim": "mine"} | more}},
            "models.storage.existingClaim is a volume that is there already: leave out size, ",
            id=f"{field} of a claim of the user's, for {source}",
        )
        for source in ("Claim", "Hub")
        for field, more in [
            ("size", {"size": "10Gi"}),
            ("class", {"storageClassName": "fast"}),
            ("mode", {"accessMode": "ReadWriteMany"}),
        ]
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"source": "Image"}},
        "models.source Image and models.image go together",
        id="an image of models without its name",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"image": {"reference": "models:1"}}},
        "models.source Image and models.image go together",
        id="the name of an image without the source",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"offline": True, "mirror": "https://hub.example.com"}},
        "models.offline asks no hub and no mirror",
        id="a mirror that is not asked",
    ),
    pytest.param(
        {"variants": [MOBILE | {"models": {"recognition": "rec"}}]},
        "a variant's models name folders that you bring: set models.source to Claim",
        id="a custom recogniser from the hub",
    ),
    pytest.param(
        BUILTIN | {"variants": [MOBILE | {"models": {"detection": "det"}}]},
        "a variant's models name folders that you bring: set models.source to Claim",
        id="a custom detector in the image",
    ),
    *(
        pytest.param(
            CLAIM | {"variants": [MOBILE | {"models": {field: folder}}]},
            f"models.{field} is the path of a folder from the root of the claim, or from /models of",
            id=f"a custom model in {folder}",
        )
        for field, folder in [
            ("recognition", "/data/models/rec"),
            ("detection", "../det"),
            ("recognition", "receipts/../../rec"),
            ("recognition", "receipts/.."),
            ("detection", "."),
            ("detection", "receipts//det"),
            ("detection", "receipts/"),
        ]
    ),
    pytest.param(
        CLAIM | {"variants": [MOBILE | {"models": {"recognition": ""}}]},
        "models.recognition",
        id="a custom recogniser without a name",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"mirror": "hub.example.com"}},
        "models.mirror is a URL that begins with http:// or https://",
        id="a mirror that is no URL",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"storage": {"size": "much"}}},
        "models.storage.size",
        id="a size of words",
    ),
    pytest.param(
        {"variants": [MOBILE], "labelStudio": {"url": "labels.example.com"}},
        "labelStudio.url is a URL that begins with http:// or https://",
        id="a host for a URL",
    ),
    pytest.param(
        {"variants": [MOBILE], "labelStudio": {"apiKeySecretRef": {"name": "s"}}},
        "apiKeySecretRef.key: Required value",
        id="a secret without a key",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"scoreThreshold": "1.5"}},
        'scoreThreshold is a decimal from 0 to 1 in quotes, such as "0.5"',
        id="a threshold above one",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"scoreThreshold": "half"}},
        'scoreThreshold is a decimal from 0 to 1 in quotes, such as "0.5"',
        id="a threshold in words",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"scoreThreshold": 0.5}}, "must be of type string", id="a float"
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"extraEnv": [{"name": "OCR_PORT", "value": "1"}]}},
        "extraEnv must not set variables that other fields of the spec set",
        id="a variable of the backend's",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"extraEnv": [{"name": "LABEL_STUDIO_API_KEY", "value": "x"}]}},
        "use those fields",
        id="a secret in the open",
    ),
    pytest.param(
        {
            "variants": [MOBILE],
            "options": {
                "extraEnv": [
                    {"name": "A", "value": "1", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
                ]
            },
        },
        "a variable of extraEnv has value or valueFrom, not both",
        id="two values of one variable",
    ),
    pytest.param(
        {"variants": [MOBILE], "accelerator": {"resourceName": "gpu"}},
        "accelerator.resourceName names an extended resource, such as nvidia.com/gpu",
        id="a device without a domain",
    ),
    pytest.param(
        {"variants": [MOBILE], "accelerator": {"resourceName": "nvidia.com/gpu", "count": 0}},
        "should be greater than or equal to 1",
        id="no device",
    ),
    pytest.param(
        {"variants": [MOBILE], "server": {"threads": 0}}, "greater than or equal to 1", id="no thread"
    ),
    pytest.param(
        {"variants": [MOBILE | {"replicas": 0}]}, "should be greater than or equal to 1", id="no pod"
    ),
    pytest.param(
        {"variants": [MOBILE], "image": {"digest": "sha256:12"}}, "image.digest", id="half a digest"
    ),
    pytest.param(
        {"variants": [MOBILE], "rollout": {"progressDeadlineSeconds": 5}},
        "should be greater than or equal to 30",
        id="a deadline that nothing can keep",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"extraEnv": [{"name": "A", "valueFrom": {}}]}},
        "valueFrom has either secretKeyRef or configMapKeyRef",
        id="a variable from nowhere",
    ),
    pytest.param(
        {"variants": [MOBILE], "networkPolicy": {"allowFrom": [{}]}},
        "an entry of networkPolicy.allowFrom has ipBlock, or else podSelector, namespaceSelector or both",
        id="nobody",
    ),
    pytest.param(
        {
            "variants": [MOBILE],
            "networkPolicy": {"allowFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]},
        },
        "an entry of networkPolicy.allowFrom has ipBlock, or else podSelector, namespaceSelector or both",
        id="pods and addresses in one",
    ),
    pytest.param(
        {"variants": [MOBILE], "networkPolicy": {"allowFrom": [{"ipBlock": {"cidr": "10.0.0"}}]}},
        "a network is written as 10.0.0.0/8 or 2001:db8::/32",
        id="a network that is none",
    ),
    pytest.param(
        {"variants": [MOBILE], "monitoring": {"serviceMonitor": "Perhaps"}},
        'supported values: "Never", "Auto", "Always"',
        id="perhaps",
    ),
    pytest.param(
        {"variants": [MOBILE], "monitoring": {"labels": {"app.kubernetes.io/instance": "x"}}},
        "the labels app.kubernetes.io/instance, app.kubernetes.io/managed-by, app.kubernetes.io/name and",
        id="a label of the operator's",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"labels": {"ocrbackend.io/language": "x"}}},
        "are the operator's: take other names",
        id="a label of the operator's on pods",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumes": [{"name": "files"}]}},
        "a volume of podTemplate has exactly one of configMap, secret, persistentVolumeClaim, emptyDir",
        id="a volume of nothing",
    ),
    pytest.param(
        {
            "variants": [MOBILE],
            "podTemplate": {"volumes": [{"name": "files", "emptyDir": {}, "configMap": {"name": "files"}}]},
        },
        "a volume of podTemplate has exactly one of configMap, secret, persistentVolumeClaim, emptyDir",
        id="a volume of two things",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}},
        'unknown field "spec.podTemplate.volumes[0].hostPath"',
        id="a folder of the host",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumes": [{"name": "tmp", "emptyDir": {}}]}},
        "the volumes tmp and models are the operator's: take another name",
        id="a volume of the operator's",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumeMounts": [{"name": "a", "mountPath": "/a"}]}},
        "every entry of podTemplate.volumeMounts names one of podTemplate.volumes",
        id="a mount of nothing",
    ),
    *(
        pytest.param(
            {
                "variants": [MOBILE],
                "podTemplate": {
                    "volumes": [{"name": "a", "emptyDir": {}}],
                    "volumeMounts": [{"name": "a", "mountPath": path}],
                },
            },
            "podTemplate.volumeMounts cannot lie in or above /tmp and /data/models",
            id=f"a mount at {path}",
        )
        for path in ("/tmp", "/tmp/more", "/data", "/data/models", "/data/models/x")
    ),
    pytest.param(
        {"variants": [MOBILE], "placement": {"topologySpread": [{"maxSkew": 1}]}},
        "topologySpread[0].topologyKey: Required value",
        id="spread over nothing",
    ),
    pytest.param({"variants": [MOBILE], "option": {}}, 'unknown field "spec.option"', id="an unknown field"),
]


@pytest.mark.parametrize(("spec", "sentence"), REFUSED)
def test_the_api_server_refuses(send: Send, spec: dict[str, Any], sentence: str) -> None:
    assert sentence in send(spec)


NAMES = [
    pytest.param("a" * 41, "metadata.name must have at most 40 characters", id="too long"),
    pytest.param("1ocr", "metadata.name must begin with a lower-case letter", id="a digit first"),
    pytest.param("ocr.labs", "metadata.name must begin with a lower-case letter", id="a dot"),
]


@pytest.mark.parametrize(("name", "sentence"), NAMES)
def test_names_that_services_could_not_have_are_refused(send: Send, name: str, sentence: str) -> None:
    assert sentence in send({"variants": [MOBILE]}, name)


LARGER = {"size": "7Gi"}
VOLUMES = [
    pytest.param({"size": "4Gi"}, "models.storage.size can only grow", id="a smaller volume"),
    pytest.param({"accessMode": "ReadWriteMany"}, "accessMode cannot change", id="another mode"),
    pytest.param({"storageClassName": "fast"}, "storageClassName and accessMode cannot change", id="a class"),
]


@pytest.mark.parametrize("rule", list(refusals(spec_schema())))
def test_a_rule_is_tried_above_or_below(rule: str) -> None:
    tried = [sentence for _, sentence in (param.values for param in (*REFUSED, *NAMES, *VOLUMES))]
    assert [sentence for sentence in tried if sentence in rule]


@pytest.mark.parametrize(("storage", "sentence"), VOLUMES)
def test_a_volume_that_exists_cannot_become_another(
    light_cluster: Cluster, namespace: str, crd_installed: None, storage: dict[str, str], sentence: str
) -> None:
    body = {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "metadata": {"name": "ocr", "namespace": namespace},
        "spec": {"variants": [MOBILE]},
    }
    light_cluster.apply(body)
    with pytest.raises(ClusterError, match=sentence):
        light_cluster.apply(body | {"spec": {"variants": [MOBILE], "models": {"storage": storage}}})
    light_cluster.apply(body | {"spec": {"variants": [MOBILE], "models": {"storage": {"size": "6Gi"}}}})
    # What holds for the operator's own volume does not hold for one of the user's in its place.
    light_cluster.apply(
        body | {"spec": {"variants": [MOBILE], "models": {"storage": {"existingClaim": "mine"}}}}
    )
    light_cluster.apply(body | {"spec": {"variants": [MOBILE], "models": {"storage": storage | LARGER}}})


def test_absent_fields_get_the_backends_defaults(send: Send) -> None:
    spec = json.loads(send({"variants": [MOBILE]}))["spec"]
    assert spec["ocrVersion"] == "PP-OCRv5"
    assert spec["options"]["scoreThreshold"] == "0.5"
    assert spec["server"]["threads"] == 8
    assert spec["models"]["storage"] == {"size": "5Gi", "accessMode": "ReadWriteOnce"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("ocrbackend", "A family of OCR backends for Label Studio"),
        ("ocrb.spec.variants", "-required-"),
        ("ocrb.spec.options.scoreThreshold", "less sure of than this are left out"),
        ("ocrb.spec.labelStudio.mapping.bboxFromName", "Name of the Rectangle tag"),
        ("ocrb.spec.models.storage.size", "Size of the volume that Hub downloads to"),
        ("ocrb.status.variants.lastFailure.exitCode", "Exit code of the container"),
    ],
)
def test_kubectl_explains_every_depth(
    light_cluster: Cluster, crd_installed: None, path: str, said: str
) -> None:
    assert said in " ".join(light_cluster.kubectl("explain", path).split())


def test_the_short_name_and_the_category_find_it(light_cluster: Cluster, crd_installed: None) -> None:
    found = light_cluster.kubectl("api-resources", "--api-group=ocrbackend.io", "--output=wide")
    assert "ocrb " in found
    assert "ocr" in found.split()[-1]
