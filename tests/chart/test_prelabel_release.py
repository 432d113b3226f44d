"""The chart's `prelabel` on a real API server: what it accepts, and what becomes of Jobs over upgrades.

The nodes are fake: pods of a Job succeed at once and run nothing.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ocr_backend.commands.prelabel.arguments import MOST_SHARDS
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
    """`helm(verb, **runs)`: the release of the test's namespace with these entries of `prelabel`."""
    where = ["--namespace", restricted_namespace]

    def run(verb: str, *arguments: str, **runs: Json) -> str:
        values = ["--set", "crds.install=false", "--set", "backends=null"]
        given = f"--set-json=prelabel={json.dumps(runs)}"
        return light_cluster.helm(verb, "r", str(CHART), *where, *values, given, *arguments)

    yield run
    light_cluster.helm("uninstall", "r", *where, "--ignore-not-found")


@pytest.fixture
def jobs(light_cluster: Cluster, restricted_namespace: str) -> Callable[[], dict[str, Json]]:
    """`jobs()`: the Jobs of the test's namespace by their uid."""

    def found() -> dict[str, Json]:
        listed = light_cluster.get("jobs", f"--namespace={restricted_namespace}")
        return {one["metadata"]["uid"]: one for one in listed.get("items", [])}

    return found


@pytest.fixture
def send(light_cluster: Cluster, restricted_namespace: str) -> Callable[[Json], str]:
    """`send(fields)`: has the API server check an entry's object without keeping it; answers its words."""

    def checked(fields: Json) -> str:
        template = "cronjob" if "schedule" in fields else "job"
        where = ["--namespace", restricted_namespace]
        given = f"--set-json=prelabel={json.dumps({'a' * 30: RUN | fields})}"
        shown = ["--show-only", f"templates/prelabel/{template}.yaml"]
        made = light_cluster.helm("template", "r", str(CHART), *where, given, *shown)
        return light_cluster.kubectl("create", "--dry-run=server", "--filename=-", input=made)

    return checked


def are_complete(jobs: dict[str, Json]) -> bool:
    return bool(jobs) and all(
        any(one["type"] == "Complete" for one in job.get("status", {}).get("conditions", []))
        for job in jobs.values()
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"shards": MOST_SHARDS}, id="as many pods as can be"),
        pytest.param({"suspend": True, "ttlSecondsAfterFinished": 0}, id="what may change"),
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
            id="nodes and amounts",
        ),
    ],
)
def test_the_api_server_accepts_what_the_chart_makes(send: Callable[[Json], str], fields: Json) -> None:
    kind = "cronjob" if "schedule" in fields else "job"
    assert send(fields).startswith(f"{kind}.batch/")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"schedule": "at two o'clock"}, "spec.schedule", id="a schedule"),
        pytest.param({"schedule": "0 2 * * *", "timeZone": "Utopia"}, "unknown time zone", id="a time zone"),
        pytest.param(
            {"resources": {"requests": {"cpu": 2}, "limits": {"cpu": 1}}}, "must be less than", id="amounts"
        ),
    ],
)
def test_what_only_the_api_server_knows_to_be_wrong_it_says(
    send: Callable[[Json], str], fields: Json, said: str
) -> None:
    with pytest.raises(ClusterError, match=said):
        send(fields)


def test_an_upgrade_that_changes_no_work_runs_nothing_again(
    helm: Helm, jobs: Callable[[], dict[str, Json]], light_cluster: Cluster
) -> None:
    helm("install", invoices=RUN)
    light_cluster.wait(lambda: are_complete(jobs()), "the Job to complete")
    before = jobs()
    helm("upgrade", "--set", "operator.logLevel=DEBUG", invoices=RUN | {"suspend": True})
    after = jobs()
    assert list(after) == list(before)
    assert are_complete(after)


def test_changed_work_is_another_job_in_place_of_the_first(
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


def test_a_job_that_removed_itself_is_made_anew_by_an_upgrade(
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


def test_a_schedule_that_changes_keeps_its_cron_job(
    helm: Helm, light_cluster: Cluster, restricted_namespace: str
) -> None:
    def cron_job() -> Json:
        (found,) = light_cluster.get("cronjobs", f"--namespace={restricted_namespace}")["items"]
        return dict(found)

    helm("install", nightly=RUN | {"schedule": "0 2 * * *"})
    before = cron_job()
    helm("upgrade", nightly=RUN | {"schedule": "0 3 * * *", "shards": 5})
    after = cron_job()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["schedule"] == "0 3 * * *"
    assert after["spec"]["jobTemplate"]["spec"]["completions"] == 5
