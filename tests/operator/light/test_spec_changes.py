"""What the operator writes when a spec changes, and that it writes nothing else."""

from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}
WRITES = ("create", "update", "patch", "delete", "deletecollection")

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_a_settled_backend_is_written_only_when_its_spec_changes(
    release: Release, operator: Operator
) -> None:
    release.apply(
        variants=[CHINESE | {"replicas": 2}, LATIN | {"autoscaling": {"maxReplicas": 2}}],
        networkPolicy={"enabled": True},
    )
    release.wait_for("True", "Available")
    release.change_deadline(600)
    for seconds in (601, 602, 603):
        before = len(_writes(release, operator))
        for kind in ("deployments", "services", "poddisruptionbudgets", "networkpolicies", "pods"):
            release.kubectl("annotate", kind, "--all", "--overwrite", f"test/deadline={seconds}")
        release.change_deadline(seconds)
        writes = sorted(_writes(release, operator)[before:])
        assert writes == ["patch deployments", "patch deployments", "patch ocrbackends/status"]


def _writes(release: Release, operator: Operator) -> list[str]:
    """The operator's writes in the namespace except those of its claim, as "verb resource/subresource"."""
    writes = [request for request in release.requests(operator.account) if request["verb"] in WRITES]
    return [
        f"{request['verb']} {'/'.join(filter(None, [ref['resource'], ref.get('subresource')]))}"
        for request in writes
        if (ref := request["objectRef"])["namespace"] == release.namespace and ref["resource"] != "leases"
    ]


def test_removing_a_variant_does_not_affect_the_others(release: Release, operator: Operator) -> None:
    release.apply(variants=[CHINESE, LATIN])
    release.wait_for("True", "Available")
    remaining = release.managed_uids("deployments")["ocr-ch-mobile"]
    release.apply(variants=[CHINESE])
    for kind in ("deployments", "services"):
        release.cluster.wait(
            lambda kind=kind: release.managed_names(kind) == {"ocr-ch-mobile"}, f"one of the {kind} to go"
        )
    release.wait_for("True", "Available")
    assert release.managed_uids("deployments") == {"ocr-ch-mobile": remaining}


def test_a_changed_option_rolls_out_without_a_gap(release: Release, operator: Operator) -> None:
    release.apply()
    release.wait_for("True", "Available")
    [before] = release.get("ocrb", "ocr")["status"]["variants"]
    release.apply(options={"scoreThreshold": "0.75"})
    release.wait_for("True", "Available")
    [after] = release.get("ocrb", "ocr")["status"]["variants"]
    assert after["revision"]["current"] == after["revision"]["target"] != before["revision"]["current"]
    deployment = release.get("deployment", "ocr-ch-mobile")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_a_paused_backend_is_not_changed_until_the_pause_ends(release: Release, operator: Operator) -> None:
    release.apply()
    release.wait_for("True", "Available")
    release.apply(paused=True, variants=[CHINESE, LATIN])
    release.wait_for("False", "Paused", "Reconciled")
    assert release.condition("Ready")["reason"] == "Paused"
    assert release.managed_names("deployments") == {"ocr-ch-mobile"}
    release.apply(variants=[CHINESE, LATIN])
    release.wait_for("True", "Available")


def test_the_replicas_that_an_autoscaler_sets_are_kept(release: Release, operator: Operator) -> None:
    release.apply(variants=[CHINESE | {"replicas": 3}])
    release.wait_for("True", "Available")
    release.apply(variants=[CHINESE | {"autoscaling": {"minReplicas": 1, "maxReplicas": 5}}])
    release.cluster.wait(lambda: release.managed_names("horizontalpodautoscalers"), "the autoscaler")
    release.wait_for("True", "Available")
    assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 3
    # An autoscaler scales in the same way.
    release.kubectl("scale", "deployment/ocr-ch-mobile", "--replicas=4")
    release.change_deadline(600)
    assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 4
    release.apply(variants=[CHINESE | {"replicas": 2}])
    release.cluster.wait(
        lambda: not release.managed_names("horizontalpodautoscalers"), "the autoscaler to be deleted"
    )
    release.wait_for("True", "Available")
    assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 2
