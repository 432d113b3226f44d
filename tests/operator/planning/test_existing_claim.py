"""A claim that differs from the spec stays as it is, and the difference is reported."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.managed_objects import ClaimFields, ObservedObject
from ocr_operator.planning.steps import Apply, Plan

Make = Callable[..., dict[str, Any]]


def _hub(**storage: str) -> dict[str, Any]:
    return {"models": {"source": "Hub", "storage": storage}}


def _with_claim(objects: tuple[ObservedObject, ...], claim: ClaimFields) -> tuple[ObservedObject, ...]:
    return tuple(replace(each, claim=claim) if each.claim else each for each in objects)


def _claim_spec(result: Plan) -> dict[str, Any]:
    [claim] = [
        step.desired for step in result.steps if isinstance(step, Apply) and step.ref.name == "ocr-models"
    ]
    spec: dict[str, Any] = claim["spec"]
    return spec


@pytest.mark.parametrize(
    ("storage", "claim", "message"),
    [
        pytest.param(
            {"size": "5Gi"},
            ClaimFields("20Gi", None, ("ReadWriteOnce",)),
            "size is 20Gi, not 5Gi as in the spec",
            id="it was expanded by hand, or retained, or kept while the source was Builtin",
        ),
        pytest.param(
            {"storageClassName": "fast"},
            ClaimFields("5Gi", "slow", ("ReadWriteOnce",)),
            'storageClassName is "slow", not "fast" as in the spec',
            id="another storage class",
        ),
        pytest.param(
            {"accessMode": "ReadWriteMany"},
            ClaimFields("5Gi", None, ("ReadWriteOnce",)),
            "accessMode is ReadWriteOnce, not ReadWriteMany as in the spec",
            id="another access mode",
        ),
    ],
)
def test_the_claim_keeps_what_it_has(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    settled: Callable[..., Any],
    storage: dict[str, str],
    claim: ClaimFields,
    message: str,
) -> None:
    backend = ocrbackend(**_hub(**storage))
    objects, _ = settled(backend)
    result = planned(backend, _with_claim(objects, claim))
    applied = _claim_spec(result)
    assert applied["resources"] == {"requests": {"storage": claim.size}}
    assert applied["accessModes"] == list(claim.access_modes)
    assert applied.get("storageClassName") == claim.storage_class
    [(ref, cause)] = result.problems.items()
    assert (ref.name, cause.reason) == ("ocr-models", Reason.VOLUME_DIFFERS)
    assert cause.is_informational
    assert message in cause.message


@pytest.mark.parametrize("owns_storage_class", [True, False])
def test_a_class_is_applied_again_only_if_it_is_ours_and_is_no_difference(
    ocrbackend: Make, planned: Callable[..., Plan], settled: Callable[..., Any], owns_storage_class: bool
) -> None:
    backend = ocrbackend(**_hub(size="9Gi"))
    objects, _ = settled(backend)
    claim = ClaimFields("5Gi", "standard", ("ReadWriteOnce",), owns_storage_class)
    result = planned(backend, _with_claim(objects, claim))
    applied = _claim_spec(result)
    assert applied.get("storageClassName") == ("standard" if owns_storage_class else None)
    assert applied["resources"] == {"requests": {"storage": "9Gi"}}
    assert result.problems == {}


@pytest.mark.parametrize(
    ("mode", "existing", "stays_on_one_node"),
    [("ReadWriteMany", "ReadWriteOnce", True), ("ReadWriteOnce", "ReadWriteMany", False)],
)
def test_the_mode_of_the_claim_decides_on_how_many_nodes_pods_run(
    ocrbackend: Make,
    planned: Callable[..., Plan],
    settled: Callable[..., Any],
    mode: str,
    existing: str,
    stays_on_one_node: bool,
) -> None:
    backend = ocrbackend(**_hub(accessMode=mode))
    objects, _ = settled(backend)
    finished = {"conditions": [{"type": "Complete", "status": "True"}]}
    objects = tuple(
        replace(each, status=finished) if each.ref.kind == "Job" else each
        for each in _with_claim(objects, ClaimFields("5Gi", None, (existing,)))
    )
    state = planned(backend, objects).rollouts["ch-mobile"]
    assert ("affinity" in state.template["spec"]) is stays_on_one_node
