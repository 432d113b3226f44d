"""The values of the fields that a field manager owns."""

import copy
from typing import Any

from ocr_operator.observed.owned_fields import applied_fields, owned_values, sorted_values

CONTAINER = 'k:{"name":"backend"}'
BODY: dict[str, Any] = {
    "metadata": {"finalizers": ["a", "b"]},
    "spec": {"containers": [{"name": "other"}, {"name": "backend", "image": "x", "stdin": False}]},
}


def test_fields_and_list_items_have_their_values() -> None:
    fields = {
        "f:metadata": {"f:finalizers": {'v:"b"': {}}},
        "f:spec": {"f:containers": {CONTAINER: {".": {}, "f:name": {}, "f:image": {}}}},
    }
    assert owned_values(BODY, fields) == {
        ("f:metadata", "f:finalizers", 'v:"b"'): "b",
        ("f:spec", "f:containers", CONTAINER): BODY["spec"]["containers"][1],
        ("f:spec", "f:containers", CONTAINER, "f:image"): "x",
    }


def test_a_field_that_the_object_does_not_have_is_none() -> None:
    assert owned_values(BODY, {"f:spec": {"f:a": {"f:b": {}}, "f:containers": {'k:{"name":"c"}': {}}}}) == {
        ("f:spec", "f:a", "f:b"): None,
        ("f:spec", "f:containers", 'k:{"name":"c"}'): None,
    }


def test_the_order_of_the_fields_does_not_matter() -> None:
    fields: dict[str, Any] = {"f:spec": {}, "f:metadata": {}}
    backwards = dict(reversed(fields.items()))
    assert sorted_values(BODY, fields) == sorted_values(BODY, backwards)


def test_what_others_add_to_a_list_item_does_not_count() -> None:
    fields = {"f:spec": {"f:containers": {CONTAINER: {".": {}, "f:image": {}}}}}
    extended = copy.deepcopy(BODY)
    extended["spec"]["containers"][1]["tty"] = True
    assert sorted_values(extended, fields) == sorted_values(BODY, fields)
    del extended["spec"]["containers"][1]
    assert sorted_values(extended, fields) != sorted_values(BODY, fields)


def test_only_an_apply_of_the_whole_object_counts() -> None:
    entries = [
        {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:a": {}}},
        {"manager": "me", "operation": "Update", "fieldsV1": {"f:b": {}}},
        {"manager": "me", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:c": {}}},
        {"manager": "me", "operation": "Apply", "fieldsV1": {"f:d": {}}},
    ]
    assert applied_fields({"managedFields": entries}, "me") == {"f:d": {}}
    assert applied_fields({}, "me") == {}
