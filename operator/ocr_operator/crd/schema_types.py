"""Building blocks for the OpenAPI v3 schema of a CRD.

Pure; knows no field of OCRBackend.
"""

from typing import Any

from ocr_operator.api.names import GROUP, INSTANCE_LABEL, MANAGED_BY_LABEL, NAME_LABEL

Schema = dict[str, Any]
Rule = dict[str, str]

MAX_STRING_LENGTH = 2048
"""Default limit in characters: the API server estimates the cost of rules from the longest possible value."""

QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$"

ATOMIC_LIST = {"x-kubernetes-list-type": "atomic"}
"""Server-side apply replaces the list as a whole."""


def list_map(*keys: str) -> dict[str, Any]:
    """Server-side apply merges the list by these keys of its items."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


def string(description: str, **keywords: Any) -> Schema:
    """A string."""
    return {"type": "string", "description": description, "maxLength": MAX_STRING_LENGTH} | keywords


def string_enum(description: str, values: list[str], **keywords: Any) -> Schema:
    """One of these strings."""
    return {"type": "string", "description": description, "enum": values} | keywords


def integer(description: str, minimum: int, maximum: int, **keywords: Any) -> Schema:
    """An integer within limits, both inclusive."""
    schema = {"type": "integer", "description": description, "minimum": minimum, "maximum": maximum}
    if maximum >= 2**31:
        schema["format"] = "int64"
    return schema | keywords


def boolean(description: str, **keywords: Any) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description} | keywords


def array(description: str, items: Schema, max_items: int, **keywords: Any) -> Schema:
    """A list."""
    return {"type": "array", "description": description, "items": items, "maxItems": max_items} | keywords


def struct(description: str, properties: dict[str, Schema], **keywords: Any) -> Schema:
    """An object with these fields only."""
    return {"type": "object", "description": description, "properties": properties} | keywords


def map_of(description: str, values: Schema, **keywords: Any) -> Schema:
    """An object with any keys and one type of value."""
    return {"type": "object", "description": description, "additionalProperties": values} | keywords


def any_object(description: str) -> Schema:
    """An object that the API server validates when it becomes part of a pod."""
    return {"type": "object", "description": description, "x-kubernetes-preserve-unknown-fields": True}


def labels(description: str) -> Schema:
    """Labels of the user, next to those of the operator."""
    schema = map_of(description, {"type": "string", "maxLength": 63}, maxProperties=32)
    reserved = [INSTANCE_LABEL, MANAGED_BY_LABEL, NAME_LABEL]
    return schema | rules(
        rule(
            f"self.all(k, !(k in {reserved}) && !k.startsWith('{GROUP}/'))",
            f"the labels {', '.join(reserved)} and {GROUP}/* are reserved: use other labels",
        )
    )


def secret(description: str) -> Schema:
    """A reference to a Secret."""
    return struct(description, {"name": string("Name of the Secret.", minLength=1)}, required=["name"])


def secret_key(description: str) -> Schema:
    """A reference to a key of a Secret."""
    fields = {
        "name": string("Name of the Secret.", minLength=1),
        "key": string("Key of the Secret.", minLength=1),
    }
    return struct(description, fields, required=["name", "key"])


def pull_secrets(description: str) -> Schema:
    """References to Secrets for a registry."""
    return array(description, secret("A Secret in the same namespace."), 8, **ATOMIC_LIST)


def quantity(description: str) -> Schema:
    """An amount of a resource: `500m`, `2Gi`, `1`."""
    return {
        "description": description,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "pattern": QUANTITY_PATTERN,
        "x-kubernetes-int-or-string": True,
    }


def with_defaults(schema: Schema) -> Schema:
    """A struct that is present even if omitted, with the defaults of its fields.

    The API server validates a default as it is written: `{}` would lack the fields that the rules refer to.
    """
    fields = schema["properties"].items()
    return schema | {"default": {name: field["default"] for name, field in fields if "default" in field}}


def rule(condition: str, message: str) -> Rule:
    """A validation rule in CEL; the message says what is wrong and what to set."""
    return {"rule": condition, "message": message}


def rules(*validations: Rule) -> dict[str, Any]:
    """Validation rules, as part of a schema."""
    return {"x-kubernetes-validations": list(validations)}


def url_rule(field: str) -> Rule:
    """Requires the URL of a server."""
    return rule(
        "isURL(self) && self.matches('^https?://')",
        f"{field} must be a URL that begins with http:// or https://",
    )
