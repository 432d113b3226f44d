"""The schema of an entry of the chart's `prelabel`: a Job that reads all tasks of one Label Studio project.

Pure. The operator does not use it; it is here because it shares parts with the schema of an OCRBackend.
`values_schema` includes it, and the chart's templates render its fields.
"""

from ocr_backend.config import model_catalog
from ocr_operator.crd import language_schema, placement_schema
from ocr_operator.crd.resources_schema import resources
from ocr_operator.crd.schema_types import (
    Schema,
    boolean,
    integer,
    secret,
    secret_key,
    string,
    struct,
)
from ocr_operator.crd.variant_schema import env

_URL_PATTERN = "^https?://[^/]"
_MAX_SECONDS = 28 * 24 * 3600
"""Four weeks."""

# These are arguments of the backend's command, which must not be imported here; a test compares them.
_MAX_SHARDS = 10_000
_DEFAULT_SLICE, _MAX_SLICE = 50, 1000
_DEFAULT_PARALLEL, _MAX_PARALLEL = 2, 64


def prelabel_schema() -> Schema:
    """Schema of one entry."""
    return struct(
        "A Label Studio project whose tasks a Job reads; the predictions are stored in the project.",
        {
            "project": integer("Id of the project, as in its URL.", 1, 2**53),
            "backend": _backend(),
            "builtin": _builtin(),
            "labelStudio": _label_studio(),
            **_task_fields(),
            **_parallelism_fields(),
            **_job_fields(),
            "extraEnv": env(),
            "resources": resources(
                "Default: small with `backend`, and with `builtin` as much as the small models need."
            ),
            "placement": placement_schema.placement(has_spread=False),
        },
        required=["project"],
    )


def _backend() -> Schema:
    return struct(
        "The running backend to use: a variant by name and variant, or any backend by URL.",
        {
            "name": string("Name of an OCRBackend in the release's namespace.", minLength=1),
            "variant": string("Name of its variant.", minLength=1),
            "url": string("URL of a backend, instead of name and variant.", pattern=_URL_PATTERN),
            "basicAuthSecretRef": secret(
                "User and password of the backend: a Secret of type kubernetes.io/basic-auth. Default: that "
                "of the backend's entry in `backends`."
            ),
        },
    )


def _builtin() -> Schema:
    codes = model_catalog.BUILTIN_LANGUAGES["PP-OCRv6"]
    return struct(
        "Instead of `backend`: the pods of the Job read the images, with the small models in the image.",
        {"language": language_schema.language_enum(codes, "Language to read.")},
        required=["language"],
    )


def _label_studio() -> Schema:
    return struct(
        "Label Studio. Default: that of the backend's entry in `backends`.",
        {
            "url": string("URL of Label Studio, as reached from the pods.", pattern=_URL_PATTERN),
            "apiKeySecretRef": secret_key(
                "Key of a Secret that holds the access token, personal or legacy, of a user who may change "
                "the project."
            ),
        },
    )


def _task_fields() -> dict[str, Schema]:
    return {
        "onlyMissing": boolean("Skip tasks that have a prediction."),
        "overwriteVersion": boolean("Read all tasks, and replace their predictions of this model version."),
        "filter": {
            "type": ["integer", "object"],
            "description": "Id of a view (tab) of the project, or a filter in the Data Manager's format.",
        },
        "after": integer("Skip tasks up to and including this id.", 0, 2**53),
    }


def _parallelism_fields() -> dict[str, Schema]:
    return {
        "shards": integer("Number of pods that share the tasks. Default: 1.", 1, _MAX_SHARDS),
        "slice": integer(
            f"Number of tasks that are read and stored together. Default: {_DEFAULT_SLICE}.", 1, _MAX_SLICE
        ),
        "parallel": integer(
            f"Number of slices that a pod processes at the same time. Default: {_DEFAULT_PARALLEL}.",
            1,
            _MAX_PARALLEL,
        ),
    }


def _job_fields() -> dict[str, Schema]:
    return {
        "schedule": string(
            "Schedule in cron format; creates a CronJob. Default: run once after each change.", minLength=9
        ),
        "timeZone": string("Time zone of the schedule, such as Europe/Berlin.", minLength=1),
        "suspend": boolean("Do not start the Job until this is false again."),
        "backoffLimitPerIndex": integer("Number of retries of a failed shard. Default: 6.", 0, 100),
        "activeDeadlineSeconds": integer("Seconds after which the Job is stopped.", 60, _MAX_SECONDS),
        "ttlSecondsAfterFinished": integer(
            "Seconds after which a finished Job is deleted; the next upgrade of the release creates it "
            "again. Default: it is kept.",
            0,
            _MAX_SECONDS,
        ),
    }
