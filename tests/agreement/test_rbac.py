"""The chart's RBAC rules cover the kinds that the operator manages, and no others."""

from pathlib import Path
from typing import Any

import yaml

from ocr_operator.api.managed_kinds import MANAGED
from ocr_operator.api.names import NAMESPACE_CLAIM

HELPERS = Path(__file__).parents[2] / "chart" / "templates" / "_helpers.tpl"
OWN_GROUP = "ocrbackend.io"


def _rules() -> list[dict[str, Any]]:
    block = HELPERS.read_text("utf-8").split('{{- define "ocr-backend.rules" -}}')[1].split("{{- end }}")[0]
    rules: list[dict[str, Any]] = yaml.safe_load(block)
    return rules


def test_the_operator_may_write_the_managed_kinds_and_no_others() -> None:
    writable = {
        (group, resource)
        for rule in _rules()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        if {"list", "watch", "create"} <= set(rule["verbs"]) and group != OWN_GROUP
    }
    managed = {(group, plural) for group, _, plural in (kind.resource for kind in MANAGED)}
    assert writable == managed


def test_the_operator_may_change_no_lease_but_the_claim() -> None:
    rules = [rule for rule in _rules() if rule["resources"] == ["leases"]]
    assert {tuple(rule["verbs"]): rule.get("resourceNames") for rule in rules} == {
        ("get", "update"): [NAMESPACE_CLAIM],
        ("create",): None,
    }
