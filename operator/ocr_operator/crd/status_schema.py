"""The schema of an OCRBackend's status, and the columns that `kubectl get` shows.

Pure; `status` fills what is described here.
"""

from ocr_operator.api.conditions import ConditionType, Phase
from ocr_operator.api.reasons import Reason
from ocr_operator.crd.schema_types import Schema, array, choice, structure, text, whole

_MANY = 2**31 - 1


def status_schema() -> Schema:
    """Schema of `status`."""
    return structure(
        "What is; written by the operator.",
        {
            "observedGeneration": whole("Generation of the spec that this status speaks of.", 0, 2**62),
            "summary": text("Variants that are ready, of all: `3/4`."),
            "conditions": _conditions(),
            "variants": array(
                "Each variant.",
                _variant(),
                64,
                **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["language", "modelType"]},
            ),
        },
    )


def _conditions() -> Schema:
    condition = structure(
        "One condition, as everywhere in Kubernetes.",
        {
            "type": choice("Which.", [str(one) for one in ConditionType]),
            "status": choice("Whether it holds.", ["True", "False", "Unknown"]),
            "observedGeneration": whole("Generation of the spec that it speaks of.", 0, 2**62),
            "lastTransitionTime": {
                "type": "string",
                "format": "date-time",
                "description": "When `status` last changed.",
            },
            "reason": choice("Why, in one word.", [str(reason) for reason in Reason]),
            "message": text("Why, in a sentence, and what to do.", maxLength=32768),
        },
        required=["type", "status", "lastTransitionTime", "reason", "message"],
    )
    return array(
        "Ready: every variant serves as this generation says. Progressing: something is on its way. "
        "ModelsReady: every variant's models are loaded. Degraded: something needs somebody's help. "
        "Reconciled: all children are as the spec says.",
        condition,
        16,
        **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )


def _variant() -> Schema:
    return structure(
        "Where one variant stands.",
        {
            "language": text("Language."),
            "modelType": text("Size."),
            "phase": choice("Where it stands.", [str(phase) for phase in Phase]),
            "url": text("What to enter in Label Studio (Settings > Model) for it."),
            "replicas": structure(
                "Its pods.",
                {
                    "desired": whole("Asked for.", 0, _MANY),
                    "updated": whole("Of the target revision.", 0, _MANY),
                    "ready": whole("Serving, of any revision.", 0, _MANY),
                },
            ),
            "revision": structure(
                "Revisions of its pods; one changes with whatever restarts pods.",
                {
                    "current": text("The one that serves."),
                    "target": text("The one that the spec asks for."),
                    "lastGood": text("The last one that has served with all its pods."),
                },
            ),
            "reason": choice("Why it is in this phase.", [str(reason) for reason in Reason]),
            "message": text("Why, in a sentence, and what to do."),
            "models": _models(),
            "lastFailure": _last_failure(
                "The last time that a container of the running pods ended in failure."
            ),
            "rolledBack": _rolled_back(),
        },
        required=["language", "modelType"],
    )


def _models() -> Schema:
    digest = text("Name and digest: `PP-OCRv5_mobile_det@sha256:…`.")
    return structure(
        "Its models, where they are fetched from a hub.",
        {
            "job": text("The Job that fetches them, or has; variants that need the same models share it."),
            "state": choice(
                "What is done to them at this moment.", ["Waiting", "Fetching", "Verifying", "Published"]
            ),
            "bytes": whole("What is there of them.", 0, 2**62),
            "totalBytes": whole("What there is in all; 0 where the hub does not say.", 0, 2**62),
            "percent": whole("How much is there, in steps.", 0, 100),
            "nextRetryTime": text("When it is tried again, after a failure."),
            "digests": {
                "type": "object",
                "description": "What was published, by its part in reading: det, rec and others.",
                "additionalProperties": digest,
            },
            "lastFailure": _last_failure("The last attempt of those that failed; gone once one succeeds."),
        },
    )


def _last_failure(description: str) -> Schema:
    return structure(
        description,
        {
            "pod": text("Pod."),
            "reason": choice("Why.", [str(reason) for reason in Reason]),
            "message": text("Why, in a sentence, with the end of its log."),
            "exitCode": whole("Exit code of the container.", -_MANY, _MANY),
            "time": text("When it ended."),
            "count": whole("How often the container was started again.", 0, _MANY),
        },
    )


def _rolled_back() -> Schema:
    return structure(
        "The revision that was taken back; absent once another one is asked for.",
        {
            "revision": text("Revision."),
            "reason": choice("Why it was not ready in time.", [str(reason) for reason in Reason]),
            "message": text("Why, in a sentence."),
            "time": text("When it was taken back."),
        },
    )


def printer_columns() -> list[dict[str, object]]:
    """Columns of `kubectl get ocrb`; those with a priority are for `-o wide`."""
    ready = '.status.conditions[?(@.type=="Ready")]'
    return [
        {"name": "Ready", "type": "string", "jsonPath": f"{ready}.status"},
        {"name": "Variants", "type": "string", "jsonPath": ".status.summary"},
        {"name": "Reason", "type": "string", "jsonPath": f"{ready}.reason"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Version", "type": "string", "jsonPath": ".spec.ocrVersion", "priority": 1},
        {"name": "Models", "type": "string", "jsonPath": ".spec.models.source", "priority": 1},
        {"name": "Message", "type": "string", "jsonPath": f"{ready}.message", "priority": 1},
    ]
