"""Placement, additions from `podTemplate` and models images in the pods of a variant."""

from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.names import REVISION_LABEL
from ocr_operator.api.operator_config import OperatorConfig
from variant_manifests import MOBILE, VARIANT_LABELS, Make, pod_template, variant_objects


def test_the_placement_sets_spread_constraints_and_priority(ocrbackend: Make, config: OperatorConfig) -> None:
    spread = [{"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}]
    placement = {"topologySpreadConstraints": spread, "priorityClassName": "important"}
    pod = pod_template(ocrbackend, config, placement=placement)["spec"]
    assert pod["priorityClassName"] == "important"
    assert pod["topologySpreadConstraints"] == [
        {
            "topologyKey": "topology.kubernetes.io/zone",
            "maxSkew": 1,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": VARIANT_LABELS},
            "matchLabelKeys": ["pod-template-hash"],
        }
    ]


def test_the_placement_of_a_variant_replaces_the_shared_one(ocrbackend: Make, config: OperatorConfig) -> None:
    variant = MOBILE | {"placement": {"priorityClassName": "low"}}
    pod = pod_template(ocrbackend, config, placement={"nodeSelector": {"a": "b"}}, variants=[variant])["spec"]
    assert "nodeSelector" not in pod
    assert pod["priorityClassName"] == "low"


def test_additions_in_the_pod_template_reach_every_pod(ocrbackend: Make, config: OperatorConfig) -> None:
    volume = {"name": "certificates", "secret": {"secretName": "ca"}}
    mount = {"name": "certificates", "mountPath": "/etc/ssl/mine", "readOnly": True}
    plain = pod_template(ocrbackend, config)
    extended = pod_template(
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
    [container], [plain_container] = extended["spec"]["containers"], plain["spec"]["containers"]
    assert container == plain_container | {"volumeMounts": [*plain_container["volumeMounts"], mount]}
    assert extended["spec"] == plain["spec"] | {
        "serviceAccountName": "reader",
        "containers": [container],
        "volumes": [*plain["spec"]["volumes"], volume],
    }
    labels = extended["metadata"]["labels"]
    assert labels == plain["metadata"]["labels"] | {
        "team": "labels",
        REVISION_LABEL: labels[REVISION_LABEL],
    }
    assert extended["metadata"]["annotations"] == {"sidecar.istio.io/inject": "false"}


IMAGE = {
    "reference": "registry.example.com/models:1",
    "pullPolicy": "Always",
    "pullSecrets": [{"name": "of-models"}],
}


def _pod_with_image(ocrbackend: Make, config: OperatorConfig) -> dict[str, Any]:
    spec: dict[str, Any] = {"models": {"source": "Image", "image": IMAGE}}
    pod_spec: dict[str, Any] = pod_template(ocrbackend, config, **spec)["spec"]
    return pod_spec


def test_a_models_image_is_mounted_read_objects(ocrbackend: Make, config: OperatorConfig) -> None:
    spec = _pod_with_image(ocrbackend, config)
    image = {"reference": "registry.example.com/models:1", "pullPolicy": "Always"}
    assert spec["volumes"][1] == {"name": "models", "image": image}
    mount = {"name": "models", "mountPath": "/data/models", "readOnly": True, "subPath": "models"}
    assert spec["containers"][0]["volumeMounts"][1] == mount
    assert {"name": "OCR_MODEL_SOURCE", "value": "dir"} in spec["containers"][0]["env"]
    assert spec["imagePullSecrets"] == [{"name": "of-models"}]
    assert "initContainers" not in spec


def test_without_image_volumes_an_init_container_copies_the_models(
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


@pytest.mark.parametrize(
    ("cache_bytes", "size"),
    [(0, "1536Mi"), (2**29, "2Gi"), (2**30, "2560Mi"), (2**30 + 1, "2561Mi")],
)
def test_the_volume_for_temporary_files_has_room_for_the_image_cache(
    ocrbackend: Make, config: OperatorConfig, cache_bytes: int, size: str
) -> None:
    deployment = variant_objects(ocrbackend, config, server={"imageCacheBytes": cache_bytes})["Deployment"]
    [tmp, *_] = deployment["spec"]["template"]["spec"]["volumes"]
    assert tmp == {"name": "tmp", "emptyDir": {"sizeLimit": size}}


@pytest.mark.parametrize(
    ("image", "names"), [({}, ["operators"]), ({"pullSecrets": [{"name": "mine"}]}, ["mine"])]
)
def test_pull_secrets_of_the_spec_replace_the_operators(
    ocrbackend: Make, config: OperatorConfig, image: dict[str, Any], names: list[str]
) -> None:
    config = replace(config, pull_secrets=("operators",))
    pod = pod_template(ocrbackend, config, image=image)["spec"]
    assert [secret["name"] for secret in pod["imagePullSecrets"]] == names
