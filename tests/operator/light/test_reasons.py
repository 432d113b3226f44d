"""Every trouble is reported by conditions, status, Events, metrics and `kubectl ocr why` until it is fixed.

All troubles exist at the same time, each in its own namespace; see tests/support/troubles.py.
"""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocr_cluster.cluster import Cluster
from ocr_operator.api.reason_groups import DEADLINES, NORMAL
from ocr_operator.api.reasons import Reason
from operator_process import Operator
from plugin import kubectl_ocr
from trouble_actions import backend
from troubles import HUB, TROUBLES, Trouble

pytestmark = pytest.mark.light

Release = Any
Releases = dict[str, Any]
# Tested elsewhere: a pause in test_spec_changes.py, recreated backends in test_ownership.py, rollouts in
# test_rollouts.py and test_kubectl.py, deadlines in tests/operator/status/test_deadlines.py, claims that
# differ in tests/operator/controller/test_reconciler.py.
LATE = {Reason.DOWNLOAD_STALLED, Reason.WRITE_FAILED, Reason.DELETION_STALLED}
ELSEWHERE = {
    Reason.PAUSED,
    Reason.ROLLED_BACK,
    Reason.ROLLBACK_REQUESTED,
    Reason.ROLLOUT_HELD,
    Reason.VOLUME_DIFFERS,
    *DEADLINES,
    *LATE,
    *NORMAL,
}
HARMFUL = [name for name, trouble in TROUBLES.items() if not trouble.is_harmless]
HARMLESS = [name for name, trouble in TROUBLES.items() if trouble.is_harmless]


def test_the_table_of_troubles_is_complete() -> None:
    assert {trouble.reason for trouble in TROUBLES.values()} == {
        str(reason) for reason in set(Reason) - ELSEWHERE
    }


@pytest.fixture(scope="module")
def without_service_monitors(light_cluster: Cluster) -> None:
    """The cluster lacks the API of the Prometheus operator; installing it fixes one of the troubles."""
    light_cluster.kubectl("delete", "crd/servicemonitors.monitoring.coreos.com", "--ignore-not-found")


@pytest.fixture(scope="module")
def troubled(
    light_cluster: Cluster,
    without_service_monitors: None,
    operator: Operator,
    release_in: Callable[[str], Release],
) -> Iterator[Releases]:
    """The OCRBackends by trouble; each has its trouble or gets it soon."""
    run = uuid.uuid4().hex[:6]
    namespaces = {name: f"trouble-{name}-{run}" for name in TROUBLES}
    light_cluster.apply(
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": each}}
            for each in namespaces.values()
        )
    )
    for name, trouble in TROUBLES.items():
        trouble.before(light_cluster, namespaces[name])
    light_cluster.apply(*(backend(namespaces[name], **trouble.spec) for name, trouble in TROUBLES.items()))
    for name, trouble in TROUBLES.items():
        trouble.after(light_cluster, namespaces[name])
    yield {name: release_in(namespace) for name, namespace in namespaces.items()}
    for namespace in namespaces.values():
        everything = ("ocrb,deployments,pods", "--all", "--force", "--wait=false")
        light_cluster.kubectl("delete", *everything, f"--namespace={namespace}")
    light_cluster.kubectl("delete", "namespace", *namespaces.values(), "--wait=false")
    light_cluster.kubectl("delete", "persistentvolume", namespaces["growth"], "--wait=false")
    light_cluster.kubectl("delete", "storageclass", "no-volumes", "rigid", "--ignore-not-found")


@pytest.mark.parametrize("name", HARMFUL)
def test_a_trouble_is_reported_everywhere_until_it_is_fixed(
    troubled: Releases, operator: Operator, name: str
) -> None:
    release, trouble = troubled[name], TROUBLES[name]
    ready = release.wait_for("False", trouble.reason)
    assert trouble.message in ready["message"]
    assert ready["message"].endswith(Reason(trouble.reason).action)
    degraded = release.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", trouble.reason)
    [variant] = release.get("ocrb", "ocr")["status"]["variants"]
    assert variant["reason"] == trouble.reason
    download_failure = variant.get("models", {}).get("lastFailure")
    _assert_last_failure(download_failure or variant.get("lastFailure"), trouble)
    [event] = _events(release, trouble.reason)
    assert event["type"] == "Warning"
    assert trouble.message in event["message"]
    assert _metric(operator, release, "Ready") == {("false", trouble.reason)}
    assert _metric(operator, release, "Degraded") == {("true", trouble.reason)}
    why = kubectl_ocr(release.cluster, "why", "ocr", f"--namespace={release.namespace}")
    assert why.returncode == 1, why.stderr
    assert f"\n{trouble.reason}: " in why.stdout
    assert trouble.message in why.stdout
    assert f"\nnext: kubectl --namespace={release.namespace} " in why.stdout

    trouble.mend(release.cluster, release.namespace)
    release.wait_for("True", "Available")
    assert release.condition("Degraded")["status"] == "False"
    assert _metric(operator, release, "Ready") == {("true", "Available")}
    assert _metric(operator, release, "Degraded") == {("false", "AsExpected")}
    release.cluster.wait(lambda: _events(release, "Available"), "the Event of the recovery")


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_trouble_is_reported_while_the_backend_is_ready(
    troubled: Releases, operator: Operator, name: str
) -> None:
    release, trouble = troubled[name], TROUBLES[name]
    reconciled = release.wait_for("False", trouble.reason, "Reconciled")
    assert trouble.message in reconciled["message"]
    assert reconciled["message"].endswith(Reason(trouble.reason).action)
    release.wait_for("True", "Available")
    [event] = _events(release, trouble.reason)
    assert event["type"] == "Warning"
    assert _metric(operator, release, "Reconciled") == {("false", trouble.reason)}
    why = kubectl_ocr(release.cluster, "why", "ocr", f"--namespace={release.namespace}")
    assert why.returncode == 1, why.stderr
    assert f"\n{trouble.reason}: " in why.stdout

    trouble.mend(release.cluster, release.namespace)
    release.wait_for("True", "Applied", "Reconciled")
    assert _metric(operator, release, "Reconciled") == {("true", "Applied")}


def _assert_last_failure(failure: dict[str, Any] | None, trouble: Trouble) -> None:
    if trouble.exit_code is None:
        assert failure is None
        return
    assert failure is not None
    assert (failure["reason"], failure["exitCode"]) == (trouble.reason, trouble.exit_code)
    assert (failure["time"], failure["count"]) == ("2026-11-23T12:00:00Z", 2)
    assert failure["pod"].startswith("ocr-models-" if trouble.spec == HUB else "ocr-ch-mobile-")


def _events(release: Release, reason: str) -> list[dict[str, Any]]:
    selector = f"--field-selector=involvedObject.kind=OCRBackend,reason={reason}"
    return list(release.get("events", selector).get("items", []))


def _metric(operator: Operator, release: Release, condition: str) -> set[tuple[str, str]]:
    """Status and reason of a condition in the metrics."""
    _, text = operator.get("/metrics")
    series = set()
    for line in text.splitlines():
        if line.startswith("ocrbackend_status_condition{") and f'"{release.namespace}"' in line:
            labels = dict(pair.split("=") for pair in line[line.index("{") + 1 : line.index("}")].split(","))
            if labels["condition"] == f'"{condition}"':
                series.add((labels["status"].strip('"'), labels["reason"].strip('"')))
    return series


def test_a_repeated_trouble_is_one_event_with_a_count(release: Release, operator: Operator) -> None:
    trouble = TROUBLES["image"]
    release.cluster.apply(backend(release.namespace))
    for count in (1, 2):
        release.wait_for("True", "Available")
        trouble.after(release.cluster, release.namespace)
        release.cluster.wait(
            lambda count=count: [event["count"] for event in _events(release, trouble.reason)] == [count],
            f"one Event with count {count}",
        )
        trouble.mend(release.cluster, release.namespace)
    release.wait_for("True", "Available")
