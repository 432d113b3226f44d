"""Applies the defaults of a schema to an object, as an API server does."""

import copy
from collections.abc import Mapping
from typing import Any


def defaulted(schema: Mapping[str, Any], value: Any) -> Any:
    """A copy of the value in which absent fields have the schema's defaults."""
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        absent = {name: field["default"] for name, field in fields.items() if "default" in field}
        complete = absent | value
        return {name: defaulted(fields.get(name, {}), content) for name, content in complete.items()}
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), item) for item in value]
    return copy.deepcopy(value)
