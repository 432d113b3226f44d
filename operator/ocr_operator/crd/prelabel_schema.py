"""The schema of an entry of the chart's `prelabel`: one Label Studio project that is read whole.

Pure. The operator has nothing to do with it; it stands here for the parts that it shares with an OCRBackend's
schema. `crd` writes it into the chart, whose templates know what each field becomes.
"""

from ocr_backend.config import model_catalog
from ocr_operator.crd import placement_schema
from ocr_operator.crd.schema_types import Schema, choice, flag, secret, secret_key, structure, text, whole
from ocr_operator.crd.variant_schema import extra_env, resources

_URL = "^https?://[^/]"
_FOUR_WEEKS = 28 * 24 * 3600  # seconds

# Of the backend only its tables are known here, and these are arguments of its command; a test compares.
_MOST_SHARDS = 10_000
_SLICE, _LARGEST_SLICE = 50, 1000
_PARALLEL, _LARGEST_PARALLEL = 2, 64


def prelabel_schema() -> Schema:
    """Schema of one entry."""
    return structure(
        "A Label Studio project whose tasks a Job reads and stores, each pod its share of them.",
        {
            "project": whole("Id of the project, as in its URL.", 1, 2**53),
            "backend": _backend(),
            "builtin": _builtin(),
            "labelStudio": _label_studio(),
            **_which_tasks(),
            **_how_fast(),
            **_when(),
            "extraEnv": extra_env(),
            "resources": resources("unset: little with `backend`, what the small models need with `builtin`"),
            "placement": placement_schema.placement(is_spread=False),
        },
        required=["project"],
    )


def _backend() -> Schema:
    return structure(
        "The running backend that reads: a variant by name, language and modelType, or any by its url.",
        {
            "name": text("Name of an OCRBackend in the release's namespace.", minLength=1),
            "language": choice("Language of its variant.", list(model_catalog.LANGUAGES)),
            "modelType": choice("Size of its variant.", list(model_catalog.MODEL_TYPES)),
            "url": text("URL of a backend, in place of the other three.", pattern=_URL),
            "basicAuthSecretRef": secret(
                "User and password that the backend asks for: a Secret of type kubernetes.io/basic-auth. "
                "Unset: that of the backend's entry in `backends`."
            ),
        },
    )


def _builtin() -> Schema:
    return structure(
        "In place of `backend`: the pods read by themselves, with the small models inside the image.",
        {
            "language": choice(
                "What they read.", list(model_catalog.languages_of(model_catalog.BUILTIN_OCR_VERSION))
            )
        },
        required=["language"],
    )


def _label_studio() -> Schema:
    return structure(
        "Label Studio. Unset: what the backend's entry in `backends` says.",
        {
            "url": text("URL of Label Studio, as the pods reach it.", pattern=_URL),
            "apiKeySecretRef": secret_key(
                "Access token of a user who may change the project, personal or legacy: a key of a Secret."
            ),
        },
    )


def _which_tasks() -> dict[str, Schema]:
    return {
        "onlyMissing": flag("Leave out tasks that have any prediction."),
        "overwriteVersion": flag("Read all tasks, and replace their predictions of this version."),
        "filter": {
            "type": ["integer", "object"],
            "description": "Id of a view (tab) of the project, or a filter in the Data Manager's form.",
        },
        "after": whole("Leave out tasks up to this id.", 0, 2**53),
    }


def _how_fast() -> dict[str, Schema]:
    return {
        "shards": whole("Pods that share the tasks; unset: 1.", 1, _MOST_SHARDS),
        "slice": _unset("Tasks that are read and stored together", _SLICE, _LARGEST_SLICE),
        "parallel": _unset("Slices that a pod has in hand at once", _PARALLEL, _LARGEST_PARALLEL),
    }


def _when() -> dict[str, Schema]:
    return {
        "schedule": text(
            "When to read, in cron's form: a CronJob is made. Unset: once, after each change.", minLength=9
        ),
        "timeZone": text("Time zone of the schedule, such as Europe/Berlin.", minLength=1),
        "suspend": flag("Begin nothing until this is false again."),
        "backoffLimitPerIndex": whole("How often a share is begun again after a failure; unset: 6.", 0, 100),
        "activeDeadlineSeconds": whole("Seconds after which the Job is ended.", 60, _FOUR_WEEKS),
        "ttlSecondsAfterFinished": whole(
            "Seconds after which a Job that has ended is removed; the next upgrade of the release makes it "
            "anew. Unset: it stays.",
            0,
            _FOUR_WEEKS,
        ),
    }


def _unset(said: str, default: int, most: int) -> Schema:
    return whole(f"{said}; unset: {default}.", 1, most)
