"""The schema of `resources` of a container.

Pure; `variant_schema`, `models_schema` and `prelabel_schema` include it.
"""

from ocr_operator.crd.schema_types import Schema, map_of, quantity, struct


def resources(default: str, description: str = "Resources of the container.") -> Schema:
    """Schema of `resources`; `default` ends the description."""
    limits = {"maxProperties": 16}
    return struct(
        f"{description} {default}",
        {
            "requests": map_of("Resources reserved for the pod.", quantity("A quantity."), **limits),
            "limits": map_of("Maximum resources of the pod.", quantity("A quantity."), **limits),
        },
    )
