"""The Jobs and CronJobs that the chart creates for `prelabel`: their objects, names and resources."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_backend.commands.exit_codes import MODEL_STATUS, USAGE_STATUS
from ocr_backend.commands.prelabel.arguments import MAX_SHARDS
from ocr_backend.config.settings import Settings
from prelabel_entries import RUN, Json

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
MAX_LABEL = 63  # of RFC 1123; the pods of an Indexed Job have the host name <job>-<index>
MAX_CRON_JOB = 52  # of the API server, which derives the names of Jobs from it

Helm = Callable[..., subprocess.CompletedProcess[str]]


def test_by_default_no_project_is_read(jobs: Callable[..., list[Json]]) -> None:
    assert jobs() == []
    assert jobs(prelabel=None) == []


def test_an_entry_creates_an_indexed_job_with_the_backend_image(job: Callable[..., Json]) -> None:
    body = job({**RUN, "shards": 4}, **{"global.imagePullSecrets": ["pull"]})
    assert body.pop("apiVersion") == "batch/v1"
    metadata = body.pop("metadata")
    assert metadata["namespace"] == "labs"
    assert metadata["labels"]["ocrbackend.io/prelabel"] == "invoices"
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    pod = body["spec"].pop("template")
    assert body == {
        "kind": "Job",
        "spec": {
            "suspend": False,
            "completionMode": "Indexed",
            "completions": 4,
            "parallelism": 4,
            "backoffLimitPerIndex": 6,
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": "prelabel",
                            "operator": "In",
                            "values": [USAGE_STATUS, MODEL_STATUS],
                        },
                    },
                ]
            },
        },
    }
    [container] = pod["spec"].pop("containers")
    assert pod == {
        "metadata": {
            "labels": {
                "app.kubernetes.io/name": "ocr-backend-prelabel",
                "app.kubernetes.io/instance": "r",
                "ocrbackend.io/prelabel": "invoices",
                "ocrbackend.io/client": "true",
            }
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 120,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "imagePullSecrets": [{"name": "pull"}],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
        },
    }
    assert container == {
        "name": "prelabel",
        "image": "ocr-backend/backend-cpu:0.2.0",
        "imagePullPolicy": "IfNotPresent",
        "args": [
            *("prelabel", "--project", "12", "--shards", "4", "--failures", "-"),
            *("--backend", "http://ocr-ch-mobile.labs.svc:9090"),
        ],
        "env": [
            {"name": "LABEL_STUDIO_URL", "value": "http://labels:8080"},
            {
                "name": "LABEL_STUDIO_API_KEY",
                "valueFrom": {"secretKeyRef": {"name": "labels", "key": "token"}},
            },
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def test_a_pod_has_time_to_store_the_predictions_of_its_backend(job: Callable[..., Json]) -> None:
    seconds = job(RUN)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert seconds == Settings().predict_timeout_seconds + 30


def test_resources_and_placement_can_be_set(job: Callable[..., Json]) -> None:
    resources = {"requests": {"cpu": 1}, "limits": {"memory": "3Gi"}}
    placement = {"nodeSelector": {"pool": "batch"}, "tolerations": [{"key": "batch", "operator": "Exists"}]}
    pod = job({**RUN, "resources": resources, "placement": placement})["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"] == resources
    assert {name: pod[name] for name in placement} == placement


def test_only_changed_work_gets_a_new_name(job: Callable[..., Json]) -> None:
    def name(changes: Json | None = None, **values: Any) -> str:
        return str(job(RUN | (changes or {}), **values)["metadata"]["name"])

    assert name().startswith("r-invoices-")
    assert name() == name(**{"operator.logLevel": "DEBUG"})
    mutable = {"suspend": True, "ttlSecondsAfterFinished": 0, "activeDeadlineSeconds": 600}
    assert name(mutable) == name()
    others = [{"project": 13}, {"shards": 2}, {"overwriteVersion": True}, {"backoffLimitPerIndex": 0}]
    names = {name(), *map(name, others), name(**{"backend.image.tag": "7"})}
    assert len(names) == len(others) + 2


def test_mutable_fields_are_set_on_the_job(job: Callable[..., Json]) -> None:
    fields = {"suspend": True, "ttlSecondsAfterFinished": 0, "activeDeadlineSeconds": 2_419_200}
    spec = job({**RUN, **fields, "backoffLimitPerIndex": 0})["spec"]
    assert {name: spec[name] for name in fields} == fields
    assert spec["backoffLimitPerIndex"] == 0


def test_a_schedule_creates_a_cron_job_with_the_same_work(job: Callable[..., Json]) -> None:
    single_run = job({**RUN, "shards": 2})
    schedule = {
        "schedule": "30 2 * * *",
        "timeZone": "Europe/Berlin",
        "suspend": True,
        "activeDeadlineSeconds": 600,
    }
    body = job({**RUN, "shards": 2, **schedule})
    assert (body["kind"], body["metadata"]["name"]) == ("CronJob", "r-invoices")
    template = body["spec"].pop("jobTemplate")
    assert body["spec"] == {
        "schedule": "30 2 * * *",
        "timeZone": "Europe/Berlin",
        "suspend": True,
        "concurrencyPolicy": "Forbid",
    }
    del single_run["spec"]["suspend"]
    assert template["spec"] == single_run["spec"] | {"activeDeadlineSeconds": 600}


def test_the_longest_names_fit(helm: Helm) -> None:
    longest = "a" * 30
    values = {longest: {**RUN, "shards": MAX_SHARDS}, f"b{longest[1:]}": {**RUN, "schedule": "0 2 * * *"}}
    arguments = ["--set", f"fullnameOverride={'n' * 40}", f"--set-json=prelabel={json.dumps(values)}"]
    done = helm("template", "r", str(CHART), *arguments)
    assert done.returncode == 0, done.stderr
    names = {body["kind"]: body["metadata"]["name"] for body in yaml.safe_load_all(done.stdout) if body}
    assert len(f"{names['Job']}-{MAX_SHARDS - 1}") <= MAX_LABEL
    assert len(names["CronJob"]) <= MAX_CRON_JOB


def test_the_notes_show_the_projects_and_their_logs(helm: Helm) -> None:
    runs = {"invoices": RUN | {"project": 12_345_678}, "nightly": RUN | {"schedule": "0 2 * * *"}}
    done = helm("install", "r", str(CHART), "--dry-run=client", f"--set-json=prelabel={json.dumps(runs)}")
    assert done.returncode == 0, done.stderr
    notes = done.stdout.split("NOTES:")[1]
    assert "invoices: project 12345678\n" in notes
    assert "nightly: project 12, at 0 2 * * *" in notes
    assert "--selector ocrbackend.io/prelabel" in notes
