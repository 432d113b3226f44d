"""An operator of the test's own: killed, started again, dead or absent, and its rights."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ocr_backend.config.settings import Settings
from ocr_operator.manifests.model_sets import set_id
from operator_process import Operator
from plugin import kubectl_ocr

pytestmark = pytest.mark.light

CHINESE = {"language": "ch", "modelType": "mobile"}
LATIN = {"language": "latin", "modelType": "mobile"}
WITHOUT_TURNING = Settings("PP-OCRv6", language="ch", model_type="mobile", use_textline_orientation=False)
LEFT_OF_ONE_VARIANT: dict[str, set[str]] = {
    "services": {"ocr-ch-mobile"},
    "deployments": {"ocr-ch-mobile"},
    "horizontalpodautoscalers": set(),
    "poddisruptionbudgets": set(),
    "networkpolicies": set(),
    "servicemonitors": set(),
    "jobs": {f"ocr-models-{set_id(WITHOUT_TURNING)}"},
}

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Install = Callable[..., None]
Started = Callable[..., AbstractContextManager[Operator]]


def test_after_a_restart_nothing_changes_and_what_was_missed_is_done(
    release: Release, install: Install, started: Started
) -> None:
    install("backends=null")
    with started() as first:
        release.apply(variants=[CHINESE])
        release.wait_for("True", "Available")
        release.settle(first)
        before = release.versions()
        first.kill()
    with started() as second:
        release.settle(second)
        assert _but_annotated(release.versions()) == _but_annotated(before)
        second.kill()
    release.apply(variants=[CHINESE, LATIN])
    with started():
        release.wait_for("True", "Available")
        assert release.names("deployments") == {"ocr-ch-mobile", "ocr-latin-mobile"}


def _but_annotated(versions: dict[str, str]) -> dict[str, str]:
    """Without the Deployments, which `_settle` annotates."""
    return {name: version for name, version in versions.items() if not name.startswith("Deployment")}


def test_an_object_goes_with_its_children_while_the_operator_is_dead(
    release: Release, install: Install, started: Started
) -> None:
    install("backends=null")
    with started() as operator:
        release.apply(variants=[CHINESE, LATIN | {"autoscaling": {"maxReplicas": 2}}])
        release.wait_for("True", "Available")
        operator.kill()
    release.kubectl("delete", "ocrb", "ocr")
    for kind in ("deployments", "services", "horizontalpodautoscalers", "pods"):
        release.cluster.wait(lambda kind=kind: not release.names(kind), f"no {kind}")


def test_the_namespace_goes_while_the_operator_is_dead(
    release: Release, install: Install, started: Started
) -> None:
    install("backends=null")
    with started() as operator:
        release.apply()
        release.wait_for("True", "Available")
        operator.kill()
    release.cluster.kubectl("delete", "namespace", release.namespace, "--wait=false")
    release.cluster.wait(
        lambda: not release.cluster.get("namespace", release.namespace), "the namespace to go"
    )


def test_the_operator_ends_when_told_to(release: Release, install: Install, started: Started) -> None:
    install("backends=null")
    with started() as operator:
        assert operator.answer("/readyz") == (200, "ready\n")
        operator.process.terminate()
        assert operator.process.wait(20) == 0


class TestRights:
    """The Role has what is used, and what is used is in the Role."""

    # The first is asked for by an admission plugin that this API server does not run, see the chart's
    # comment; the second where a pod does not say itself why it waits, see test_reasons.py.
    UNUSED_HERE = frozenset({("ocrbackend.io", "ocrbackends/finalizers", "update"), ("", "events", "list")})

    def test_every_right_is_used_and_none_is_missing(
        self, service_monitors: None, release: Release, install: Install, started: Started
    ) -> None:
        install("backends=null")
        with started() as operator:
            release.apply(
                variants=[CHINESE, LATIN | {"autoscaling": {"minReplicas": 2, "maxReplicas": 2}}],
                models={"source": "Hub"},
                networkPolicy={"enabled": True},
                monitoring={"serviceMonitor": "Always"},
            )
            release.wait_for("True", "Available")
            release.apply(
                variants=[CHINESE], models={"source": "Hub"}, options={"useTextlineOrientation": False}
            )
            for kind, left in LEFT_OF_ONE_VARIANT.items():
                release.cluster.wait(
                    lambda kind=kind, left=left: release.names(kind) == left, f"{left} {kind}"
                )
            release.settle(operator)
        requests = [one for one in release.requests(operator.account) if "objectRef" in one]
        refused = [one for one in requests if one.get("responseStatus", {}).get("code") == 403]
        assert refused == []
        assert _granted(release) - self._used(requests) == self.UNUSED_HERE
        elsewhere = _granted_by_chart_backends(release) | _granted_by_election(release)
        assert self._used(requests) <= _granted(release) | elsewhere
        assert _granted_by_election(release) <= self._used(requests)

    def _used(self, requests: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        used = set()
        for one in requests:
            about = one["objectRef"]
            resource = "/".join(filter(None, [about["resource"], about.get("subresource")]))
            used.add((about.get("apiGroup", ""), resource, one["verb"]))
            # An apply that makes its object needs the right to create, which the audit log does not show.
            if one["verb"] == "patch" and one.get("responseStatus", {}).get("code") == 201:
                used.add((about.get("apiGroup", ""), resource, "create"))
        return used


def _rules(release: Release, suffix: str) -> set[tuple[str, str, str]]:
    [role] = [one for one in release.get("roles")["items"] if one["metadata"]["name"].endswith(suffix)]
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _granted(release: Release) -> set[tuple[str, str, str]]:
    return _rules(release, "-operator")


def _granted_by_election(release: Release) -> set[tuple[str, str, str]]:
    return _rules(release, "-election")


def _granted_by_chart_backends(release: Release) -> set[tuple[str, str, str]]:
    return _rules(release, "-backends")


def test_why_tells_that_no_operator_runs(release: Release) -> None:
    release.apply()
    why = kubectl_ocr(release.cluster, "why", "ocr", "-n", release.namespace)
    assert why.returncode == 1
    assert "\nOperatorSilent: no operator has looked at generation 1" in why.stdout
    assert "next: kubectl" in why.stdout
