"""What an API server makes of an object whose fields have defaults in its schema."""

import copy
from collections.abc import Mapping
from typing import Any


def defaulted(schema: Mapping[str, Any], value: Any) -> Any:
    """A copy of the value in which absent fields have the schema's defaults."""
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        absent = {name: field["default"] for name, field in fields.items() if "default" in field}
        given = absent | value
        return {name: defaulted(fields.get(name, {}), one) for name, one in given.items()}
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), one) for one in value]
    return copy.deepcopy(value)
