"""Plans of OCRBackends, and their objects after a plan was carried out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.revision import digest
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.pods import ObservedPod
from ocr_operator.observed.state import AppliedObject, Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply, Plan

Make = Callable[..., dict[str, Any]]
Live = Callable[..., ObservedObject]
LastApplied = Mapping[ObjectReference, AppliedObject]


@pytest.fixture
def planned(config: OperatorConfig, now: datetime) -> Callable[..., Plan]:
    """`planned(backend, objects, last_applied, pods)`: the plan."""

    def make(
        backend: dict[str, Any],
        objects: tuple[ObservedObject, ...] = (),
        last_applied: LastApplied | None = None,
        pods: tuple[ObservedPod, ...] = (),
    ) -> Plan:
        return plan(
            parse_backend(backend), Observed(now, objects, pods, last_applied=last_applied or {}), config
        )

    return make


@pytest.fixture
def settled(
    planned: Callable[..., Plan], live: Live
) -> Callable[..., tuple[tuple[ObservedObject, ...], LastApplied]]:
    """`settled(backend)`: the objects, and what was last applied, after the plan was carried out."""

    def make(backend: dict[str, Any], **facts: Any) -> tuple[tuple[ObservedObject, ...], LastApplied]:
        applied = [step.desired for step in planned(backend).steps if isinstance(step, Apply)]
        objects = tuple(live(child, **facts) for child in applied)
        return objects, {
            each.ref: AppliedObject(digest(child), each) for child, each in zip(applied, objects, strict=True)
        }

    return make
