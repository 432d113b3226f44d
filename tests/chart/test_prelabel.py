"""The chart's `prelabel`: the Jobs that read whole projects, and what their pods are told."""

import argparse
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_backend.commands.prelabel.arguments import (
    INDEX,
    LARGEST_SLICE,
    MOST_SHARDS,
    Options,
    describe,
    options_of,
)
from ocr_backend.commands.prelabel.project_run import MODEL_STATUS, USAGE_STATUS
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings, from_env
from ocr_operator.api.names import NamespacedName, variant_url
from ocr_operator.api.operator_config import ImageName, OperatorConfig
from ocr_operator.api.spec import family
from ocr_operator.manifests.pod_template import pod_template

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
MAX_LABEL = 63  # of RFC 1123; the pods of an Indexed Job are called <job>-<index> on the network
MAX_CRON_JOB = 52  # of the API server, which makes Jobs' names of it
SECRETS = {"LABEL_STUDIO_API_KEY": "token", "BASIC_AUTH_USER": "user", "BASIC_AUTH_PASS": "pass"}

Json = dict[str, Any]
Render = Callable[..., list[Json]]
Helm = Callable[..., subprocess.CompletedProcess[str]]

LABEL_STUDIO = {"url": "http://labels:8080", "apiKeySecretRef": {"name": "labels", "key": "token"}}
BY_VARIANT = {"backend": {"name": "ocr", "language": "ch", "modelType": "mobile"}}
RUN = {"project": 12, "labelStudio": LABEL_STUDIO, **BY_VARIANT}
BUILTIN = {"project": 12, "labelStudio": LABEL_STUDIO, "builtin": {"language": "latin"}}


@pytest.fixture
def jobs(render: Render) -> Callable[..., list[Json]]:
    """`jobs(values, …)`: the Jobs and CronJobs among the chart's objects."""
    return lambda **values: [one for one in render(**values) if one["kind"] in ("Job", "CronJob")]


@pytest.fixture
def job(jobs: Callable[..., list[Json]]) -> Callable[..., Json]:
    """`job(run, …)`: the one object that an entry makes."""

    def made(run: Json, **values: Any) -> Json:
        [found] = jobs(prelabel={"invoices": run}, **values)
        return found

    return made


def container_of(job: Json) -> Json:
    spec = job["spec"]["jobTemplate"]["spec"] if job["kind"] == "CronJob" else job["spec"]
    [container] = spec["template"]["spec"]["containers"]
    return dict(container)


def options(job: Json, index: int = 0) -> Options:
    """What the command makes of the pod's arguments."""
    command, *arguments = container_of(job)["args"]
    assert command == "prelabel"
    parser = argparse.ArgumentParser()
    describe(parser)
    return options_of(parser.parse_args(arguments), {INDEX: str(index)})


def settings(job: Json) -> Settings:
    """What the command makes of the pod's variables."""
    env = container_of(job)["env"]
    names = [one["name"] for one in env]
    assert len(set(names)) == len(names)
    return from_env({one["name"]: one["value"] if "value" in one else SECRETS[one["name"]] for one in env})


def test_by_default_no_project_is_read(jobs: Callable[..., list[Json]]) -> None:
    assert jobs() == []
    assert jobs(prelabel=None) == []


def test_an_entry_is_an_indexed_job_of_the_backends_image(job: Callable[..., Json]) -> None:
    found = job({**RUN, "shards": 4}, **{"global.imagePullSecrets": ["pull"]})
    assert found.pop("apiVersion") == "batch/v1"
    metadata = found.pop("metadata")
    assert metadata["namespace"] == "labs"
    assert metadata["labels"]["ocrbackend.io/prelabel"] == "invoices"
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    pod = found["spec"].pop("template")
    assert found == {
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
            }
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 120,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "runAsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
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


FILTER = {"conjunction": "and", "items": [{"filter": "filter:tasks:id", "value": 10_000_000}]}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        pytest.param({"project": 12_345_678}, {"project": 12_345_678}, id="a large id"),
        pytest.param({"onlyMissing": True}, {"only_missing": True}, id="onlyMissing"),
        pytest.param({"overwriteVersion": True}, {"overwrite_version": True}, id="overwriteVersion"),
        pytest.param({"filter": 7_654_321}, {"filter": "7654321"}, id="a view"),
        pytest.param(
            {"slice": LARGEST_SLICE, "parallel": 4}, {"slice": LARGEST_SLICE, "parallel": 4}, id="slices"
        ),
        pytest.param({"after": 4_711_000}, {"after": 4_711_000}, id="after"),
    ],
)
def test_each_field_is_the_commands_argument(
    job: Callable[..., Json], tmp_path: Path, render: Render, fields: Json, wanted: Json
) -> None:
    # As a person writes it, since Helm takes numbers of a file for floating-point ones.
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"prelabel": {"invoices": {**RUN, **fields}}}))
    [found] = [one for one in render("--values", str(values)) if one["kind"] == "Job"]
    by = variant_url(NamespacedName("labs", "ocr"), "ch", "mobile")
    assert options(found) == Options(**{"project": 12, "backend": by, "failures": "-", **wanted})


def test_a_filter_of_the_data_manager_arrives_as_it_was_written(job: Callable[..., Json]) -> None:
    assert json.loads(options(job({**RUN, "filter": FILTER})).filter or "") == FILTER


def test_the_pods_share_the_tasks(job: Callable[..., Json]) -> None:
    found = job({**RUN, "shards": 3})
    shares = {(options(found, index).shard, options(found, index).shards) for index in range(3)}
    assert shares == {(0, 3), (1, 3), (2, 3)}


def test_the_url_of_a_variant_is_where_the_operator_puts_it(jobs: Callable[..., list[Json]]) -> None:
    variants = [
        (language, tier) for language in model_catalog.LANGUAGES for tier in model_catalog.MODEL_TYPES
    ]
    runs = {
        f"{language}-{model_type}".replace("_", "-"): RUN
        | {"backend": {"name": "other", "language": language, "modelType": model_type}}
        for language, model_type in variants
    }
    urls = {options(found).backend for found in jobs(prelabel=runs)}
    assert urls == {variant_url(NamespacedName("labs", "other"), *variant) for variant in variants}


def test_any_backend_may_be_named_by_its_url(job: Callable[..., Json]) -> None:
    backend = {"url": "https://ocr.example.com", "basicAuthSecretRef": {"name": "password"}}
    found = job(RUN | {"backend": backend})
    assert options(found).backend == "https://ocr.example.com"
    references = [
        one["valueFrom"]["secretKeyRef"] for one in container_of(found)["env"] if "valueFrom" in one
    ]
    assert references[1:] == [
        {"name": "password", "key": "username"},
        {"name": "password", "key": "password"},
    ]


def test_what_an_entry_does_not_say_is_that_of_its_backend(job: Callable[..., Json]) -> None:
    backend = {
        "variants": [{"language": "ch", "modelType": "mobile"}],
        "labelStudio": LABEL_STUDIO | {"basicAuthSecretRef": {"name": "password"}},
        "server": {"predictTimeoutSeconds": 200, "verifySSL": False},
    }
    found = job({"project": 12, **BY_VARIANT}, **{"backends.ocr": backend})
    assert settings(found) == Settings(
        label_studio_url="http://labels:8080",
        label_studio_api_key="token",
        basic_auth_user="user",
        basic_auth_pass="pass",
        predict_timeout_seconds=200,
        verify_ssl=False,
    )
    assert found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 230
    own = job(
        {"project": 12, **BY_VARIANT, "labelStudio": {"url": "http://own"}}, **{"backends.ocr": backend}
    )
    assert (settings(own).label_studio_url, settings(own).label_studio_api_key) == ("http://own", "token")


def test_a_pod_has_time_to_store_what_its_backend_reads(job: Callable[..., Json]) -> None:
    seconds = job(RUN)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert seconds == Settings().predict_timeout_seconds + 30


def test_with_builtin_the_pods_read_by_themselves(job: Callable[..., Json]) -> None:
    extra = [{"name": "PADDLEOCR_SCORE_THRESHOLD", "value": "0.75"}]
    found = job({**BUILTIN, "extraEnv": extra})
    assert options(found).backend is None
    assert settings(found) == Settings(
        ocr_version=model_catalog.BUILTIN_OCR_VERSION,
        model_type=model_catalog.BUILTIN_MODEL_TYPE,
        language="latin",
        model_source="builtin",
        score_threshold=0.75,
        label_studio_url="http://labels:8080",
        label_studio_api_key="token",
    )


def test_a_pod_that_reads_by_itself_has_what_the_operator_gives_the_same_models(
    job: Callable[..., Json],
) -> None:
    variants = [{"language": "ch", "modelType": model_catalog.BUILTIN_TIER}]
    metadata = {"name": "ocr", "namespace": "labs", "uid": "u", "generation": 1}
    like = family({"metadata": metadata, "spec": {"variants": variants}})
    config = OperatorConfig(ImageName("cpu"), ImageName("gpu"))
    [container] = pod_template(like, like.variants[0], config)["spec"]["containers"]
    assert container_of(job(BUILTIN))["resources"] == container["resources"]


def test_resources_and_nodes_can_be_chosen(job: Callable[..., Json]) -> None:
    resources = {"requests": {"cpu": 1}, "limits": {"memory": "3Gi"}}
    placement = {"nodeSelector": {"pool": "batch"}, "tolerations": [{"key": "batch", "operator": "Exists"}]}
    pod = job({**RUN, "resources": resources, "placement": placement})["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"] == resources
    assert {name: pod[name] for name in placement} == placement


def test_the_same_work_keeps_its_name_and_other_work_gets_another(job: Callable[..., Json]) -> None:
    def name(*given: Json, **values: Any) -> str:
        changed = {name: value for fields in given for name, value in fields.items()}
        found: str = job(RUN | changed, **values)["metadata"]["name"]
        return found

    assert name().startswith("r-ocr-backend-invoices-")
    assert name() == name(**{"operator.logLevel": "DEBUG"})
    mutable = {"suspend": True, "ttlSecondsAfterFinished": 0, "activeDeadlineSeconds": 600}
    assert name(mutable) == name()
    others = [{"project": 13}, {"shards": 2}, {"overwriteVersion": True}, {"backoffLimitPerIndex": 0}]
    names = {name(), *map(name, others), name(**{"backend.image.tag": "7"})}
    assert len(names) == len(others) + 2


def test_what_may_change_stands_in_the_job(job: Callable[..., Json]) -> None:
    fields = {"suspend": True, "ttlSecondsAfterFinished": 0, "activeDeadlineSeconds": 2_419_200}
    spec = job({**RUN, **fields, "backoffLimitPerIndex": 0})["spec"]
    assert {name: spec[name] for name in fields} == fields
    assert spec["backoffLimitPerIndex"] == 0


def test_with_a_schedule_it_is_a_cron_job_of_the_same_work(job: Callable[..., Json]) -> None:
    once = job({**RUN, "shards": 2})
    when = {
        "schedule": "30 2 * * *",
        "timeZone": "Europe/Berlin",
        "suspend": True,
        "activeDeadlineSeconds": 600,
    }
    found = job({**RUN, "shards": 2, **when})
    assert (found["kind"], found["metadata"]["name"]) == ("CronJob", "r-ocr-backend-invoices")
    template = found["spec"].pop("jobTemplate")
    assert found["spec"] == {
        "schedule": "30 2 * * *",
        "timeZone": "Europe/Berlin",
        "suspend": True,
        "concurrencyPolicy": "Forbid",
    }
    del once["spec"]["suspend"]
    assert template["spec"] == once["spec"] | {"activeDeadlineSeconds": 600}


def test_the_longest_names_fit(helm: Helm) -> None:
    longest = "a" * 30
    values = {longest: {**RUN, "shards": MOST_SHARDS}, f"b{longest[1:]}": {**RUN, "schedule": "0 2 * * *"}}
    arguments = ["--set", f"fullnameOverride={'n' * 48}", f"--set-json=prelabel={json.dumps(values)}"]
    done = helm("template", "r", str(CHART), *arguments)
    assert done.returncode == 0, done.stderr
    names = {one["kind"]: one["metadata"]["name"] for one in yaml.safe_load_all(done.stdout) if one}
    assert len(f"{names['Job']}-{MOST_SHARDS - 1}") <= MAX_LABEL
    assert len(names["CronJob"]) <= MAX_CRON_JOB


def test_the_notes_say_where_to_look(helm: Helm) -> None:
    runs = {"invoices": RUN | {"project": 12_345_678}, "nightly": RUN | {"schedule": "0 2 * * *"}}
    done = helm("install", "r", str(CHART), "--dry-run=client", f"--set-json=prelabel={json.dumps(runs)}")
    assert done.returncode == 0, done.stderr
    notes = done.stdout.split("NOTES:")[1]
    assert "invoices: project 12345678\n" in notes
    assert "nightly: project 12, at 0 2 * * *" in notes
    assert "--selector ocrbackend.io/prelabel" in notes
