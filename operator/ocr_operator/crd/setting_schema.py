"""The schema of a field that is a setting of the backend: type, limits, default and description.

Pure; the backend's table has all of them. A description of the backend that uses its own variables or values
has a counterpart here that uses those of the API.
"""

import json

from ocr_operator.api.settings_fields import SettingField
from ocr_operator.crd.schema_types import (
    Rule,
    Schema,
    array,
    boolean,
    integer,
    rule,
    rules,
    string,
    string_enum,
)

_DESCRIPTIONS = {
    "model_source": "Where the models come from. Hub: download the official models to a volume. Claim: "
    "use the models on an existing volume, without network access. Builtin: use the small models in "
    "the backend's image. Image: use the models in an image that you provide.",
    "model_hub": "Hub that is tried first; the other hubs follow.",
    "model_mirror": "URL of a mirror that replaces Hugging Face.",
    "offline": "Never download models; a missing model is an error.",
    "detection_model": "Folder of a custom detection model, which replaces the official one.",
    "recognition_model": "Folder of a custom recognition model, which replaces the official one.",
    "engine": "Inference engine. Auto chooses one that supports the models and the device.",
    "precision": "Number format of the engine OpenVINO. Auto uses bfloat16 on CPUs that support it, which "
    "is nearly twice as fast at the same accuracy; Float32 gives identical scores on every CPU.",
    "golden_check": "Serve only if the models read the golden sample correctly. If false, reading it "
    "without an error is enough.",
    "allowed_hosts": "Hosts and networks (CIDR) with private addresses from which images may be fetched.",
    "reads_new_tasks": "Read the new tasks of a project when Label Studio sends the event TASKS_CREATED, and "
    "store their predictions. Needs url and apiKeySecretRef.",
    "log_format": "Log format: Text for people, Json for log collectors.",
}
"""By name of the setting."""


_STORED_DEFAULTS = ("ocr_version", "engine", "model_source")
"""Settings whose default every object stores, since the operator or a rule depends on them.

The others stay unset, so that existing objects get a later, better default of the backend.
"""


def setting_schema(field: SettingField) -> Schema:
    """The schema of a field of the spec, with its default or with a description that names it."""
    schema = _typed_schema(field, _description(field) + _default_sentence(field))
    if field.setting.name in _STORED_DEFAULTS:
        schema["default"] = field.default
    return schema


def override_schema(field: SettingField) -> Schema:
    """The schema of a field of a variant that overrides the same field of the spec."""
    return _typed_schema(field, f"Overrides {field.path.replace('variants[].', '')}.")


def required_schema(field: SettingField) -> Schema:
    """The schema of a field without a default."""
    return _typed_schema(field, _description(field))


def _description(field: SettingField) -> str:
    return _DESCRIPTIONS.get(field.setting.name, f"{field.setting.doc}.")


def _default_sentence(field: SettingField) -> str:
    setting = field.setting
    if setting.fallback_default is not None:
        return f" Default: taken from the label config, otherwise `{setting.fallback_default}`."
    if setting.name in _STORED_DEFAULTS or setting.default in (None, "", ()):
        return ""
    return f" Default: {json.dumps(field.default)}."


def _typed_schema(field: SettingField, description: str) -> Schema:
    setting = field.setting
    if setting.choices:
        return string_enum(description, field.choices)
    if setting.kind is bool:
        return boolean(description)
    if field.is_decimal:
        return string(f"{description} A decimal in quotes.", maxLength=8) | rules(_decimal_rule(field))
    if setting.kind in (int, float):
        return integer(description, -int(-(setting.minimum or 0) // 1), int(setting.maximum or 2**31))
    if setting.kind is tuple:
        return array(description, {"type": "string", "minLength": 1, "maxLength": 253}, 64)
    return string(description, minLength=1)


def _decimal_rule(field: SettingField) -> Rule:
    low, high = field.setting.minimum or 0, field.setting.maximum or 1
    # double() fails on text that is not a number, without our message; so the pattern is checked first.
    condition = (
        f"self.matches('^[0-9]+([.][0-9]+)?$') && double(self) >= {low:.1f} && double(self) <= {high:.1f}"
    )
    return rule(
        condition,
        f'{field.name} must be a decimal from {low:g} to {high:g} in quotes, such as "{field.default}"',
    )
