"""Rollouts for any order of events: they end, respect their limit, and keep the serving pods.

`Site` plays the cluster. What the operator must remember is in the Deployments alone, so it may restart
at any time.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from generated_cases import cases
from ocr_operator.api.names import REQUEST_ANNOTATIONS, RETRY_ANNOTATION, ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.rollout_record import record
from rollout_site import BAD, KEYS, Site

ENOUGH = 8 * len(KEYS)
"""Rounds for three pods of each variant one after the other, waits for room, a deadline and a rollback."""

Json = dict[str, Any]

variant = st.one_of(
    st.fixed_dictionaries({"replicas": st.integers(1, 3)}),
    st.just({"autoscaling": {"minReplicas": 1, "maxReplicas": 3}}),
)
specs = st.fixed_dictionaries(
    {
        "options": st.fixed_dictionaries({"scoreThreshold": st.sampled_from(["0.5", "0.6", *sorted(BAD)])}),
        "rollout": st.fixed_dictionaries(
            {
                "maxParallelVariants": st.integers(1, 4),
                "autoRollback": st.booleans(),
                "progressDeadlineSeconds": st.just(240),
                "surge": st.sampled_from(["Auto", "Never"]),
            }
        ),
        "variants": st.tuples(*(variant for _ in KEYS)),
    }
)
positions = st.integers(0, len(KEYS) - 1)
events = st.one_of(
    st.tuples(st.just("edit"), specs),
    st.tuples(st.sampled_from(["controller", "ready", "deadline", "lost", "fill"]), positions),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(
        st.just("request"),
        st.tuples(st.sampled_from(REQUEST_ANNOTATIONS), st.none() | positions),
    ),
)


def _event(site: Site, kind: str, argument: Any) -> None:
    if kind == "restart":
        site.last_applied.clear()
    elif kind == "request":
        site.request(*argument)
    else:
        getattr(site, kind)(argument)


def _minimum_ready(site: Site, ref: ObjectReference) -> int:
    """Ready pods that a rollout must keep, unless it replaces pods in place."""
    ready = sum(pod.is_ready for pod in site.pods.get(ref, []))
    return 0 if site.objects[ref].is_in_place else min(ready, site.scale.get(ref, 0))


# The fixtures have no state, so all examples may share them.
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=cases(25),
    phases=[Phase.generate],
)
@given(first=specs, history=st.lists(events, max_size=15))
def test_rollouts_end_keep_their_limit_and_keep_serving_pods(
    ocrbackend: Callable[..., Json],
    live: Callable[..., ObservedObject],
    pod: Callable[..., ObservedPod],
    config: OperatorConfig,
    now: datetime,
    first: Json,
    history: list[tuple[str, Any]],
) -> None:
    site = Site(ocrbackend, live, pod, config, now, first)
    for kind, argument in history:
        _event(site, kind, argument)
        _settle(site)
    # Otherwise a requested rollback lasts.
    _event(site, "request", (RETRY_ANNOTATION, None))
    _end(site)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=5,
    phases=[Phase.generate],
)
@given(first=specs, full=st.sets(positions, min_size=1))
def test_a_rollout_on_a_full_node_ends_and_is_not_rolled_back(
    ocrbackend: Callable[..., Json],
    live: Callable[..., ObservedObject],
    pod: Callable[..., ObservedPod],
    config: OperatorConfig,
    now: datetime,
    first: Json,
    full: set[int],
) -> None:
    rollout = first["rollout"] | {"autoRollback": True, "surge": "Auto"}
    good = first | {"rollout": rollout, "options": {"scoreThreshold": "0.5"}}
    site = Site(ocrbackend, live, pod, config, now, good)
    _end(site)
    for position in full:
        _event(site, "fill", position)
    _event(site, "edit", good | {"options": {"scoreThreshold": "0.6"}})
    _end(site)


def _end(site: Site) -> None:
    """Nothing changes any more until all rollouts have ended."""
    for kind in ["ready", "deadline"] * ENOUGH:
        for position in range(len(KEYS)):
            _event(site, kind, position)
        _settle(site)
    for position in range(len(KEYS)):
        _check_end(site, position)


def _settle(site: Site) -> None:
    """The operator reconciles, and the Deployment controller acts."""
    site.reconcile()
    for position in range(len(KEYS)):
        ref = site.ref(position)
        minimum = _minimum_ready(site, ref)
        site.controller(position)
        assert sum(pod.is_ready for pod in site.pods[ref]) >= min(minimum, site.scale[ref])


def _check_end(site: Site, position: int) -> None:
    """The target revision runs; if it cannot, the last good one does, if rollback is on."""
    deployment = site.objects[site.ref(position)]
    history = record(deployment.rollout)
    target = site.plan().rollouts[KEYS[position]].target
    pods = site.pods[site.ref(position)]
    if not site.is_bad_spec():
        assert deployment.revision == target
        assert history.good is not None
        assert history.good.revision == target
        assert all(pod.is_ready and pod.revision == target for pod in pods)
    elif history.good and site.spec["rollout"]["autoRollback"]:
        assert history.rolled_back is not None
        assert (deployment.revision, history.rolled_back.revision) == (history.good.revision, target)
        assert all(pod.is_ready and pod.revision == deployment.revision for pod in pods)
    else:
        assert deployment.revision == target
