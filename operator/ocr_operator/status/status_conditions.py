"""The conditions of an OCRBackend, from the states of its variants.

Pure.
"""

from collections.abc import Iterable, Mapping, Sequence

from ocr_operator.api.conditions import Condition, ConditionType, Phase
from ocr_operator.api.names import ObjectReference
from ocr_operator.api.reason_groups import ABOUT_MODELS, FINAL
from ocr_operator.api.reasons import Reason
from ocr_operator.api.spec import BackendSpec
from ocr_operator.observed.causes import Cause, most_urgent
from ocr_operator.status.variant_state import VariantState

Problems = Mapping[ObjectReference, Cause]
"""Why managed objects could not be written."""


def conditions_of(spec: BackendSpec, states: Sequence[VariantState], problems: Problems) -> list[Condition]:
    """All conditions, always in the same order."""
    return [
        _ready(states, problems),
        _available(states),
        _progressing(spec, states),
        _models_ready(states),
        _degraded(states, problems),
        _reconciled(spec, problems),
        _stalled(states, problems),
    ]


def _ready(states: Sequence[VariantState], problems: Problems) -> Condition:
    """Whether all variants serve; problems of other objects concern Degraded and Reconciled alone."""
    waiting = [state for state in states if state.cause]
    cause, message = _summary(waiting, problems)
    if waiting and cause:
        return Condition(ConditionType.READY, False, cause.reason, message)
    message = f"{len(states)} of {len(states)} variants are ready"
    return Condition(ConditionType.READY, True, Reason.AVAILABLE, message)


def _available(states: Sequence[VariantState]) -> Condition:
    """Whether the OCRBackend can be used, even while a rollout goes wrong."""
    missing = [state for state in states if not state.ready and not state.is_suspended]
    if not missing:
        message = "Every variant has a ready pod"
        return Condition(ConditionType.AVAILABLE, True, Reason.AVAILABLE, message)
    cause = most_urgent(_causes(missing))
    reason = cause.reason if cause else Reason.STARTING
    return Condition(ConditionType.AVAILABLE, False, reason, f"Without a ready pod: {_names(missing)}")


def _degraded(states: Sequence[VariantState], problems: Problems) -> Condition:
    cause, message = _summary([state for state in states if state.needs_action], problems)
    if cause:
        return Condition(ConditionType.DEGRADED, True, cause.reason, message)
    return Condition(ConditionType.DEGRADED, False, Reason.AS_EXPECTED, "No problems detected")


def _summary(states: Sequence[VariantState], problems: Problems) -> tuple[Cause | None, str]:
    """The most urgent cause of these variants and of lasting problems, and a message with all causes."""
    variant_causes = _causes(states)
    others = [
        cause for cause in problems.values() if not cause.is_informational and cause not in variant_causes
    ]
    messages = [*_messages(states), *(cause.message for cause in others)]
    return most_urgent([*variant_causes, *others]), ". ".join(messages)


def _models_ready(states: Sequence[VariantState]) -> Condition:
    missing = [state for state in states if not state.has_loaded and not state.is_suspended]
    if not missing:
        message = "All variants have loaded their models"
        return Condition(ConditionType.MODELS_READY, True, Reason.LOADED, message)
    failing = [state for state in missing if state.cause and state.cause.reason in ABOUT_MODELS]
    if cause := most_urgent(_causes(failing)):
        return Condition(ConditionType.MODELS_READY, False, cause.reason, ". ".join(_messages(failing)))
    message = f"No pod of the new revision has loaded its models yet: {_names(missing)}"
    return Condition(ConditionType.MODELS_READY, None, Reason.STARTING, message)


def _progressing(spec: BackendSpec, states: Sequence[VariantState]) -> Condition:
    if spec.is_paused:
        return Condition(ConditionType.PROGRESSING, False, Reason.PAUSED, "spec.paused is true")
    if progressing := [state for state in states if state.is_progressing]:
        is_rolling_out = any(state.phase is Phase.ROLLING_OUT for state in progressing)
        reason = Reason.ROLLING_OUT if is_rolling_out else Reason.STARTING
        return Condition(ConditionType.PROGRESSING, True, reason, f"Rolling out: {_names(progressing)}")
    if late := [state for state in states if state.is_late]:
        message = f"Not ready within spec.rollout.progressDeadlineSeconds: {_names(late)}"
        return Condition(ConditionType.PROGRESSING, False, Reason.PROGRESS_DEADLINE_EXCEEDED, message)
    if cause := most_urgent(_causes(states)):
        message = f"Action required: {_names(state for state in states if state.cause)}"
        return Condition(ConditionType.PROGRESSING, False, cause.reason, message)
    return Condition(ConditionType.PROGRESSING, False, Reason.COMPLETE, "All rollouts are complete")


def _reconciled(spec: BackendSpec, problems: Problems) -> Condition:
    if spec.is_paused:
        message = "spec.paused is true: changes to the spec and to managed objects are not applied"
        return Condition(ConditionType.RECONCILED, False, Reason.PAUSED, message)
    invalid = (Cause(Reason.INVALID, message) for message in spec.invalid_variants.values())
    causes = [*problems.values(), *invalid]
    if cause := most_urgent(causes):
        message = ". ".join(each.message for each in causes)
        return Condition(ConditionType.RECONCILED, False, cause.reason, message)
    message = "All managed objects match the spec"
    return Condition(ConditionType.RECONCILED, True, Reason.APPLIED, message)


def _stalled(states: Sequence[VariantState], problems: Problems) -> Condition:
    final = {ref: cause for ref, cause in problems.items() if cause.reason in FINAL}
    cause, message = _summary([state for state in states if state.is_stalled], final)
    if cause:
        return Condition(ConditionType.STALLED, True, cause.reason, message)
    return Condition(ConditionType.STALLED, False, Reason.AS_EXPECTED, "No deadline has passed")


def _causes(states: Iterable[VariantState]) -> list[Cause]:
    return [state.cause for state in states if state.cause]


def _messages(states: Iterable[VariantState]) -> list[str]:
    return [f"{state.name}: {state.cause.message}" for state in states if state.cause]


def _names(states: Iterable[VariantState]) -> str:
    return ", ".join(state.name for state in states)
