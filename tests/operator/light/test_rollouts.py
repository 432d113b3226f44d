"""Rollouts and rollbacks on real controllers: serving pods stay, also across restarts of the operator."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from operator_process import Operator
from trouble_actions import never_ready

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}
NOWHERE = {"nodeSelector": {"pool": "none"}}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
StartOperator = Callable[..., AbstractContextManager[Operator]]


def _variants(release: Release, name: str = "ocr") -> list[dict[str, Any]]:
    return list(release.get("ocrb", name).get("status", {}).get("variants", []))


def test_variants_roll_out_one_after_the_other(release: Release, operator: Operator) -> None:
    release.apply(variants=[CHINESE, LATIN])
    release.wait_for("True", "Available")
    never_ready(release.cluster, release.namespace)
    release.apply(variants=[CHINESE, LATIN | {"replicas": 2}], options={"scoreThreshold": "0.6"})
    release.wait_for("False", "RolloutQueued")
    release.cluster.wait(
        lambda: _variants(release)[0]["replicas"]["updated"] == 1, "the new pod of the first variant"
    )
    first, second = _variants(release)
    assert (first["phase"], second["phase"]) == ("RollingOut", "Queued")
    assert second["message"].startswith("waiting for the rollout of ch-mobile")
    # The number of replicas does not wait: the second pod has the previous revision.
    assert (second["replicas"]["desired"], second["replicas"]["updated"]) == (2, 0)
    assert second["revision"]["current"] == second["revision"]["lastGood"] != second["revision"]["target"]
    assert release.condition("Progressing")["status"] == "True"

    release.cluster.kubectl("delete", "stage", release.namespace)
    release.kubectl("delete", "pods", "--all", "--force", "--wait=false")
    release.wait_for("True", "Available")
    assert all(
        variant["revision"]["lastGood"] == variant["revision"]["target"] for variant in _variants(release)
    )


def test_an_image_that_was_rolled_back_is_held_from_the_next_variant(
    release: Release, operator: Operator
) -> None:
    release.apply(variants=[CHINESE, LATIN])
    release.wait_for("True", "Available")
    images = [_image(release, name) for name in ("ocr-ch-mobile", "ocr-latin-mobile")]
    never_ready(release.cluster, release.namespace)
    bad = {"image": {"tag": "bad"}, "rollout": {"progressDeadlineSeconds": 30}}
    release.apply(variants=[CHINESE, LATIN], **bad)
    release.wait_for("False", "RolledBack")
    first, second = _variants(release)
    assert (first["phase"], second["phase"]) == ("RolledBack", "Queued")
    assert second["reason"] == "RolloutHeld"
    assert second["message"].startswith("ch-mobile was rolled back with the image")
    release.settle(operator)
    assert [_image(release, name) for name in ("ocr-ch-mobile", "ocr-latin-mobile")] == images
    assert release.condition("Progressing")["status"] == "False"

    release.cluster.kubectl("delete", "stage", release.namespace)
    release.apply(variants=[CHINESE, LATIN], image={"tag": "good"})
    release.wait_for("True", "Available")


def _image(release: Release, deployment: str) -> str:
    [container] = release.get("deployment", deployment)["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def test_a_revision_that_is_not_ready_in_time_is_rolled_back(
    release: Release, install: Callable[..., None], start_operator: StartOperator
) -> None:
    """With and without a surge, by an operator that did not start the rollout or did not finish it."""
    install("defaultBackend.enabled=false")
    rollouts = {"surge": {"surge": "Always"}, "in-place": {"surge": "Never"}}
    with start_operator():
        for name, rollout in rollouts.items():
            release.apply(name=name, rollout=rollout)
            release.wait_for("True", "Available", name=name)
        good = {name: _variants(release, name)[0]["revision"]["current"] for name in rollouts}
        for name, rollout in rollouts.items():
            deadline = rollout | {"progressDeadlineSeconds": 30}
            release.apply(name=name, rollout=deadline, placement=NOWHERE)
            release.wait_for("False", "Unschedulable", name=name)
        assert [_variants(release, name)[0]["replicas"]["ready"] for name in rollouts] == [1, 0]
    with start_operator():
        for name in rollouts:
            message = release.wait_for("False", "RolledBack", name=name)["message"]
            assert "rolled back from revision " in message
            assert "(Unschedulable: " in message
        for name in rollouts:
            release.cluster.wait(
                lambda name=name: f"{good[name]} serves" in release.condition(name=name)["message"], name
            )
            [variant] = _variants(release, name)
            assert variant["phase"] == "RolledBack"
            assert variant["replicas"] == {"desired": 1, "updated": 0, "ready": 1}
            assert variant["rolledBack"]["reason"] == "Unschedulable"
            assert variant["rolledBack"]["revision"] == variant["revision"]["target"] != good[name]
            assert variant["revision"]["current"] == variant["revision"]["lastGood"] == good[name]
            assert release.condition("Degraded", name=name)["reason"] == "RolledBack"
        before = release.get("deployments")["items"]
    with start_operator() as operator:
        release.settle(operator)
        after = release.get("deployments")["items"]
        assert [each["spec"] for each in after] == [each["spec"] for each in before]
        assert [release.condition(name=name)["reason"] for name in rollouts] == ["RolledBack"] * 2
        assert release.get("ocrb", "surge")["spec"]["placement"] == NOWHERE
        for name, rollout in rollouts.items():
            release.apply(name=name, rollout=rollout, options={"scoreThreshold": "0.6"})
            release.wait_for("True", "Available", name=name)
            assert "rolledBack" not in _variants(release, name)[0]
