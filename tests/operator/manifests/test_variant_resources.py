"""Children are compared whole, so that no stray field can hide."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.names import REVISION_LABEL
from ocr_operator.api.operator_config import ImageName, OperatorConfig
from ocr_operator.api.spec import family
from ocr_operator.manifests import variant_resources

Make = Callable[..., dict[str, Any]]
MOBILE = {"language": "ch", "modelType": "mobile"}

LABELS = {
    "app.kubernetes.io/name": "ocr-backend",
    "app.kubernetes.io/instance": "ocr",
    "app.kubernetes.io/managed-by": "ocr-operator",
    "ocrbackend.io/language": "ch",
    "ocrbackend.io/model-type": "mobile",
}
OWNER = {
    "apiVersion": "ocrbackend.io/v1alpha1",
    "kind": "OCRBackend",
    "name": "ocr",
    "uid": "uid-1",
    "controller": True,
    "blockOwnerDeletion": True,
}
METADATA = {"name": "ocr-ch-mobile", "namespace": "labs", "labels": LABELS, "ownerReferences": [OWNER]}


def _probe(path: str, failures: int) -> dict[str, Any]:
    get = {"path": path, "port": "http"}
    return {"httpGet": get, "periodSeconds": 5, "timeoutSeconds": 4, "failureThreshold": failures}


def _only(ocrbackend: Make, config: OperatorConfig, **spec: Any) -> dict[str, dict[str, Any]]:
    """The children of the only variant, by kind."""
    found = family(ocrbackend(**spec))
    children = variant_resources.variant_children(found, found.variants[0], config, in_place=False)
    return {child["kind"]: child for child in children}


def _revision(ocrbackend: Make, config: OperatorConfig, **spec: Any) -> str:
    deployment = _only(ocrbackend, config, **spec)["Deployment"]
    revision: str = deployment["spec"]["template"]["metadata"]["labels"][REVISION_LABEL]
    return revision


def test_the_smallest_object_makes_this_deployment(ocrbackend: Make, config: OperatorConfig) -> None:
    revision = _revision(ocrbackend, config, models={})
    assert _only(ocrbackend, config, models={})["Deployment"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": METADATA,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "progressDeadlineSeconds": 900,
            "revisionHistoryLimit": 2,
            "template": {
                "metadata": {"labels": LABELS | {"ocrbackend.io/revision": revision}},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 105,
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
                            "image": "example.com/backend-cpu:1.0",
                            "imagePullPolicy": "IfNotPresent",
                            "env": [
                                {"name": "OCR_MODEL_SOURCE", "value": "dir"},
                                {"name": "PADDLEOCR_MODEL_TYPE", "value": "mobile"},
                            ],
                            "ports": [{"name": "http", "containerPort": 9090, "protocol": "TCP"}],
                            "resources": {
                                "requests": {"cpu": "500m", "memory": "1536Mi"},
                                "limits": {"memory": "4Gi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "startupProbe": _probe("/readyz", 720),
                            "readinessProbe": _probe("/readyz", 3),
                            "livenessProbe": _probe("/livez", 12),
                            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                            "terminationMessagePolicy": "FallbackToLogsOnError",
                            "volumeMounts": [
                                {"name": "tmp", "mountPath": "/tmp"},
                                {"name": "models", "mountPath": "/data/models", "readOnly": True},
                            ],
                        }
                    ],
                    "volumes": [
                        {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}},
                        {"name": "models", "persistentVolumeClaim": {"claimName": "ocr-models"}},
                    ],
                },
            },
        },
    }


@pytest.mark.parametrize(
    ("cache_bytes", "size"),
    [(0, "1536Mi"), (2**29, "2Gi"), (2**30, "2560Mi"), (2**30 + 1, "2561Mi")],
)
def test_the_folder_for_temporary_files_has_room_for_the_kept_images(
    ocrbackend: Make, config: OperatorConfig, cache_bytes: int, size: str
) -> None:
    deployment = _only(ocrbackend, config, server={"imageCacheBytes": cache_bytes})["Deployment"]
    [tmp, *_] = deployment["spec"]["template"]["spec"]["volumes"]
    assert tmp == {"name": "tmp", "emptyDir": {"sizeLimit": size}}


def test_it_makes_this_service(ocrbackend: Make, config: OperatorConfig) -> None:
    assert _only(ocrbackend, config)["Service"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": METADATA,
        "spec": {
            "type": "ClusterIP",
            "selector": LABELS,
            "ports": [{"name": "http", "port": 9090, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def test_an_autoscaled_variant_leaves_its_replicas_to_the_autoscaler(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    scaling = {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilization": 70}
    children = _only(ocrbackend, config, variants=[MOBILE | {"autoscaling": scaling}])
    assert "replicas" not in children["Deployment"]["spec"]
    assert children["HorizontalPodAutoscaler"] == {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": METADATA,
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ocr-ch-mobile"},
            "minReplicas": 2,
            "maxReplicas": 4,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                }
            ],
        },
    }


def test_a_pod_gets_what_every_field_of_the_spec_asks_for(ocrbackend: Make, config: OperatorConfig) -> None:
    toleration = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
    extra = {"name": "HTTPS_PROXY", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "url"}}}
    deployment = _only(
        ocrbackend,
        config,
        ocrVersion="PP-OCRv4",
        engine="Paddle",
        variants=[
            {
                "language": "ch",
                "modelType": "mobile",
                "replicas": 3,
                "resources": {"requests": {"cpu": "2"}, "limits": {"memory": "8Gi"}},
                "options": {"extraEnv": [extra]},
            }
        ],
        image={"repository": "mine", "tag": "7", "pullPolicy": "Always", "pullSecrets": [{"name": "pull"}]},
        options={"scoreThreshold": "0.25", "useTextlineOrientation": False},
        labelStudio={
            "url": "https://labels.example.com",
            "apiKeySecretRef": {"name": "label-studio", "key": "token"},
            "basicAuthSecretRef": {"name": "basic"},
            "mapping": {"bboxFromName": "box"},
        },
        server={
            "workers": 2,
            "logFormat": "Json",
            "predictTimeoutSeconds": 60,
            "allowedHosts": ["10.0.0.0/8"],
        },
        models={"source": "Claim", "storage": {"existingClaim": "prepared"}},
        accelerator={"resourceName": "nvidia.com/gpu", "runtimeClassName": "nvidia"},
        placement={"nodeSelector": {"pool": "gpu"}, "tolerations": [toleration]},
        rollout={"progressDeadlineSeconds": 600},
    )["Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert deployment["spec"]["replicas"] == 3
    assert deployment["spec"]["progressDeadlineSeconds"] == 600
    assert container["image"] == "mine:7"
    assert container["imagePullPolicy"] == "Always"
    assert container["env"] == [
        {"name": "BBOX_FROM_NAME", "value": "box"},
        {"name": "LABEL_STUDIO_URL", "value": "https://labels.example.com"},
        {"name": "OCR_ENGINE", "value": "paddle"},
        {"name": "OCR_FETCH_ALLOW", "value": "10.0.0.0/8"},
        {"name": "OCR_LOG_FORMAT", "value": "json"},
        {"name": "OCR_MODEL_SOURCE", "value": "dir"},
        {"name": "OCR_PREDICT_TIMEOUT", "value": "60.0"},
        {"name": "PADDLEOCR_MODEL_TYPE", "value": "mobile"},
        {"name": "PADDLEOCR_SCORE_THRESHOLD", "value": "0.25"},
        {"name": "PADDLEOCR_USE_GPU", "value": "true"},
        {"name": "PADDLEOCR_USE_TEXTLINE_ORIENTATION", "value": "false"},
        {"name": "PADDLEOCR_VERSION", "value": "PP-OCRv4"},
        {"name": "WORKERS", "value": "2"},
        {
            "name": "LABEL_STUDIO_API_KEY",
            "valueFrom": {"secretKeyRef": {"name": "label-studio", "key": "token"}},
        },
        {"name": "BASIC_AUTH_USER", "valueFrom": {"secretKeyRef": {"name": "basic", "key": "username"}}},
        {"name": "BASIC_AUTH_PASS", "valueFrom": {"secretKeyRef": {"name": "basic", "key": "password"}}},
        extra,
    ]
    assert container["resources"] == {
        "requests": {"cpu": "2"},
        "limits": {"memory": "8Gi", "nvidia.com/gpu": "1"},
    }
    assert container["volumeMounts"][1] == {"name": "models", "mountPath": "/data/models", "readOnly": True}
    assert pod["volumes"][1] == {
        "name": "models",
        "persistentVolumeClaim": {"claimName": "prepared", "readOnly": True},
    }
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert pod["runtimeClassName"] == "nvidia"
    assert pod["nodeSelector"] == {"pool": "gpu"}
    assert pod["tolerations"] == [toleration]
    assert pod["terminationGracePeriodSeconds"] == 75


@pytest.mark.parametrize(
    ("variant", "is_there"),
    [
        pytest.param({"replicas": 1}, False, id="one pod"),
        pytest.param({"replicas": 2}, True, id="two pods"),
        pytest.param({"autoscaling": {"maxReplicas": 4}}, False, id="at least one pod"),
        pytest.param({"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}, True, id="at least two pods"),
    ],
)
def test_a_budget_guards_variants_that_have_a_pod_to_spare(
    ocrbackend: Make, config: OperatorConfig, variant: dict[str, Any], is_there: bool
) -> None:
    children = _only(ocrbackend, config, variants=[MOBILE | variant])
    assert ("PodDisruptionBudget" in children) is is_there


def test_it_makes_this_budget(ocrbackend: Make, config: OperatorConfig) -> None:
    assert _only(ocrbackend, config, variants=[MOBILE | {"replicas": 2}])["PodDisruptionBudget"] == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": METADATA,
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": LABELS},
        },
    }


def _pod(ocrbackend: Make, config: OperatorConfig, **spec: Any) -> dict[str, Any]:
    template: dict[str, Any] = _only(ocrbackend, config, **spec)["Deployment"]["spec"]["template"]
    return template


def test_pods_are_spread_and_ranked_as_the_placement_says(ocrbackend: Make, config: OperatorConfig) -> None:
    spread = [{"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}]
    placement = {"topologySpread": spread, "priorityClassName": "important"}
    pod = _pod(ocrbackend, config, placement=placement)["spec"]
    assert pod["priorityClassName"] == "important"
    assert pod["topologySpreadConstraints"] == [
        {
            "topologyKey": "topology.kubernetes.io/zone",
            "maxSkew": 1,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": LABELS},
            "matchLabelKeys": ["pod-template-hash"],
        }
    ]


def test_a_variants_placement_replaces_the_familys(ocrbackend: Make, config: OperatorConfig) -> None:
    variant = MOBILE | {"placement": {"priorityClassName": "low"}}
    pod = _pod(ocrbackend, config, placement={"nodeSelector": {"a": "b"}}, variants=[variant])["spec"]
    assert "nodeSelector" not in pod
    assert pod["priorityClassName"] == "low"


def test_what_the_pod_template_adds_is_in_every_pod(ocrbackend: Make, config: OperatorConfig) -> None:
    volume = {"name": "certificates", "secret": {"secretName": "ca"}}
    mount = {"name": "certificates", "mountPath": "/etc/ssl/mine", "readOnly": True}
    plain = _pod(ocrbackend, config)
    found = _pod(
        ocrbackend,
        config,
        podTemplate={
            "labels": {"team": "labels"},
            "annotations": {"sidecar.istio.io/inject": "false"},
            "serviceAccountName": "reader",
            "volumes": [volume],
            "volumeMounts": [mount],
        },
    )
    [container], [plain_container] = found["spec"]["containers"], plain["spec"]["containers"]
    assert container == plain_container | {"volumeMounts": [*plain_container["volumeMounts"], mount]}
    assert found["spec"] == plain["spec"] | {
        "serviceAccountName": "reader",
        "containers": [container],
        "volumes": [*plain["spec"]["volumes"], volume],
    }
    labels = found["metadata"]["labels"]
    assert labels == plain["metadata"]["labels"] | {
        "team": "labels",
        REVISION_LABEL: labels[REVISION_LABEL],
    }
    assert found["metadata"]["annotations"] == {"sidecar.istio.io/inject": "false"}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"variants": [MOBILE | {"replicas": 5}]}, id="the number of pods"),
        pytest.param({"variants": [MOBILE | {"autoscaling": {"maxReplicas": 5}}]}, id="autoscaling"),
        pytest.param(
            {"rollout": {"surge": "Never", "progressDeadlineSeconds": 60}}, id="the way to roll out"
        ),
        pytest.param({"paused": True}, id="a pause"),
        pytest.param({"networkPolicy": {"enabled": True}}, id="a network policy"),
        pytest.param({"monitoring": {"serviceMonitor": "Always"}}, id="monitoring"),
        pytest.param({"variants": [MOBILE, {"language": "en", "modelType": "mobile"}]}, id="another variant"),
        pytest.param({"options": {"scoreThreshold": "0.50"}}, id="the same number written otherwise"),
    ],
)
def test_no_pod_is_restarted_for(ocrbackend: Make, config: OperatorConfig, spec: dict[str, Any]) -> None:
    assert _revision(ocrbackend, config, **spec) == _revision(ocrbackend, config)


@pytest.mark.parametrize(
    "models",
    [
        pytest.param({"reclaimPolicy": "Retain"}, id="what becomes of the volume"),
        pytest.param({"storage": {"size": "9Gi"}}, id="a larger volume"),
        pytest.param({"hub": "BOS"}, id="another hub"),
        pytest.param({"mirror": "https://mirror.example.com"}, id="a mirror"),
    ],
)
def test_no_pod_is_restarted_for_the_way_models_are_fetched(
    ocrbackend: Make, config: OperatorConfig, models: dict[str, Any]
) -> None:
    assert _revision(ocrbackend, config, models=models) == _revision(ocrbackend, config, models={})


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"options": {"scoreThreshold": "0.6"}}, id="an option"),
        pytest.param({"image": {"tag": "2.0"}}, id="the image"),
        pytest.param({"ocrVersion": "PP-OCRv4"}, id="the generation of the models"),
        pytest.param({"placement": {"nodeSelector": {"pool": "ocr"}}}, id="the placement"),
        pytest.param({"podTemplate": {"labels": {"team": "labels"}}}, id="a label of the pods"),
        pytest.param({"podTemplate": {"annotations": {"team": "labels"}}}, id="an annotation of the pods"),
        pytest.param({"variants": [MOBILE | {"resources": {"limits": {"memory": "3Gi"}}}]}, id="resources"),
    ],
)
def test_pods_are_restarted_for(ocrbackend: Make, config: OperatorConfig, spec: dict[str, Any]) -> None:
    assert _revision(ocrbackend, config, **spec) != _revision(ocrbackend, config)


def test_the_operators_own_settings_restart_no_pod_that_they_do_not_concern(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    other = replace(config, gpu_image=ImageName("other"), surge_wait_seconds=1)
    assert _revision(ocrbackend, other) == _revision(ocrbackend, config)


def test_another_default_image_reaches_the_pods(ocrbackend: Make, config: OperatorConfig) -> None:
    other = replace(config, cpu_image=ImageName("other"))
    assert _revision(ocrbackend, other) != _revision(ocrbackend, config)


IMAGE = {
    "reference": "registry.example.com/models:1",
    "pullPolicy": "Always",
    "pullSecrets": [{"name": "of-models"}],
}


def _pod_with_image(ocrbackend: Make, config: OperatorConfig) -> dict[str, Any]:
    spec: dict[str, Any] = {"models": {"source": "Image", "image": IMAGE}}
    found: dict[str, Any] = _only(ocrbackend, config, **spec)["Deployment"]["spec"]["template"]["spec"]
    return found


def test_an_image_of_models_is_mounted_read_only(ocrbackend: Make, config: OperatorConfig) -> None:
    spec = _pod_with_image(ocrbackend, config)
    image = {"reference": "registry.example.com/models:1", "pullPolicy": "Always"}
    assert spec["volumes"][1] == {"name": "models", "image": image}
    mount = {"name": "models", "mountPath": "/data/models", "readOnly": True, "subPath": "models"}
    assert spec["containers"][0]["volumeMounts"][1] == mount
    assert {"name": "OCR_MODEL_SOURCE", "value": "dir"} in spec["containers"][0]["env"]
    assert spec["imagePullSecrets"] == [{"name": "of-models"}]
    assert "initContainers" not in spec


def test_where_images_are_no_volumes_the_models_are_copied_out_of_theirs(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    spec = _pod_with_image(ocrbackend, replace(config, has_image_volumes=False))
    assert spec["volumes"][1] == {"name": "models", "emptyDir": {}}
    mount = {"name": "models", "mountPath": "/data/models", "readOnly": True}
    assert spec["containers"][0]["volumeMounts"][1] == mount
    assert spec["initContainers"] == [
        {
            "name": "models",
            "image": "registry.example.com/models:1",
            "imagePullPolicy": "Always",
            "command": ["cp", "-R", "/models/.", "/copy"],
            "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [{"name": "models", "mountPath": "/copy"}],
        }
    ]
