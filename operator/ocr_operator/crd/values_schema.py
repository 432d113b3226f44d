"""The parts of the chart's values.schema.json that have their fields from code.

Pure; `crd` writes them into the chart. What the chart's templates resolve before the API server sees it, the
presets of `accelerators`, is known here and nowhere else in the operator.
"""

import json
from typing import Any

from ocr_operator.crd import placement_schema
from ocr_operator.crd.prelabel_schema import prelabel_schema
from ocr_operator.crd.schema_types import Schema, text
from ocr_operator.crd.spec_schema import spec_schema


def as_values_schema(schema: Schema) -> Schema:
    """A CRD's schema as JSON Schema for chart values: the same, but unknown fields are refused.

    What only an API server can keep (rules in CEL, quantities that are numbers or texts) is left to it.
    """
    found = {name: value for name, value in schema.items() if not name.startswith("x-kubernetes-")}
    found.pop("default", None)
    if "properties" in found:
        found["properties"] = {name: as_values_schema(one) for name, one in found["properties"].items()}
        found["additionalProperties"] = False
    elif isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = as_values_schema(found["additionalProperties"])
    if "items" in found:
        found["items"] = as_values_schema(found["items"])
    return found


def backend_values() -> Schema:
    """Schema of an entry of `backends`: a spec whose accelerators may also be named by a preset."""
    found = as_values_schema(spec_schema())
    for place in (found, found["properties"]["variants"]["items"]):
        place["properties"]["accelerator"] = _or_preset(place["properties"]["accelerator"])
    return found


def accelerator_preset() -> Schema:
    """Schema of an entry of `accelerators`: a device, and the nodes that have it."""
    found = as_values_schema(placement_schema.accelerator(""))
    places = as_values_schema(placement_schema.placement())["properties"]
    nodes = {name: places[name] for name in ("nodeSelector", "tolerations")}
    return found | {"properties": {**found["properties"], **nodes}}


def _or_preset(accelerator: Schema) -> Schema:
    preset = text("Name of an entry of `accelerators`, in the place of resourceName.", minLength=1)
    found = accelerator | {"properties": {"preset": preset, **accelerator["properties"]}}
    del found["required"]
    return found | {"oneOf": [{"required": ["preset"]}, {"required": ["resourceName"]}]}


def values_schema_text(current: str) -> str:
    """The chart's schema with the definitions that come from code made anew."""
    schema: dict[str, Any] = json.loads(current)
    schema["$defs"]["backend"] = backend_values()
    schema["$defs"]["accelerator"] = accelerator_preset()
    schema["$defs"]["prelabel"] = as_values_schema(prelabel_schema())
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
