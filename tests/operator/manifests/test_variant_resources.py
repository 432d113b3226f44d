"""Objects of a variant are compared as a whole, so that no extra field goes unnoticed."""

from typing import Any

import pytest

from ocr_operator.api.operator_config import OperatorConfig
from variant_manifests import MOBILE, VARIANT_LABELS, Make, revision_of, variant_objects

OWNER = {
    "apiVersion": "ocrbackend.io/v1alpha1",
    "kind": "OCRBackend",
    "name": "ocr",
    "uid": "uid-1",
    "controller": True,
    "blockOwnerDeletion": True,
}
SHARED_LABELS = {name: value for name, value in VARIANT_LABELS.items() if "variant" not in name}

METADATA = {
    "name": "ocr-ch-mobile",
    "namespace": "labs",
    "labels": VARIANT_LABELS,
    "ownerReferences": [OWNER],
}


def _probe(path: str, failures: int) -> dict[str, Any]:
    request = {"path": path, "port": "health"}
    return {"httpGet": request, "periodSeconds": 5, "timeoutSeconds": 4, "failureThreshold": failures}


def test_a_minimal_object_has_this_deployment(ocrbackend: Make, config: OperatorConfig) -> None:
    revision = revision_of(ocrbackend, config, models={})
    assert variant_objects(ocrbackend, config, models={})["Deployment"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": METADATA,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": VARIANT_LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "progressDeadlineSeconds": 900,
            "paused": False,
            "revisionHistoryLimit": 2,
            "template": {
                "metadata": {
                    "labels": VARIANT_LABELS
                    | {
                        "ocrbackend.io/language": "ch",
                        "ocrbackend.io/model-type": "mobile",
                        "ocrbackend.io/revision": revision,
                    }
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
                                {"name": "OCR_HEALTH_PORT", "value": "9091"},
                                {"name": "OCR_MODEL_SOURCE", "value": "dir"},
                                {"name": "PADDLEOCR_MODEL_TYPE", "value": "mobile"},
                            ],
                            "ports": [
                                {"name": "http", "containerPort": 9090, "protocol": "TCP"},
                                {"name": "health", "containerPort": 9091, "protocol": "TCP"},
                            ],
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


def test_a_variant_has_this_service(ocrbackend: Make, config: OperatorConfig) -> None:
    assert variant_objects(ocrbackend, config)["Service"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": METADATA,
        "spec": {
            "type": "ClusterIP",
            "selector": VARIANT_LABELS,
            "ports": [{"name": "http", "port": 9090, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def test_the_deployment_of_an_autoscaled_variant_has_no_replicas(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    scaling = {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilizationPercentage": 70}
    objects = variant_objects(ocrbackend, config, variants=[MOBILE | {"autoscaling": scaling}])
    assert "replicas" not in objects["Deployment"]["spec"]
    assert objects["HorizontalPodAutoscaler"] == {
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


def test_every_field_of_the_spec_reaches_the_pod(ocrbackend: Make, config: OperatorConfig) -> None:
    toleration = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
    variable = {"name": "HTTPS_PROXY", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "url"}}}
    deployment = variant_objects(
        ocrbackend,
        config,
        ocrVersion="PP-OCRv4",
        engine="Paddle",
        variants=[
            {
                "name": "ch-mobile",
                "language": "ch",
                "modelType": "mobile",
                "replicas": 3,
                "resources": {"requests": {"cpu": "2"}, "limits": {"memory": "8Gi"}},
                "env": [variable],
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
        models={"source": "Claim", "storage": {"claimName": "prepared"}},
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
        {"name": "OCR_HEALTH_PORT", "value": "9091"},
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
        variable,
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
    ("variant", "has_budget"),
    [
        pytest.param({"replicas": 1}, False, id="one pod"),
        pytest.param({"replicas": 2}, True, id="two pods"),
        pytest.param({"autoscaling": {"maxReplicas": 4}}, True, id="up to four pods"),
        pytest.param({"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}, True, id="a minimum of two pods"),
    ],
)
def test_variants_with_more_than_one_pod_have_a_disruption_budget(
    ocrbackend: Make, config: OperatorConfig, variant: dict[str, Any], has_budget: bool
) -> None:
    objects = variant_objects(ocrbackend, config, variants=[MOBILE | variant])
    assert ("PodDisruptionBudget" in objects) is has_budget


@pytest.mark.parametrize(("access_mode", "has_budget"), [("ReadWriteOnce", False), ("ReadWriteMany", True)])
def test_pods_that_their_volume_keeps_on_one_node_have_no_disruption_budget(
    ocrbackend: Make, config: OperatorConfig, access_mode: str, has_budget: bool
) -> None:
    """It would stop a drain for ever: the next pod becomes ready only where all pods can go."""
    models = {"source": "Hub", "storage": {"accessMode": access_mode}}
    objects = variant_objects(ocrbackend, config, variants=[MOBILE | {"replicas": 2}], models=models)
    assert ("PodDisruptionBudget" in objects) is has_budget


def test_the_disruption_budget_allows_one_unavailable_pod(ocrbackend: Make, config: OperatorConfig) -> None:
    assert variant_objects(ocrbackend, config, variants=[MOBILE | {"replicas": 2}])[
        "PodDisruptionBudget"
    ] == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": METADATA,
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": VARIANT_LABELS},
        },
    }
