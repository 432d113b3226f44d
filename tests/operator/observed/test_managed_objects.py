"""Managed objects from their JSON."""

import json
from typing import Any

from ocr_operator.api.names import ObjectReference
from ocr_operator.observed.managed_objects import ClaimFields, observed_object


def _deployment(*managers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "ocr-ch-mobile",
            "namespace": "labs",
            "uid": "u",
            "resourceVersion": "7",
            "generation": 3,
            "labels": {"ocrbackend.io/variant": "ch-mobile"},
            "ownerReferences": [{"uid": "other"}, {"uid": "owner", "controller": True}],
            "managedFields": list(managers),
        },
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"ocrbackend.io/revision": "abc"}}}},
        "status": {"readyReplicas": 1},
    }


def _manager(fields: dict[str, Any], name: str = "ocr-operator", **extra: str) -> dict[str, Any]:
    return {"manager": name, "operation": "Apply", "fieldsV1": fields, "time": "any"} | extra


REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}


def test_the_facts_of_a_deployment() -> None:
    observed = observed_object(_deployment(_manager(REPLICAS)))
    assert observed.ref == ObjectReference("apps/v1", "Deployment", "labs", "ocr-ch-mobile")
    assert (observed.uid, observed.resource_version, observed.owner_uid, observed.generation) == (
        "u",
        7,
        "owner",
        3,
    )
    assert (observed.replicas, observed.revision, observed.variant) == (2, "abc", "ch-mobile")
    assert observed.owns_replicas
    assert not observed.is_deleting


def test_the_applied_hash_covers_only_our_own_apply() -> None:
    alone = observed_object(_deployment(_manager(REPLICAS)))
    with_others = observed_object(
        _deployment(
            _manager({"f:spec": {"f:paused": {}}}, "kubectl"),
            _manager(REPLICAS, time="later"),
            _manager({"f:status": {}}, subresource="status"),
            _manager({"f:spec": {"f:paused": {}}}, operation="Update"),
        )
    )
    assert with_others.applied_hash == alone.applied_hash


def test_the_applied_hash_changes_when_another_manager_takes_a_field() -> None:
    before = observed_object(_deployment(_manager(REPLICAS)))
    assert observed_object(_deployment(_manager({}))).applied_hash != before.applied_hash


def test_the_applied_hash_changes_when_the_same_manager_writes_another_value() -> None:
    body = _deployment(_manager(REPLICAS))
    before = observed_object(body).applied_hash
    body["spec"]["paused"] = True
    assert observed_object(body).applied_hash == before
    body["spec"]["replicas"] = 0
    assert observed_object(body).applied_hash != before


def test_the_fields_of_a_claim() -> None:
    body = _deployment() | {"kind": "PersistentVolumeClaim"}
    body["spec"] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "20Gi"}},
        "storageClassName": "fast",
    }
    assert observed_object(body).claim == ClaimFields("20Gi", "fast", ("ReadWriteOnce",))
    entry = {
        "manager": "ocr-operator",
        "operation": "Apply",
        "fieldsV1": {"f:spec": {"f:storageClassName": {}}},
    }
    body["metadata"]["managedFields"] = [entry]
    claim = observed_object(body).claim
    assert claim is not None
    assert claim.owns_storage_class
    assert observed_object(_deployment()).claim is None


def test_the_pod_template_and_the_rollout_record_stay_text() -> None:
    body = _deployment()
    body["metadata"]["annotations"] = {"ocrbackend.io/rollout": "{}"}
    observed = observed_object(body)
    assert observed.rollout == "{}"
    assert json.loads(observed.template) == body["spec"]["template"]
