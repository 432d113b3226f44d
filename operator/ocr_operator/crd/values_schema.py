"""The parts of the chart's values.schema.json that are generated from code.

Pure; `generated_files` writes them. The presets of `accelerators` are known here only: the chart's templates
resolve them before the API server sees the object.
"""

import json
from typing import Any

from ocr_backend.config import model_catalog
from ocr_operator.crd import language_schema, placement_schema
from ocr_operator.crd.prelabel_schema import prelabel_schema
from ocr_operator.crd.schema_types import Schema, string
from ocr_operator.crd.spec_schema import spec_schema


def as_values_schema(schema: Schema) -> Schema:
    """A CRD's schema as JSON Schema for chart values, in which unknown fields are rejected.

    What only an API server can check (CEL rules, quantities that are numbers or strings) is left out.
    """
    converted = {name: value for name, value in schema.items() if not name.startswith("x-kubernetes-")}
    converted.pop("default", None)
    if "properties" in converted:
        converted["properties"] = {
            name: as_values_schema(field) for name, field in converted["properties"].items()
        }
        converted["additionalProperties"] = False
    elif isinstance(converted.get("additionalProperties"), dict):
        converted["additionalProperties"] = as_values_schema(converted["additionalProperties"])
    if "items" in converted:
        converted["items"] = as_values_schema(converted["items"])
    return converted


def backend_values() -> Schema:
    """Schema of an entry of `backends`: a spec whose accelerators may refer to a preset.

    Null removes the entry.
    """
    spec = as_values_schema(spec_schema()) | {"type": ["object", "null"]}
    variant = spec["properties"]["variants"]["items"]
    variant["properties"]["language"] = language_schema.language_enum(model_catalog.LANGUAGES)
    for level in (spec, variant):
        level["properties"]["accelerator"] = _or_preset(level["properties"]["accelerator"])
    return spec


def accelerator_preset() -> Schema:
    """Schema of an entry of `accelerators`: a device, and the nodes that have it."""
    accelerator = as_values_schema(placement_schema.accelerator(""))
    placement = as_values_schema(placement_schema.placement())["properties"]
    node_fields = {name: placement[name] for name in ("nodeSelector", "tolerations")}
    return accelerator | {"properties": {**accelerator["properties"], **node_fields}}


def _or_preset(accelerator: Schema) -> Schema:
    preset = string("Name of an entry of `accelerators`, instead of resourceName.", minLength=1)
    schema = {name: value for name, value in accelerator.items() if name != "required"}
    choices = [{"required": ["preset"]}, {"required": ["resourceName"]}, {"maxProperties": 0}]
    return schema | {"properties": {"preset": preset, **accelerator["properties"]}, "oneOf": choices}


def values_schema_text(current: str) -> str:
    """The chart's schema with updated definitions; `current` is the text of the existing file."""
    schema: dict[str, Any] = json.loads(current)
    schema["$defs"]["backend"] = backend_values()
    schema["$defs"]["accelerator"] = accelerator_preset()
    schema["$defs"]["prelabel"] = as_values_schema(prelabel_schema())
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
