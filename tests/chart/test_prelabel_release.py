"""The chart's `prelabel` on a real API server: what it accepts, and how upgrades change Jobs.

The nodes are fake: pods of a Job succeed immediately and run nothing.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ocr_backend.commands.prelabel.arguments import MAX_SHARDS
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError

pytestmark = pytest.mark.light

CHART = Path(__file__).parents[2] / "chart"
LABEL_STUDIO = {"url": "http://labels:8080", "apiKeySecretRef": {"name": "labels", "key": "token"}}
RUN = {"project": 12, "labelStudio": LABEL_STUDIO, "builtin": {"language": "ch"}, "shards": 2}

Json = dict[str, Any]
Helm = Callable[..., str]


@pytest.fixture
def helm(light_cluster: Cluster, restricted_namespace: str) -> Iterator[Helm]:
    """`helm(verb, **runs)`: installs or upgrades the test's release with these `prelabel` entries."""
    where = ["--namespace", restricted_namespace]

    def run(verb: str, *arguments: str, **runs: Json) -> str:
        values = ["--set", "crds.install=false", "--set", "defaultBackend.enabled=false"]
        prelabel = f"--set-json=prelabel={json.dumps(runs)}"
        return light_cluster.helm(verb, "r", str(CHART), *where, *values, prelabel, *arguments)

    yield run
    light_cluster.helm("uninstall", "r", *where, "--ignore-not-found")


@pytest.fixture
def jobs(light_cluster: Cluster, restricted_namespace: str) -> Callable[[], dict[str, Json]]:
    """`jobs()`: the Jobs of the test's namespace by their uid."""

    def jobs_by_uid() -> dict[str, Json]:
        listed = light_cluster.get("jobs", f"--namespace={restricted_namespace}")
        return {job["metadata"]["uid"]: job for job in listed.get("items", [])}

    return jobs_by_uid


@pytest.fixture
def send(light_cluster: Cluster, restricted_namespace: str) -> Callable[[Json], str]:
    """`send(fields)`: lets the API server validate an entry's object (dry run), and returns the output."""

    def dry_run(fields: Json) -> str:
        template = "cronjob" if "schedule" in fields else "job"
        where = ["--namespace", restricted_namespace]
        prelabel = f"--set-json=prelabel={json.dumps({'a' * 30: RUN | fields})}"
        show_only = ["--show-only", f"templates/prelabel/{template}.yaml"]
        manifest = light_cluster.helm("template", "r", str(CHART), *where, prelabel, *show_only)
        return light_cluster.kubectl("create", "--dry-run=server", "--filename=-", input=manifest)

    return dry_run


def are_complete(jobs: dict[str, Json]) -> bool:
    return bool(jobs) and all(
        any(condition["type"] == "Complete" for condition in job.get("status", {}).get("conditions", []))
        for job in jobs.values()
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"shards": MAX_SHARDS}, id="the maximum of pods"),
        pytest.param({"suspend": True, "ttlSecondsAfterFinished": 0}, id="mutable fields"),
        pytest.param(
            {"schedule": "30 2 * * 1-5", "timeZone": "Europe/Berlin", "activeDeadlineSeconds": 3600},
            id="a schedule",
        ),
        pytest.param(
            {
                "placement": {"tolerations": [{"key": "batch", "operator": "Exists"}]},
                "resources": {"requests": {"cpu": 1}, "limits": {"memory": "1Gi"}},
                "extraEnv": [{"name": "OCR_LOG_FORMAT", "value": "json"}],
            },
            id="placement and resources",
        ),
    ],
)
def test_the_api_server_accepts_the_rendered_objects(send: Callable[[Json], str], fields: Json) -> None:
    kind = "cronjob" if "schedule" in fields else "job"
    assert send(fields).startswith(f"{kind}.batch/")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"schedule": "at two o'clock"}, "spec.schedule", id="a schedule"),
        pytest.param({"schedule": "0 2 * * *", "timeZone": "Utopia"}, "unknown time zone", id="a time zone"),
        pytest.param(
            {"resources": {"requests": {"cpu": 2}, "limits": {"cpu": 1}}}, "must be less than", id="resources"
        ),
    ],
)
def test_the_api_server_rejects_values_that_the_schema_cannot_check(
    send: Callable[[Json], str], fields: Json, message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        send(fields)


def test_an_upgrade_with_unchanged_work_keeps_the_finished_job(
    helm: Helm, jobs: Callable[[], dict[str, Json]], light_cluster: Cluster
) -> None:
    helm("install", invoices=RUN)
    light_cluster.wait(lambda: are_complete(jobs()), "the Job to complete")
    before = jobs()
    helm("upgrade", "--set", "operator.logLevel=DEBUG", invoices=RUN | {"suspend": True})
    after = jobs()
    assert list(after) == list(before)
    assert are_complete(after)


def test_changed_work_replaces_the_job(
    helm: Helm, jobs: Callable[[], dict[str, Json]], light_cluster: Cluster
) -> None:
    helm("install", invoices=RUN)
    light_cluster.wait(lambda: are_complete(jobs()), "the Job to complete")
    (first,) = jobs()
    helm("upgrade", invoices=RUN | {"shards": 3})
    light_cluster.wait(lambda: first not in jobs(), "the first Job to go")
    light_cluster.wait(lambda: are_complete(jobs()), "the second Job to complete")
    (second,) = jobs().values()
    assert second["spec"]["completions"] == 3
    helm("upgrade")
    light_cluster.wait(lambda: not jobs(), "the Job to go with its entry")


def test_an_upgrade_recreates_a_job_that_its_ttl_deleted(
    helm: Helm, jobs: Callable[[], dict[str, Json]], light_cluster: Cluster
) -> None:
    briefly = RUN | {"ttlSecondsAfterFinished": 0}
    helm("install", invoices=briefly | {"suspend": True})
    (first,) = jobs()
    helm("upgrade", invoices=briefly)
    light_cluster.wait(lambda: first not in jobs(), "the Job to run and to remove itself")
    helm("upgrade", invoices=briefly | {"suspend": True})
    (second,) = jobs()
    assert second != first


def test_a_changed_schedule_updates_the_cron_job(
    helm: Helm, light_cluster: Cluster, restricted_namespace: str
) -> None:
    def cron_job() -> Json:
        (body,) = light_cluster.get("cronjobs", f"--namespace={restricted_namespace}")["items"]
        return dict(body)

    helm("install", nightly=RUN | {"schedule": "0 2 * * *"})
    before = cron_job()
    helm("upgrade", nightly=RUN | {"schedule": "0 3 * * *", "shards": 5})
    after = cron_job()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["schedule"] == "0 3 * * *"
    assert after["spec"]["jobTemplate"]["spec"]["completions"] == 5
