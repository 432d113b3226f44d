"""The status as a user sees it, for what may be seen of children and pods."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import family
from ocr_operator.observed.causes import Cause
from ocr_operator.observed.observation import ContainerTermination, ObservedObject, ObservedPod
from ocr_operator.planning.plan import Apply, Observed, plan
from ocr_operator.status.status import status_of
from ocr_operator.status.variant_status import variant_states

Make = Callable[..., dict[str, Any]]
DONE = {"observedGeneration": 1}
TWO = [{"language": "ch", "modelType": "mobile"}, {"language": "en", "modelType": "mobile"}]


class World:
    """Children and pods of one OCRBackend, and the status that they make."""

    def __init__(
        self,
        live: Callable[..., ObservedObject],
        pod: Callable[..., ObservedPod],
        config: OperatorConfig,
        now: datetime,
    ) -> None:
        self._live, self._pod, self._config, self.now = live, pod, config, now
        self.children: dict[ObjectReference, ObservedObject] = {}
        self.pods: list[ObservedPod] = []

    def apply(self, backend: dict[str, Any], *, pods_ready: bool = True, **status: Any) -> None:
        """Makes all children, with pods, as if this were the only OCRBackend there ever was."""
        found = plan(family(backend), Observed(), {}, self._config, self.now)
        for child in (step.child for step in found.steps if isinstance(step, Apply)):
            state = (DONE | status) if child["kind"] == "Deployment" else {}
            one = self._live(child, status=state)
            self.children[one.ref] = one
            if child["kind"] == "Deployment":
                labels = child["spec"]["template"]["metadata"]["labels"]
                self.pods.append(self._pod(labels, name=f"{one.ref.name}-{len(self.pods)}", ready=pods_ready))

    def change(self, name: str, **facts: Any) -> None:
        """Has a Deployment be otherwise."""
        for ref, child in self.children.items():
            if ref.kind == "Deployment" and ref.name == name:
                self.children[ref] = replace(child, **facts)

    def status(
        self,
        backend: dict[str, Any],
        problems: dict[ObjectReference, Cause] | None = None,
        previous: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The status that is written."""
        wanted = family(backend)
        observed = Observed(tuple(self.children.values()), tuple(self.pods))
        todo = plan(wanted, observed, {}, self._config, self.now)
        found = {**todo.problems, **(problems or {})}
        states = variant_states(wanted, observed, todo, found)
        return status_of(wanted, states, found, previous or {}, self.now)


@pytest.fixture
def world(
    live: Callable[..., ObservedObject],
    pod: Callable[..., ObservedPod],
    config: OperatorConfig,
    now: datetime,
) -> World:
    return World(live, pod, config, now)


def _condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    [found] = [one for one in status["conditions"] if one["type"] == kind]
    return dict(found)


def _short(status: dict[str, Any], kind: str = "Ready") -> tuple[str, str]:
    found = _condition(status, kind)
    return found["status"], found["reason"]


def test_the_status_of_a_backend_that_serves(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    revision = world.pods[0].revision
    assert world.status(backend) == {
        "observedGeneration": 1,
        "summary": "1/1",
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Available",
                "message": "1 variant can be used",
            },
            {
                "type": "Progressing",
                "status": "False",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Complete",
                "message": "nothing is on the way",
            },
            {
                "type": "ModelsReady",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Loaded",
                "message": "every variant's models are loaded",
            },
            {
                "type": "Degraded",
                "status": "False",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "AsExpected",
                "message": "nothing needs anybody's help",
            },
            {
                "type": "Reconciled",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
                "reason": "Applied",
                "message": "all children are as the spec says",
            },
        ],
        "variants": [
            {
                "language": "ch",
                "modelType": "mobile",
                "phase": "Ready",
                "url": "http://ocr-ch-mobile.labs.svc:9090",
                "replicas": {"desired": 1, "updated": 1, "ready": 1},
                "revision": {"current": revision, "target": revision, "lastGood": revision},
                "reason": "Available",
                "message": "",
            }
        ],
    }


def test_before_anything_is_there_it_is_starting(world: World, ocrbackend: Make) -> None:
    status = world.status(ocrbackend(variants=TWO))
    assert _short(status) == ("False", "Starting")
    assert _short(status, "Progressing") == ("True", "Starting")
    assert status["summary"] == "0/2"
    assert [one["phase"] for one in status["variants"]] == ["Starting", "Starting"]


def test_of_models_nothing_is_known_until_a_pod_has_told(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend(variants=TWO)
    assert _short(world.status(backend), "ModelsReady") == ("Unknown", "Starting")
    world.apply(backend)
    assert _short(world.status(backend), "ModelsReady") == ("True", "Loaded")
    failed = ContainerTermination(
        "Error", 3, "the models det cannot be downloaded from x", "2026-11-23T12:00:00Z"
    )
    world.pods[1] = replace(world.pods[1], is_ready=False, ended=failed)
    status = world.status(backend)
    assert _short(status, "ModelsReady") == ("False", "DownloadFailed")
    assert _condition(status, "ModelsReady")["message"].startswith("en/mobile: ")


def test_degraded_is_what_needs_help_and_not_what_is_on_its_way(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    assert _short(world.status(backend), "Degraded") == ("False", "AsExpected")
    world.apply(backend, pods_ready=False)
    assert _short(world.status(backend), "Degraded") == ("False", "AsExpected")
    world.pods = [replace(world.pods[0], waiting="ErrImagePull", waiting_message="not found")]
    assert _short(world.status(backend), "Degraded") == ("True", "ImagePullFailed")
    assert _short(world.status(ocrbackend(paused=True)), "Degraded") == ("True", "ImagePullFailed")


def test_a_refused_volume_is_the_reason_rather_than_the_pod_that_waits_for_it(
    world: World, ocrbackend: Make
) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    missing = 'persistentvolumeclaim "ocr-models" not found'
    world.pods = [replace(world.pods[0], unscheduled=missing, is_scheduled=False)]
    ref = ObjectReference("v1", "PersistentVolumeClaim", "labs", "ocr-models")
    status = world.status(backend, {ref: Cause(Reason.QUOTA_EXCEEDED, "no more volumes")})
    for kind in ("Ready", "Degraded"):
        told = _condition(status, kind)
        assert told["reason"] == "QuotaExceeded"
        assert "no more volumes" in told["message"]


def test_one_of_two_is_not_ready(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=TWO)
    world.apply(backend)
    world.pods = [replace(one, is_ready=one.variant == ("ch", "mobile")) for one in world.pods]
    status = world.status(backend)
    assert status["summary"] == "1/2"
    assert _short(status) == ("False", "Starting")
    assert _condition(status, "Ready")["message"].startswith("en/mobile: ")


def test_the_new_generation_is_not_ready_while_the_old_one_serves(world: World, ocrbackend: Make) -> None:
    world.apply(ocrbackend())
    status = world.status(ocrbackend(generation=2, options={"scoreThreshold": "0.6"}))
    assert _short(status) == ("False", "RollingOut")
    assert status["variants"][0]["phase"] == "RollingOut"
    assert status["variants"][0]["revision"]["current"] == world.pods[0].revision
    assert _condition(status, "Ready")["observedGeneration"] == 2


def test_an_annotation_that_somebody_adds_takes_no_readiness_away(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    # The API server counts it as a new generation, which the Deployment's controller has yet to see.
    world.change("ocr-ch-mobile", generation=2)
    assert _short(world.status(backend)) == ("True", "Available")


def test_old_pods_beside_the_new_ones_are_still_a_rollout(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    old = replace(world.pods[0], name="old", revision="old")
    world.pods.append(old)
    assert _short(world.status(backend)) == ("False", "RollingOut")
    world.pods[-1] = replace(old, is_terminating=True)
    assert _short(world.status(backend)) == ("True", "Available")


def test_an_autoscaler_that_asks_for_more_pods_takes_no_readiness_away(
    world: World, ocrbackend: Make
) -> None:
    scaled = [TWO[0] | {"autoscaling": {"minReplicas": 1, "maxReplicas": 5}}]
    backend = ocrbackend(variants=scaled)
    world.apply(backend)
    world.change("ocr-ch-mobile", replicas=4)
    world.pods.append(replace(world.pods[0], name="second", is_ready=False))
    assert _short(world.status(backend)) == ("True", "Available")


def test_a_failing_pod_of_the_new_revision_is_told_while_the_old_one_serves(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    world.apply(ocrbackend())
    changed = ocrbackend(generation=2, options={"scoreThreshold": "0.6"})
    world.apply(changed, pods_ready=False)
    broken = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    labels = {
        "ocrbackend.io/language": "ch",
        "ocrbackend.io/model-type": "mobile",
        "ocrbackend.io/revision": world.pods[-1].revision,
    }
    world.pods[-1] = pod(labels, name="new", state=broken)
    status = world.status(changed)
    assert _short(status) == ("False", "ImagePullFailed")
    assert status["variants"][0]["phase"] == "Failed"
    assert status["variants"][0]["revision"]["current"] == world.pods[0].revision


def test_the_most_urgent_of_several_troubles_is_the_reason(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend(variants=TWO)
    world.apply(backend, pods_ready=False)
    labels = [
        {
            "ocrbackend.io/language": one.variant[0],
            "ocrbackend.io/model-type": one.variant[1],
            "ocrbackend.io/revision": one.revision,
        }
        for one in world.pods
        if one.variant
    ]
    world.pods = [
        pod(labels[0], unscheduled="0/1 nodes are available: 1 Insufficient cpu."),
        pod(
            labels[1],
            state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}},
        ),
    ]
    status = world.status(backend)
    assert _short(status) == ("False", "SecretNotFound")
    assert [one["phase"] for one in status["variants"]] == ["Pending", "Failed"]
    message = _condition(status, "Ready")["message"]
    assert "ch/mobile: pod" in message
    assert "en/mobile: pod" in message


def test_the_last_failure_stays_to_be_seen_after_the_recovery(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend()
    world.apply(backend)
    labels = {
        "ocrbackend.io/language": "ch",
        "ocrbackend.io/model-type": "mobile",
        "ocrbackend.io/revision": world.pods[0].revision,
    }
    ended = {"exitCode": 137, "reason": "OOMKilled", "message": "", "finishedAt": "2026-11-23T11:00:00Z"}
    world.pods = [pod(labels, name="p", ready=True, last={"terminated": ended}, restarts=2)]
    [variant] = world.status(backend)["variants"]
    assert variant["phase"] == "Ready"
    failure = variant["lastFailure"]
    assert (failure["pod"], failure["reason"], failure["exitCode"]) == ("p", "OOMKilled", 137)
    assert (failure["time"], failure["count"]) == ("2026-11-23T11:00:00Z", 2)


def test_the_deadline_ends_the_progress(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    late = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "late.",
    }
    world.change("ocr-ch-mobile", status=DONE | {"conditions": [late]})
    status = world.status(backend)
    assert _short(status) == ("False", "ProgressDeadlineExceeded")
    assert _short(status, "Progressing") == ("False", "ProgressDeadlineExceeded")


def test_a_pod_without_a_node_is_on_the_way_until_the_deadline(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    message = "0/1 nodes are available: 1 Insufficient cpu."
    world.pods = [replace(world.pods[0], unscheduled=message, is_scheduled=False)]
    assert _short(world.status(backend), "Progressing") == ("True", "Starting")
    late = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "late.",
    }
    world.change("ocr-ch-mobile", status=DONE | {"conditions": [late]})
    status = world.status(backend)
    assert _short(status) == ("False", "Unschedulable")
    assert _short(status, "Progressing") == ("False", "ProgressDeadlineExceeded")


def test_a_pod_that_needs_help_is_not_on_the_way(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend, pods_ready=False)
    world.pods = [replace(world.pods[0], waiting="ErrImagePull", waiting_message="not found")]
    assert _short(world.status(backend), "Progressing") == ("False", "ImagePullFailed")


def test_an_object_in_the_way_is_named(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    ref = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
    world.children[ref] = replace(world.children[ref], owner_uid="somebody", labels={})
    status = world.status(backend)
    assert _short(status) == ("False", "Conflict")
    assert _short(status, "Reconciled") == ("False", "Conflict")
    assert "Service labs/ocr-ch-mobile" in _condition(status, "Reconciled")["message"]


def test_a_trouble_of_the_api_server_takes_no_readiness_away(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    ref = ObjectReference("v1", "Service", "labs", "ocr-ch-mobile")
    status = world.status(backend, {ref: Cause(Reason.API_ERROR, "no answer")})
    assert _short(status) == ("True", "Available")
    assert _short(status, "Reconciled") == ("False", "ApiError")


def test_a_volume_that_is_refused_is_told(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    world.apply(backend)
    ref = ObjectReference("v1", "PersistentVolumeClaim", "labs", "ocr-models")
    status = world.status(backend, {ref: Cause(Reason.FORBIDDEN, "the class does not grow volumes")})
    assert _short(status) == ("False", "Forbidden")


def test_a_paused_backend_that_serves_stays_ready(world: World, ocrbackend: Make) -> None:
    world.apply(ocrbackend())
    status = world.status(ocrbackend(paused=True))
    assert _short(status) == ("True", "Available")
    assert _short(status, "Reconciled") == ("False", "Paused")


def test_a_change_under_a_pause_waits_for_its_end(world: World, ocrbackend: Make) -> None:
    world.apply(ocrbackend())
    status = world.status(ocrbackend(generation=2, paused=True, options={"scoreThreshold": "0.6"}))
    assert _short(status) == ("False", "Paused")
    assert status["variants"][0]["phase"] == "RollingOut"


def test_a_variant_that_the_backend_refuses_is_invalid(world: World, ocrbackend: Make) -> None:
    korean = [{"language": "korean", "modelType": "mobile"}]
    status = world.status(ocrbackend(ocrVersion="PP-OCRv6", variants=korean))
    assert _short(status) == ("False", "Invalid")
    assert _short(status, "Reconciled") == ("False", "Invalid")
    assert status["variants"][0]["phase"] == "Failed"


def test_times_move_only_when_the_condition_flips(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend()
    first = world.status(backend)
    world.now += timedelta(minutes=1)
    again = world.status(backend, previous=first)
    assert again == first
    world.apply(backend)
    ready = world.status(backend, previous=first)
    assert _condition(ready, "Ready")["lastTransitionTime"] == "2026-11-23T12:01:00Z"
    assert _condition(ready, "Reconciled")["lastTransitionTime"] == "2026-11-23T12:00:00Z"


def test_a_message_of_many_variants_is_cut(
    world: World, ocrbackend: Make, pod: Callable[..., ObservedPod]
) -> None:
    variants = [
        {"language": language, "modelType": tier}
        for language in ("ch", "en", "japan", "korean", "arabic", "cyrillic", "devanagari", "latin")
        for tier in ("mobile", "server")
    ]
    backend = ocrbackend(variants=variants)
    problems = {
        ObjectReference("apps/v1", "Deployment", "labs", f"ocr-{one['language']}-{one['modelType']}"): Cause(
            Reason.FORBIDDEN, "x" * 300
        )
        for one in variants
    }
    status = world.status(backend, problems)
    assert len(_condition(status, "Ready")["message"]) == 1024
    assert status["summary"] == "0/16"
