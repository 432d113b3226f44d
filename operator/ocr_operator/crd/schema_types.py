"""Building blocks of an OpenAPI v3 schema as a CRD wants it, and the schema of a field that is a setting.

Pure; knows no field of the OCRBackend. `crd` and its parts use it.
"""

from typing import Any

from ocr_operator.api.names import GROUP, INSTANCE_LABEL, MANAGED_BY_LABEL, NAME_LABEL
from ocr_operator.api.settings_fields import SettingField

Schema = dict[str, Any]

MAX_TEXT = 2048
"""Characters of texts without a limit of their own: the API server reckons a rule's cost from the longest."""

QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$"


def text(description: str, **more: Any) -> Schema:
    """A string."""
    return {"type": "string", "description": description, "maxLength": MAX_TEXT} | more


def choice(description: str, values: list[str], **more: Any) -> Schema:
    """One of several strings."""
    return {"type": "string", "description": description, "enum": values} | more


def whole(description: str, minimum: int, maximum: int, **more: Any) -> Schema:
    """A whole number within limits, both inclusive."""
    found = {"type": "integer", "description": description, "minimum": minimum, "maximum": maximum}
    if maximum >= 2**31:
        found["format"] = "int64"
    return found | more


def flag(description: str, **more: Any) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description} | more


def array(description: str, items: Schema, max_items: int, **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "description": description, "items": items, "maxItems": max_items} | more


def structure(description: str, properties: dict[str, Schema], **more: Any) -> Schema:
    """An object with these fields and no others."""
    return {"type": "object", "description": description, "properties": properties} | more


def mapping(description: str, values: Schema, **more: Any) -> Schema:
    """An object with any keys and one kind of value."""
    return {"type": "object", "description": description, "additionalProperties": values} | more


def labels(description: str) -> Schema:
    """Labels that the user adds to those of the operator."""
    found = mapping(description, {"type": "string", "maxLength": 63}, maxProperties=32)
    names = [INSTANCE_LABEL, MANAGED_BY_LABEL, NAME_LABEL]
    said = f"the labels {', '.join(names)} and {GROUP}/* are the operator's: take other names"
    return found | rules(rule(f"self.all(k, !(k in {names}) && !k.startsWith('{GROUP}/'))", said))


def anything(description: str) -> Schema:
    """An object that the API server checks once it is part of a pod."""
    return {"type": "object", "description": description, "x-kubernetes-preserve-unknown-fields": True}


def secret(description: str) -> Schema:
    """The name of a Secret."""
    return structure(description, {"name": text("Name of the Secret.", minLength=1)}, required=["name"])


def secret_key(description: str) -> Schema:
    """A key of a Secret."""
    fields = {"name": text("Name of the Secret.", minLength=1), "key": text("Key in it.", minLength=1)}
    return structure(description, fields, required=["name", "key"])


def quantity(description: str) -> Schema:
    """An amount of a resource: `500m`, `2Gi`, `1`."""
    return {
        "description": description,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "pattern": QUANTITY,
        "x-kubernetes-int-or-string": True,
    }


def defaulted(schema: Schema) -> Schema:
    """A structure that is there even if it is left out, with the defaults of its fields.

    The API server checks rules against a default as it stands: `{}` would lack what the rules speak of.
    """
    fields = schema["properties"].items()
    return schema | {"default": {name: one["default"] for name, one in fields if "default" in one}}


def rule(condition: str, message: str) -> dict[str, str]:
    """A validation rule in CEL; the message says what is allowed."""
    return {"rule": condition, "message": message}


def rules(*given: dict[str, str]) -> dict[str, Any]:
    """Validation rules, as a part of a schema."""
    return {"x-kubernetes-validations": list(given)}


def of_setting(field: SettingField, *, with_default: bool = True) -> Schema:
    """The schema of a field that is a setting of the backend: its type, limits, sentence and default."""
    found = _of_kind(field, f"{field.row.doc}.")
    if with_default and field.row.default not in (None, "", ()):
        found["default"] = field.shown(field.row.default)
    if field.row.manual_default is not None:
        found["description"] += (
            f" Unset: what the labelling configuration says, else {field.row.manual_default}."
        )
    return found


def _of_kind(field: SettingField, doc: str) -> Schema:
    row = field.row
    if row.choices:
        return choice(doc, field.choices)
    if row.kind is bool:
        return flag(doc)
    if field.is_decimal:
        return text(doc + " A decimal in quotes.", maxLength=8) | rules(_decimal_rule(field))
    if row.kind in (int, float):
        return whole(doc, -int(-(row.minimum or 0) // 1), int(row.maximum or 2**31))
    if row.kind is tuple:
        return array(doc, {"type": "string", "minLength": 1, "maxLength": 253}, 64)
    return text(doc, minLength=1)


def _decimal_rule(field: SettingField) -> dict[str, str]:
    low, high = field.row.minimum or 0, field.row.maximum or 1
    # double() of a text that is no number would be an error without our sentence: the pattern comes first.
    condition = (
        f"self.matches('^[0-9]+([.][0-9]+)?$') && double(self) >= {low:.1f} && double(self) <= {high:.1f}"
    )
    example = field.shown(field.row.default)
    return rule(
        condition, f'{field.name} is a decimal from {low:g} to {high:g} in quotes, such as "{example}"'
    )
