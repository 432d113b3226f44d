"""Which changes restart pods: those that change the revision."""

from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.operator_config import ImageReference, OperatorConfig
from variant_manifests import MOBILE, Make, revision_of


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"variants": [MOBILE | {"replicas": 5}]}, id="the number of pods"),
        pytest.param({"variants": [MOBILE | {"autoscaling": {"maxReplicas": 5}}]}, id="autoscaling"),
        pytest.param(
            {"rollout": {"surge": "Never", "progressDeadlineSeconds": 60}}, id="the rollout settings"
        ),
        pytest.param({"paused": True}, id="a pause"),
        pytest.param({"networkPolicy": {"enabled": True}}, id="a network policy"),
        pytest.param({"monitoring": {"serviceMonitor": "Always"}}, id="monitoring"),
        pytest.param(
            {"variants": [MOBILE, {"name": "en-mobile", "language": "en", "modelType": "mobile"}]},
            id="another variant",
        ),
        pytest.param({"options": {"scoreThreshold": "0.50"}}, id="the same number in another notation"),
    ],
)
def test_pods_are_not_restarted_for(ocrbackend: Make, config: OperatorConfig, spec: dict[str, Any]) -> None:
    assert revision_of(ocrbackend, config, **spec) == revision_of(ocrbackend, config)


@pytest.mark.parametrize(
    "models",
    [
        pytest.param({"reclaimPolicy": "Retain"}, id="the reclaim policy"),
        pytest.param({"storage": {"size": "9Gi"}}, id="a larger volume"),
        pytest.param({"hub": "BOS"}, id="another hub"),
        pytest.param({"mirror": "https://mirror.example.com"}, id="a mirror"),
    ],
)
def test_pods_are_not_restarted_for_a_download_setting(
    ocrbackend: Make, config: OperatorConfig, models: dict[str, Any]
) -> None:
    assert revision_of(ocrbackend, config, models=models) == revision_of(ocrbackend, config, models={})


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"options": {"scoreThreshold": "0.6"}}, id="an option"),
        pytest.param({"image": {"tag": "2.0"}}, id="the image"),
        pytest.param({"ocrVersion": "PP-OCRv4"}, id="the OCR version"),
        pytest.param({"placement": {"nodeSelector": {"pool": "ocr"}}}, id="the placement"),
        pytest.param({"podTemplate": {"labels": {"team": "labels"}}}, id="a label of the pods"),
        pytest.param({"podTemplate": {"annotations": {"team": "labels"}}}, id="an annotation of the pods"),
        pytest.param({"variants": [MOBILE | {"resources": {"limits": {"memory": "3Gi"}}}]}, id="resources"),
    ],
)
def test_pods_are_restarted_for(ocrbackend: Make, config: OperatorConfig, spec: dict[str, Any]) -> None:
    assert revision_of(ocrbackend, config, **spec) != revision_of(ocrbackend, config)


def test_pods_are_not_restarted_for_unrelated_settings_of_the_operator(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    other = replace(config, gpu_image=ImageReference("other"), surge_wait_seconds=1)
    assert revision_of(ocrbackend, other) == revision_of(ocrbackend, config)


def test_pods_are_restarted_for_another_default_image(ocrbackend: Make, config: OperatorConfig) -> None:
    other = replace(config, cpu_image=ImageReference("other"))
    assert revision_of(ocrbackend, other) != revision_of(ocrbackend, config)
