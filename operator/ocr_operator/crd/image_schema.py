"""The schema of `image`, which the spec and its variants share.

Pure; `spec_schema` and `variant_schema` include it.
"""

from ocr_operator.crd.schema_types import Schema, pull_secrets, string, string_enum, struct


def image(default: str = "") -> Schema:
    """Schema of `image`; `default` ends the description."""
    return struct(
        "Image of the backend. Default: the operator's image for the device and models; set fields "
        f"override its parts.{default}",
        {
            "repository": string("Image without tag or digest, such as `registry.example.com/ocr/backend`."),
            "tag": string("Tag.", maxLength=128),
            "digest": string(
                "Digest (`sha256:…`); takes precedence over the tag.", pattern="^(sha256:[0-9a-f]{64})?$"
            ),
            "pullPolicy": string_enum(
                "Image pull policy. Default: that of the operator.", ["Always", "IfNotPresent", "Never"]
            ),
            "pullSecrets": pull_secrets("Secrets for pulling the image. Default: those of the operator."),
        },
    )
