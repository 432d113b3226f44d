"""Pods and managed objects that the API server refuses are reported, and created once it accepts them."""

from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_a_quota_is_reported_until_it_is_raised(release: Release, operator: Operator) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": release.namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    release.cluster.apply(quota)
    release.cluster.wait(
        lambda: release.get("resourcequota", "small").get("status", {}).get("used"), "the quota to count"
    )
    release.apply()
    assert "exceeded quota: small" in release.wait_for("False", "QuotaExceeded")["message"]
    release.cluster.apply(quota | {"spec": {"hard": {"pods": "1"}}})
    # The ReplicaSet controller doubles its delays: it retries after as long as the quota has blocked it.
    release.wait_for("True", "Available")


def test_an_object_that_the_api_server_rejects_is_reported(release: Release, operator: Operator) -> None:
    bad = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
    release.apply(placement={"affinity": bad})
    message = release.wait_for("False", "Invalid")["message"]
    assert "nodeSelectorTerms" in message
    release.apply()
    release.wait_for("True", "Available")
