"""The schema of an OCRBackend's status, and the columns of `kubectl get`.

Pure; `status` fills the fields.
"""

from ocr_operator.crd.schema_types import Schema, array, integer, list_map, string, string_enum, struct

_MAX_INT32 = 2**31 - 1
_MAX_INT = 2**62


def _word(description: str) -> Schema:
    """A word that is no enum: an operator may be newer than the CRD, and its words must not be rejected."""
    return string(description, maxLength=256, pattern="^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")


def status_schema() -> Schema:
    """Schema of `status`."""
    return struct(
        "Observed state, set by the operator.",
        {
            "observedGeneration": integer("Generation of the spec that this status describes.", 0, _MAX_INT),
            "summary": string(
                "Number of variants that have a ready pod, and of all variants that are not suspended, such "
                "as `3/4`."
            ),
            "url": string("URL of the variant, if there is only one."),
            "conditions": _conditions(),
            "variants": array("State of each variant.", _variant(), 64, **list_map("name")),
        },
    )


def _conditions() -> Schema:
    condition = struct(
        "A condition, as in metav1.Condition.",
        {
            "type": _word("Type of the condition."),
            "status": string_enum("Status of the condition.", ["True", "False", "Unknown"]),
            "observedGeneration": integer(
                "Generation of the spec that this condition describes.", 0, _MAX_INT
            ),
            "lastTransitionTime": {
                "type": "string",
                "format": "date-time",
                "description": "Time of the last change of `status`.",
            },
            "reason": _word("Reason for the status, in one word."),
            "message": string("Details, and the next action if one is needed.", maxLength=32768),
        },
        required=["type", "status", "lastTransitionTime", "reason", "message"],
    )
    return array(
        "Ready: all variants of this generation are ready. Available: every variant has a ready pod, of any "
        "revision. Progressing: a rollout or download is in "
        "progress. ModelsReady: every variant has loaded its models. Degraded: action is required, or an "
        "external resource is missing. Reconciled: all managed objects match the spec. Stalled: waiting "
        "makes no sense any more, because a deadline has passed or the spec is rejected.",
        condition,
        16,
        **list_map("type"),
    )


def _variant() -> Schema:
    return struct(
        "State of one variant.",
        {
            "name": string("Name of the variant.", maxLength=63),
            "language": string("Language of the variant."),
            "modelType": string("Model type of the variant."),
            "phase": _word("State of the variant in one word."),
            "url": string("URL of the variant, to enter in Label Studio (Settings > Model)."),
            "replicas": struct(
                "Numbers of pods.",
                {
                    "desired": integer("Desired number of pods.", 0, _MAX_INT32),
                    "updated": integer("Number of pods of the target revision.", 0, _MAX_INT32),
                    "ready": integer("Number of ready pods of any revision.", 0, _MAX_INT32),
                },
            ),
            "revision": struct(
                "Revisions of the pods; every change that restarts pods creates a new revision.",
                {
                    "current": string("Revision that serves."),
                    "target": string("Revision that matches the spec."),
                    "lastGood": string("Last revision of which all pods were ready."),
                },
            ),
            "reason": _word("Reason for the phase, in one word."),
            "message": string("Details, and the next action if one is needed."),
            "lastTransitionTime": string("Time of the last change of `reason` or of `revision.target`."),
            "models": _models(),
            "lastFailure": _last_failure("Last failure of a container in the running pods."),
            "rolledBack": _rolled_back(),
        },
        required=["name"],
    )


def _models() -> Schema:
    digest = string("Model name and digest: `PP-OCRv5_mobile_det@sha256:…`.")
    return struct(
        "Download of the models from a hub.",
        {
            "job": string("Job that downloads the models; variants that need the same models share it."),
            "state": _word("State of the download: Waiting, Downloading, Verifying or Published."),
            "bytes": integer("Downloaded bytes.", 0, _MAX_INT),
            "totalBytes": integer("Total size in bytes; 0 if unknown.", 0, _MAX_INT),
            "percent": integer("Downloaded share in percent, in steps.", 0, 100),
            "lastProgressTime": string("Time of the last change of `bytes` or `state`."),
            "nextRetryTime": string("Time of the next retry after a failure."),
            "digests": {
                "type": "object",
                "description": "Published models by task: det, rec and others.",
                "additionalProperties": digest,
            },
            "lastFailure": _last_failure("Last failed attempt; removed after a success."),
        },
    )


def _last_failure(description: str) -> Schema:
    return struct(
        description,
        {
            "pod": string("Name of the pod."),
            "reason": _word("Reason for the failure, in one word."),
            "message": string("Details, with the end of the container's log."),
            "exitCode": integer("Exit code of the container.", -_MAX_INT32, _MAX_INT32),
            "time": string("Time at which the container ended."),
            "count": integer("Number of restarts of the container.", 0, _MAX_INT32),
        },
    )


def _rolled_back() -> Schema:
    return struct(
        "Revision that was rolled back; absent once the spec results in another revision.",
        {
            "revision": string("Revision that was rolled back."),
            "reason": _word("Reason why it was not ready in time, in one word."),
            "message": string("Details."),
            "time": string("Time of the rollback."),
            "nextRetryTime": string("Time of the next attempt, if the revision was not to blame."),
        },
    )


def printer_columns() -> list[dict[str, object]]:
    """Columns of `kubectl get ocrb`; those with a priority are for `-o wide`."""
    ready = '.status.conditions[?(@.type=="Ready")]'
    available = '.status.conditions[?(@.type=="Available")]'
    return [
        {"name": "Ready", "type": "string", "jsonPath": f"{ready}.status"},
        {"name": "Available", "type": "string", "jsonPath": f"{available}.status"},
        {"name": "Variants", "type": "string", "jsonPath": ".status.summary"},
        {"name": "Reason", "type": "string", "jsonPath": f"{ready}.reason"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Version", "type": "string", "jsonPath": ".spec.ocrVersion", "priority": 1},
        {"name": "Models", "type": "string", "jsonPath": ".spec.models.source", "priority": 1},
        {"name": "Message", "type": "string", "jsonPath": f"{ready}.message", "priority": 1},
    ]
