"""The Roles of the chart contain every permission that the operator uses, and no others."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ocr_backend.config.settings import Settings
from ocr_operator.manifests.model_sets import set_id
from operator_process import Operator

pytestmark = pytest.mark.light

CHINESE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
LATIN = {"name": "latin-mobile", "language": "latin", "modelType": "mobile"}
ENGLISH = {"name": "en-mobile", "language": "en", "modelType": "mobile"}
# A variant whose pods share a node gets no disruption budget.
HUB = {"source": "Hub", "storage": {"accessMode": "ReadWriteMany"}}
QUEUE = {"mode": "Queue", "maxReplicas": 2, "prometheusAddress": "http://prometheus"}
WITHOUT_ORIENTATION = Settings("PP-OCRv6", language="ch", model_type="mobile", use_textline_orientation=False)
OBJECTS_OF_ONE_VARIANT: dict[str, set[str]] = {
    "services": {"ocr-ch-mobile"},
    "deployments": {"ocr-ch-mobile"},
    "horizontalpodautoscalers": set(),
    "poddisruptionbudgets": set(),
    "networkpolicies": set(),
    "servicemonitors": set(),
    "scaledobjects": set(),
    "jobs": {f"ocr-models-{set_id(WITHOUT_ORIENTATION)}"},
}

# The first is for an admission plugin that this API server does not run, see the chart's comment; the second
# is used if a pod does not report itself why it waits, see test_reasons.py.
UNUSED_HERE = frozenset({("ocrbackend.io", "ocrbackends/finalizers", "update"), ("", "events", "list")})

# The fixture's type lives in conftest.py, which tests cannot import.
Release = Any
Permission = tuple[str, str, str]
"""API group, resource (with subresource), verb."""


def test_every_permission_is_used_and_none_is_missing(
    service_monitors: None,
    scaled_objects: None,
    release: Release,
    install: Callable[..., None],
    start_operator: Callable[..., AbstractContextManager[Operator]],
) -> None:
    install("defaultBackend.enabled=false")
    with start_operator() as operator:
        release.apply(
            variants=[CHINESE, LATIN | {"autoscaling": {"maxReplicas": 2}}, ENGLISH | {"autoscaling": QUEUE}],
            models=HUB,
            networkPolicy={"enabled": True},
            monitoring={"serviceMonitor": "Always"},
        )
        release.wait_for("True", "Available")
        release.apply(variants=[CHINESE], models=HUB, options={"useTextlineOrientation": False})
        for kind, names in OBJECTS_OF_ONE_VARIANT.items():
            release.cluster.wait(
                lambda kind=kind, names=names: release.managed_names(kind) == names, f"{names} {kind}"
            )
        release.settle(operator)
    requests = [request for request in release.requests(operator.account) if "objectRef" in request]
    refused = [request for request in requests if _status(request) == 403]
    assert refused == []
    granted, of_election = _granted(release, "-operator"), _granted(release, "-election")
    assert granted - _used(requests) == UNUSED_HERE
    assert _used(requests) <= granted | of_election | _granted(release, "-backends")
    assert of_election <= _used(requests)


def _status(request: dict[str, Any]) -> int | None:
    status: int | None = request.get("responseStatus", {}).get("code")
    return status


def _used(requests: list[dict[str, Any]]) -> set[Permission]:
    used = set()
    for request in requests:
        ref = request["objectRef"]
        resource = "/".join(filter(None, [ref["resource"], ref.get("subresource")]))
        used.add((ref.get("apiGroup", ""), resource, request["verb"]))
        # An apply that creates its object needs the permission to create; the audit log does not show it.
        if request["verb"] == "patch" and _status(request) == 201:
            used.add((ref.get("apiGroup", ""), resource, "create"))
    return used


def _granted(release: Release, suffix: str) -> set[Permission]:
    """The permissions of the Role whose name has this suffix."""
    [role] = [role for role in release.get("roles")["items"] if role["metadata"]["name"].endswith(suffix)]
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
