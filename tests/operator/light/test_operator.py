"""The operator against a real API server, under the chart's own account, with pods that KWOK makes Ready."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"language": "ch", "modelType": "mobile"}
LATIN = {"language": "latin", "modelType": "mobile"}
WRITES = ("create", "update", "patch", "delete", "deletecollection")

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any


def test_two_variants_become_ready(release: Release, operator: Operator) -> None:
    release.apply(variants=[CHINESE, LATIN])
    ready = release.wait_for("True", "Available")
    assert ready["message"] == "all 2 variants can be used"
    backend = release.get("ocrb", "ocr")
    assert backend["status"]["summary"] == "2/2"
    assert backend["status"]["observedGeneration"] == backend["metadata"]["generation"]
    assert [one["url"] for one in backend["status"]["variants"]] == [
        f"http://ocr-{language}-mobile.{release.namespace}.svc:9090" for language in ("ch", "latin")
    ]
    table = release.kubectl("get", "ocr")
    assert table.split("\n")[0].split() == ["NAME", "READY", "VARIANTS", "REASON", "AGE"]
    assert table.split("\n")[1].split()[:4] == ["ocr", "True", "2/2", "Available"]
    wide = release.kubectl("get", "ocrb", "--output=wide")
    assert "PP-OCRv6" in wide
    assert "all 2 variants can be used" in wide


def test_the_users_object_gets_no_finalizer_and_no_annotation(release: Release, operator: Operator) -> None:
    release.apply()
    before = release.get("ocrb", "ocr")["metadata"]
    release.wait_for("True", "Available")
    after = release.get("ocrb", "ocr")["metadata"]
    assert "finalizers" not in after
    assert after["annotations"] == before["annotations"]
    assert after["generation"] == before["generation"]


def test_pods_are_accepted_where_the_restricted_standard_is_enforced(
    release: Release, operator: Operator
) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    release.cluster.kubectl("label", "namespace", release.namespace, label)
    release.apply()
    release.wait_for("True", "Available")


def test_a_settled_backend_is_written_to_only_when_its_spec_changes(
    release: Release, operator: Operator
) -> None:
    release.apply(
        variants=[CHINESE | {"replicas": 2}, LATIN | {"autoscaling": {"maxReplicas": 2}}],
        networkPolicy={"enabled": True},
    )
    release.wait_for("True", "Available")
    _change(release, 600)
    for seconds in (601, 602, 603):
        before = len(_writes(release, operator))
        for kind in ("deployments", "services", "poddisruptionbudgets", "networkpolicies", "pods"):
            release.kubectl("annotate", kind, "--all", "--overwrite", f"test/look={seconds}")
        _change(release, seconds)
        written = sorted(_writes(release, operator)[before:])
        assert written == ["patch deployments", "patch deployments", "patch ocrbackends/status"]


def _change(release: Release, seconds: int) -> None:
    """Changes a field that restarts nothing, and waits until the status speaks of the change."""
    patch = json.dumps({"spec": {"rollout": {"progressDeadlineSeconds": seconds}}})
    release.kubectl("patch", "ocrb", "ocr", "--type=merge", f"--patch={patch}")
    release.wait_for("True", "Available")


def _writes(release: Release, operator: Operator) -> list[str]:
    asked = [one for one in release.requests(operator.account) if one["verb"] in WRITES]
    return [
        f"{one['verb']} {'/'.join(filter(None, [ref['resource'], ref.get('subresource')]))}"
        for one in asked
        if (ref := one["objectRef"])["namespace"] == release.namespace
    ]


def test_a_removed_variant_goes_and_its_neighbour_stays(release: Release, operator: Operator) -> None:
    release.apply(variants=[CHINESE, LATIN])
    release.wait_for("True", "Available")
    [neighbour] = [uid for name, uid in _uids(release).items() if name == "ocr-ch-mobile"]
    release.apply(variants=[CHINESE])
    release.cluster.wait(lambda: release.names("deployments") == {"ocr-ch-mobile"}, "the Deployment to go")
    release.cluster.wait(lambda: release.names("services") == {"ocr-ch-mobile"}, "the Service to go")
    release.wait_for("True", "Available")
    assert _uids(release) == {"ocr-ch-mobile": neighbour}


def _uids(release: Release) -> dict[str, str]:
    found = release.get("deployments", "--selector=app.kubernetes.io/managed-by=ocr-operator")
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in found["items"]}


def test_a_changed_option_rolls_out_without_a_gap(release: Release, operator: Operator) -> None:
    release.apply()
    release.wait_for("True", "Available")
    [before] = release.get("ocrb", "ocr")["status"]["variants"]
    release.apply(options={"scoreThreshold": "0.75"})
    release.wait_for("True", "Available")
    [after] = release.get("ocrb", "ocr")["status"]["variants"]
    assert after["revision"]["current"] == after["revision"]["target"] != before["revision"]["current"]
    deployment = release.get("deployment", "ocr-ch-mobile")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def _scale(release: Release) -> None:
    release.kubectl("scale", "deployment/ocr-ch-mobile", "--replicas=3")


def _patch(kind: str, patch: Any) -> Callable[[Release], None]:
    def change(release: Release) -> None:
        release.kubectl("patch", kind, "ocr-ch-mobile", "--type=json", f"--patch={json.dumps(patch)}")

    return change


def _replace(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


CONTAINER = "/spec/template/spec/containers/0"


@pytest.mark.parametrize(
    ("kind", "meddle"),
    [
        pytest.param("deployment", _scale, id="the number of pods"),
        pytest.param(
            "deployment", _patch("deployment", _replace(f"{CONTAINER}/image", "evil")), id="the image"
        ),
        pytest.param(
            "deployment", _patch("deployment", _replace(f"{CONTAINER}/env/0/value", "x")), id="a variable"
        ),
        pytest.param(
            "deployment",
            _patch("deployment", [{"op": "remove", "path": f"{CONTAINER}/readinessProbe"}]),
            id="a probe",
        ),
        pytest.param(
            "deployment",
            _patch(
                "deployment", [{"op": "remove", "path": "/metadata/labels/app.kubernetes.io~1managed-by"}]
            ),
            id="the label by which it is found",
        ),
        pytest.param(
            "deployment",
            _patch("deployment", [{"op": "remove", "path": "/metadata/ownerReferences"}]),
            id="the owner",
        ),
        pytest.param("service", _patch("service", _replace("/spec/ports/0/targetPort", 1)), id="the port"),
        pytest.param(
            "service",
            _patch("service", _replace("/spec/selector", {"app": "other"})),
            id="the Service's selector",
        ),
    ],
)
def test_what_somebody_changed_is_changed_back(
    release: Release, operator: Operator, kind: str, meddle: Callable[[Release], None]
) -> None:
    release.apply()
    release.wait_for("True", "Available")
    before = _meaning(release.get(kind, "ocr-ch-mobile"))
    meddle(release)
    release.cluster.wait(
        lambda: _meaning(release.get(kind, "ocr-ch-mobile")) == before, f"{kind} to be as it was"
    )
    release.wait_for("True", "Available")


def _meaning(body: dict[str, Any]) -> dict[str, Any]:
    metadata = body["metadata"]
    return {
        "uid": metadata["uid"],
        "labels": metadata.get("labels"),
        "owners": metadata.get("ownerReferences"),
        "spec": body["spec"],
    }


@pytest.mark.parametrize("kind", ["deployment", "service", "horizontalpodautoscaler"])
def test_a_child_that_somebody_deleted_comes_back(release: Release, operator: Operator, kind: str) -> None:
    release.apply(variants=[CHINESE | {"autoscaling": {"maxReplicas": 2}}])
    release.wait_for("True", "Available")
    uid = release.get(kind, "ocr-ch-mobile")["metadata"]["uid"]
    release.kubectl("delete", kind, "ocr-ch-mobile", "--wait=false")
    release.cluster.wait(
        lambda: release.get(kind, "ocr-ch-mobile").get("metadata", {}).get("uid", uid) != uid, f"a new {kind}"
    )
    release.wait_for("True", "Available")


def test_the_autoscalers_number_of_pods_is_left_alone(release: Release, operator: Operator) -> None:
    release.apply(variants=[CHINESE | {"replicas": 3}])
    release.wait_for("True", "Available")
    release.apply(variants=[CHINESE | {"autoscaling": {"minReplicas": 1, "maxReplicas": 5}}])
    release.cluster.wait(lambda: release.names("horizontalpodautoscalers"), "the autoscaler")
    release.wait_for("True", "Available")
    assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 3
    # As an autoscaler does it.
    release.kubectl("scale", "deployment/ocr-ch-mobile", "--replicas=4")
    _change(release, 600)
    assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 4
    release.apply(variants=[CHINESE | {"replicas": 2}])
    release.cluster.wait(lambda: not release.names("horizontalpodautoscalers"), "the autoscaler to go")
    release.wait_for("True", "Available")
    assert release.get("deployment", "ocr-ch-mobile")["spec"]["replicas"] == 2


def test_an_object_of_somebody_else_is_named_and_left_alone(release: Release, operator: Operator) -> None:
    release.kubectl("create", "service", "clusterip", "ocr-ch-mobile", "--tcp=80")
    before = release.get("service", "ocr-ch-mobile")
    release.apply()
    ready = release.wait_for("False", "Conflict")
    assert (
        f"Service {release.namespace}/ocr-ch-mobile exists and belongs to somebody else" in ready["message"]
    )
    assert release.get("service", "ocr-ch-mobile") == before
    release.kubectl("delete", "service", "ocr-ch-mobile")
    release.wait_for("True", "Available")


def test_children_that_lost_their_owner_on_purpose_are_rolled_back(
    release: Release, operator: Operator
) -> None:
    release.apply()
    release.wait_for("True", "Available")
    uids = _uids(release)
    release.kubectl("delete", "ocrb", "ocr", "--cascade=orphan")
    release.apply()
    release.wait_for("True", "Available")
    assert _uids(release) == uids


def test_an_object_that_replaces_another_of_its_name_gets_children_of_its_own(
    release: Release, operator: Operator
) -> None:
    release.apply()
    release.wait_for("True", "Available")
    uids = _uids(release)
    release.kubectl("delete", "ocrb", "ocr", "--wait=false")
    release.apply()
    release.wait_for("True", "Available")
    release.cluster.wait(lambda: _uids(release) and _uids(release) != uids, "new children")
    release.wait_for("True", "Available")


def test_a_pause_stops_every_write_and_its_end_catches_up(release: Release, operator: Operator) -> None:
    release.apply()
    release.wait_for("True", "Available")
    release.apply(paused=True, variants=[CHINESE, LATIN])
    release.wait_for("False", "Paused", "Reconciled")
    assert release.condition("Ready")["reason"] == "Paused"
    assert release.names("deployments") == {"ocr-ch-mobile"}
    release.apply(variants=[CHINESE, LATIN])
    release.wait_for("True", "Available")


def test_a_quota_is_told_with_the_next_action_and_its_rise_is_noticed(
    release: Release, operator: Operator
) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small", "namespace": release.namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    release.cluster.apply(quota)
    release.cluster.wait(
        lambda: release.get("resourcequota", "small").get("status", {}).get("used"), "the quota to count"
    )
    release.apply()
    assert "exceeded quota: small" in release.wait_for("False", "QuotaExceeded")["message"]
    release.cluster.apply(quota | {"spec": {"hard": {"pods": "1"}}})
    # The ReplicaSet's controller doubles its waits: it tries again after as long as the quota lasted.
    release.wait_for("True", "Available")


def test_a_child_that_the_api_server_refuses_is_told(release: Release, operator: Operator) -> None:
    bad = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
    release.apply(placement={"affinity": bad})
    message = release.wait_for("False", "Invalid")["message"]
    assert "nodeSelectorTerms" in message
    release.apply()
    release.wait_for("True", "Available")


def test_a_volume_is_made_for_downloads_and_goes_with_the_object(
    release: Release, operator: Operator
) -> None:
    release.apply(models={"source": "Hub", "storage": {"size": "1Gi"}})
    release.cluster.wait(lambda: release.names("persistentvolumeclaims") == {"ocr-models"}, "the claim")
    release.wait_for("True", "Available")
    release.kubectl("delete", "ocrb", "ocr")
    release.cluster.wait(lambda: not release.names("persistentvolumeclaims"), "the claim to go")


def test_a_volume_grows_with_the_spec_when_it_is_there_and_its_class_can(
    release: Release, operator: Operator
) -> None:
    metadata = {"name": release.namespace}
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata}
    waits = {"volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": True}
    release.cluster.apply(kind | waits | {"provisioner": "example.com/nobody"})
    storage = {"storageClassName": release.namespace}
    release.apply(models={"source": "Hub", "storage": storage | {"size": "1Gi"}})
    release.cluster.wait(lambda: release.names("persistentvolumeclaims"), "the claim")
    # A claim without a volume cannot grow; it does so once it has one.
    release.apply(models={"source": "Hub", "storage": storage | {"size": "2Gi"}})
    told = release.wait_for("False", "StoragePending", "Reconciled")["message"]
    assert "spec is immutable after creation except resources.requests" in told
    volume = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **storage}
    claim = {"name": "ocr-models", "namespace": release.namespace}
    release.cluster.apply(
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata}
        | {"spec": volume | {"claimRef": claim, "hostPath": {"path": "/nowhere"}}}
    )
    release.wait_for("True", "Applied", "Reconciled")
    release.wait_for("True", "Available")
    found = release.get("persistentvolumeclaim", "ocr-models")
    assert found["spec"]["resources"]["requests"]["storage"] == "2Gi"
    # A stand-in for the resizer of a storage driver, which this cluster has not.
    done = json.dumps({"status": {"capacity": {"storage": "2Gi"}}})
    release.kubectl("patch", "persistentvolumeclaim", "ocr-models", "--subresource=status", f"--patch={done}")
    release.settle(operator)
    assert release.condition("Reconciled")["status"] == release.condition()["status"] == "True"
    release.kubectl("delete", "ocrb", "ocr")
    release.cluster.kubectl("delete", "persistentvolume,storageclass", release.namespace, "--wait=false")


def test_a_volume_that_is_missing_is_told_and_its_coming_noticed(
    release: Release, operator: Operator
) -> None:
    release.apply(models={"source": "Claim", "storage": {"existingClaim": "prepared"}})
    assert '"prepared" not found' in release.wait_for("False", "ClaimNotFound")["message"]
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "prepared", "namespace": release.namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    release.cluster.apply(claim)
    release.wait_for("True", "Available")


def test_a_storage_class_that_is_missing_is_told(release: Release, operator: Operator) -> None:
    release.apply(models={"source": "Hub", "storage": {"storageClassName": "no-such"}})
    assert '"no-such" not found' in release.wait_for("False", "StorageClassNotFound")["message"]


def test_two_backends_of_one_namespace_do_not_mix(release: Release, operator: Operator) -> None:
    release.apply(name="one")
    release.apply(name="two", variants=[LATIN])
    for name in ("one", "two"):
        release.wait_for("True", "Available", name=name)
    release.kubectl("delete", "ocrb", "one")
    release.cluster.wait(
        lambda: release.names("deployments") == {"two-latin-mobile"}, "the other to stay alone"
    )
    assert release.condition(name="two")["status"] == "True"
