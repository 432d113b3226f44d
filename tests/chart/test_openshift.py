"""OpenShift's security context constraint restricted-v2 admits every pod of the chart.

Its rules: the namespace's range sets the user and the group of volumes, so a pod must not name others; the
seccomp profile is RuntimeDefault; all capabilities are dropped; privileges cannot be escalated.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.helm

Json = dict[str, Any]
Render = Callable[..., list[Json]]

LABEL_STUDIO = {"url": "http://labels:8080", "apiKeySecretRef": {"name": "labels", "key": "token"}}
RUN = {"project": 1, "backend": {"url": "http://ocr:9090"}, "labelStudio": LABEL_STUDIO}
EVERY_POD = {
    "labelStudio.enabled": True,
    "labelStudio.existingSecret": "trial",
    "labelStudio.storage.size": "1Gi",
    "labelStudio.storage.fsGroup": None,
    "connect": LABEL_STUDIO | {"projects": {"p": {"project": 1, "backend": {"name": "a", "variant": "b"}}}},
    "prelabel": {"once": RUN, "nightly": RUN | {"schedule": "0 2 * * *"}},
}
USER_FIELDS = {"runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "seLinuxOptions"}


def pods(objects: list[Json]) -> Iterator[tuple[str, Json]]:
    """Kind and pod spec of every object that creates pods."""
    for body in objects:
        spec = body.get("spec") or {}
        if body["kind"] == "Pod":
            yield "Pod", spec
        elif body["kind"] in ("Deployment", "Job"):
            yield body["kind"], spec["template"]["spec"]
        elif body["kind"] == "CronJob":
            yield "CronJob", spec["jobTemplate"]["spec"]["template"]["spec"]


def test_restricted_v2_admits_every_pod(render: Render) -> None:
    rendered = list(pods(render(**EVERY_POD)))
    assert [kind for kind, _ in rendered].count("Job") == 3
    assert {kind for kind, _ in rendered} == {"Pod", "Deployment", "Job", "CronJob"}
    for _, pod in rendered:
        assert not USER_FIELDS & pod["securityContext"].keys()
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
        for container in pod["containers"]:
            context = container["securityContext"]
            assert not USER_FIELDS & context.keys()
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not [port for port in container.get("ports", []) if "hostPort" in port]


def test_elsewhere_the_volume_of_the_trial_belongs_to_its_group(render: Render) -> None:
    values = {name: value for name, value in EVERY_POD.items() if name != "labelStudio.storage.fsGroup"}
    groups = [pod["securityContext"].get("fsGroup") for _, pod in pods(render(**values))]
    assert [group for group in groups if group] == [1001]
