"""Every trouble is told in the condition, the status, an Event and a metric, and none outlives its mending.

All of them are had side by side, each in a namespace of its own; see tests/support/troubles.py.
"""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocr_cluster.cluster import Cluster
from ocr_operator.api.reasons import GOOD, PASSING, Reason
from operator_process import Operator
from plugin import kubectl_ocr
from trouble_acts import backend
from troubles import HUB, TROUBLES, Trouble

pytestmark = pytest.mark.light

Release = Any
Releases = dict[str, Any]
# Had elsewhere: a pause and a predecessor's children in test_operator.py, rollouts in test_rollouts.py.
LASTING = {Reason.API_MISSING, Reason.VOLUME_NOT_EXPANDABLE}
ELSEWHERE = {Reason.PAUSED, Reason.ROLLED_BACK, Reason.ROLLOUT_HELD, *(PASSING - LASTING), *GOOD}
HARMFUL = [name for name, trouble in TROUBLES.items() if not trouble.is_harmless]
HARMLESS = [name for name, trouble in TROUBLES.items() if trouble.is_harmless]


def test_the_table_of_troubles_is_whole() -> None:
    assert {trouble.reason for trouble in TROUBLES.values()} == {str(one) for one in set(Reason) - ELSEWHERE}


@pytest.fixture(scope="module")
def without_service_monitors(light_cluster: Cluster) -> None:
    """The cluster lacks the Prometheus operator's API; one of the troubles is mended by bringing it."""
    light_cluster.kubectl("delete", "crd/servicemonitors.monitoring.coreos.com", "--ignore-not-found")


@pytest.fixture(scope="module")
def troubled(
    light_cluster: Cluster,
    without_service_monitors: None,
    operator: Operator,
    release_of: Callable[[str], Release],
) -> Iterator[Releases]:
    """The OCRBackends, by trouble; each has it or is about to."""
    run = uuid.uuid4().hex[:6]
    namespaces = {name: f"trouble-{name}-{run}" for name in TROUBLES}
    light_cluster.apply(
        *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one}} for one in namespaces.values())
    )
    for name, trouble in TROUBLES.items():
        trouble.before(light_cluster, namespaces[name])
    light_cluster.apply(*(backend(namespaces[name], **one.spec) for name, one in TROUBLES.items()))
    for name, trouble in TROUBLES.items():
        trouble.after(light_cluster, namespaces[name])
    yield {name: release_of(namespace) for name, namespace in namespaces.items()}
    for namespace in namespaces.values():
        everything = ("ocrb,deployments,pods", "--all", "--force", "--wait=false")
        light_cluster.kubectl("delete", *everything, f"--namespace={namespace}")
    light_cluster.kubectl("delete", "namespace", *namespaces.values(), "--wait=false")
    light_cluster.kubectl("delete", "persistentvolume", namespaces["growth"], "--wait=false")
    light_cluster.kubectl("delete", "storageclass", "nobody-makes", "rigid", "--ignore-not-found")


@pytest.mark.parametrize("name", HARMFUL)
def test_a_trouble_is_told_everywhere_and_its_mending_clears_it(
    troubled: Releases, operator: Operator, name: str
) -> None:
    release, trouble = troubled[name], TROUBLES[name]
    ready = release.wait_for("False", trouble.reason)
    assert trouble.said in ready["message"]
    assert ready["message"].endswith(Reason(trouble.reason).action)
    degraded = release.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", trouble.reason)
    [variant] = release.get("ocrb", "ocr")["status"]["variants"]
    assert variant["reason"] == trouble.reason
    of_fetching = variant.get("models", {}).get("lastFailure")
    _assert_last_failure(of_fetching or variant.get("lastFailure"), trouble)
    [event] = _events(release, trouble.reason)
    assert event["type"] == "Warning"
    assert trouble.said in event["message"]
    assert _metric(operator, release, "Ready") == {("false", trouble.reason)}
    assert _metric(operator, release, "Degraded") == {("true", trouble.reason)}
    said = kubectl_ocr(release.cluster, "why", "ocr", f"--namespace={release.namespace}")
    assert said.returncode == 1, said.stderr
    assert f"\n{trouble.reason}: " in said.stdout
    assert trouble.said in said.stdout
    assert f"\nnext: kubectl --namespace={release.namespace} " in said.stdout

    trouble.mend(release.cluster, release.namespace)
    release.wait_for("True", "Available")
    assert release.condition("Degraded")["status"] == "False"
    assert _metric(operator, release, "Ready") == {("true", "Available")}
    assert _metric(operator, release, "Degraded") == {("false", "AsExpected")}
    release.cluster.wait(lambda: _events(release, "Available"), "the Event of the recovery")


@pytest.mark.parametrize("name", HARMLESS)
def test_a_trouble_that_takes_nothing_away_is_told_beside_what_serves(
    troubled: Releases, operator: Operator, name: str
) -> None:
    release, trouble = troubled[name], TROUBLES[name]
    told = release.wait_for("False", trouble.reason, "Reconciled")
    assert trouble.said in told["message"]
    assert told["message"].endswith(Reason(trouble.reason).action)
    release.wait_for("True", "Available")
    [event] = _events(release, trouble.reason)
    assert event["type"] == "Warning"
    assert _metric(operator, release, "Reconciled") == {("false", trouble.reason)}
    said = kubectl_ocr(release.cluster, "why", "ocr", f"--namespace={release.namespace}")
    assert said.returncode == 1, said.stderr
    assert f"\n{trouble.reason}: " in said.stdout

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
    """Status and reason of a condition, as scraped."""
    _, text = operator.answer("/metrics")
    found = set()
    for line in text.splitlines():
        if line.startswith("ocrbackend_status_condition{") and f'"{release.namespace}"' in line:
            labels = dict(pair.split("=") for pair in line[line.index("{") + 1 : line.index("}")].split(","))
            if labels["condition"] == f'"{condition}"':
                found.add((labels["status"].strip('"'), labels["reason"].strip('"')))
    return found


def test_the_same_trouble_again_is_the_same_event_counted(release: Release, operator: Operator) -> None:
    trouble = TROUBLES["image"]
    release.cluster.apply(backend(release.namespace))
    for count in (1, 2):
        release.wait_for("True", "Available")
        trouble.after(release.cluster, release.namespace)
        release.cluster.wait(
            lambda count=count: [one["count"] for one in _events(release, trouble.reason)] == [count],
            f"one Event with count {count}",
        )
        trouble.mend(release.cluster, release.namespace)
    release.wait_for("True", "Available")
