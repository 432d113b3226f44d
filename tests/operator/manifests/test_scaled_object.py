"""The ScaledObject of a variant that KEDA scales."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_operator.api.names import SCALED_OBJECT
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.manifests import variant_resources
from variant_manifests import MOBILE, VARIANT_LABELS, variant_objects

Make = Callable[..., dict[str, Any]]

PROMETHEUS = "http://prometheus.monitoring.svc:9090"
QUEUE = {"mode": "Queue", "minReplicas": 2, "maxReplicas": 6, "prometheusAddress": PROMETHEUS}
SERIES = '{job="ocr-backend",namespace="labs",ocrbackend="ocr",variant="ch-mobile"}'


def test_a_variant_that_scales_on_its_queue_has_this_scaled_object(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    scaling = QUEUE | {"targetQueueLength": 3}
    objects = variant_objects(ocrbackend, config, variants=[MOBILE | {"autoscaling": scaling}])
    assert "replicas" not in objects["Deployment"]["spec"]
    assert "HorizontalPodAutoscaler" not in objects
    assert "PodDisruptionBudget" in objects
    scaled = objects["ScaledObject"]
    assert scaled["apiVersion"] == "keda.sh/v1alpha1"
    assert (scaled["metadata"]["name"], scaled["metadata"]["labels"]) == ("ocr-ch-mobile", VARIANT_LABELS)
    assert scaled["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ocr-ch-mobile"},
        "minReplicaCount": 2,
        "maxReplicaCount": 6,
        "triggers": [
            {
                "type": "prometheus",
                "metadata": {
                    "serverAddress": PROMETHEUS,
                    "query": f"(sum(ocr_images_waiting{SERIES}) + sum(ocr_slots_busy{SERIES}))"
                    f" / avg(ocr_slots{SERIES})",
                    "threshold": "4",
                    "ignoreNullValues": "false",
                },
            }
        ],
    }


@pytest.mark.parametrize("mode", ["CPU", "External"])
def test_other_modes_need_no_scaled_object(ocrbackend: Make, config: OperatorConfig, mode: str) -> None:
    scaling = {"mode": mode, "maxReplicas": 6}
    objects = variant_objects(ocrbackend, config, variants=[MOBILE | {"autoscaling": scaling}])
    assert "ScaledObject" not in objects


def test_a_suspended_variant_has_no_scaled_object(ocrbackend: Make, config: OperatorConfig) -> None:
    objects = variant_objects(ocrbackend, config, variants=[MOBILE | {"autoscaling": QUEUE, "suspend": True}])
    assert objects["Deployment"]["spec"]["replicas"] == 0
    assert "ScaledObject" not in objects


def test_without_keda_the_deployment_has_the_minimum_of_pods(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    spec = parse_backend(ocrbackend(variants=[MOBILE | {"autoscaling": QUEUE}]))
    objects = variant_resources.variant_objects(
        spec, spec.variants[0], config, in_place=False, absent=frozenset({SCALED_OBJECT})
    )
    [deployment] = [body for body in objects if body["kind"] == "Deployment"]
    assert deployment["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("spec", "kinds"),
    [
        ({}, set()),
        ({"monitoring": {"serviceMonitor": "Auto"}}, {"ServiceMonitor"}),
        ({"variants": [MOBILE | {"autoscaling": {"maxReplicas": 2}}]}, set()),
        ({"variants": [MOBILE | {"autoscaling": QUEUE}]}, {"ScaledObject"}),
    ],
)
def test_the_api_server_is_asked_only_for_requested_optional_kinds(
    ocrbackend: Make, spec: dict[str, Any], kinds: set[str]
) -> None:
    assert {kind.kind for kind in parse_backend(ocrbackend(**spec)).optional_kinds} == kinds
