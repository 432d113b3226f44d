"""Validation rules for `models`: sources, folders, and what may change on an existing volume.

Pure; see `spec_rules` for how rules are tested.
"""

from ocr_operator.api.defaults import ACCESS_MODE
from ocr_operator.api.names import MODELS_IMAGE_FOLDER
from ocr_operator.crd.schema_types import Rule, rule

_HAS_CLAIM = "(has({0}.storage) && has({0}.storage.claimName) && {0}.storage.claimName != '')"
# A transition rule runs only if both versions of the object have the field.
_KEEPS_MANAGED_VOLUME = " && ".join(
    f"{version}.source == 'Hub' && !{_HAS_CLAIM.format(version)}" for version in ("oldSelf", "self")
)
"""The operator manages the volume before and after the change."""


def models_rules() -> list[Rule]:
    """Rules between fields of `models`."""
    return [*_source_rules(), *_volume_rules()]


def _source_rules() -> list[Rule]:
    has_claim = _HAS_CLAIM.format("self")
    return [
        rule(
            f"self.source != 'Claim' || {has_claim}",
            "models.source Claim needs models.storage.claimName: set it, or set source to Hub",
        ),
        rule(
            f"self.source in ['Claim', 'Hub'] || !({has_claim})",
            "models.storage.claimName needs models.source Claim or Hub: set one of them, or remove claimName",
        ),
        rule(
            f"!{has_claim} || (!has(self.storage.storageClassName) && !has(self.storage.size))",
            "models.storage.claimName excludes size and storageClassName: remove them, or remove claimName",
        ),
        rule(
            "(self.source == 'Image') == has(self.image)",
            "models.source Image and models.image need each other: set both or neither",
        ),
        rule(
            "!has(self.offline) || !self.offline || !has(self.mirror) || self.mirror == ''",
            "models.offline excludes models.mirror: remove mirror, or set offline to false",
        ),
    ]


def _volume_rules() -> list[Rule]:
    has_same_class = f"{_field('self', 'storageClassName')} == {_field('oldSelf', 'storageClassName')}"
    has_same_mode = " == ".join(_field(version, "accessMode", ACCESS_MODE) for version in ("self", "oldSelf"))
    has_sizes = " && ".join(
        f"has({each}.storage) && has({each}.storage.size)" for each in ("self", "oldSelf")
    )
    is_not_smaller = "quantity(self.storage.size).compareTo(quantity(oldSelf.storage.size)) >= 0"
    return [
        rule(
            f"!({_KEEPS_MANAGED_VOLUME} && {has_sizes}) || {is_not_smaller}",
            "models.storage.size must not be decreased: volumes cannot shrink",
        ),
        rule(
            f"!({_KEEPS_MANAGED_VOLUME}) || ({has_same_class} && {has_same_mode})",
            "models.storage.storageClassName and accessMode are immutable: create another OCRBackend, or "
            "use a volume of your own with models.source Claim",
        ),
    ]


def _field(version: str, name: str, default: str = "") -> str:
    """A field of `storage`, or its default."""
    path = f"{version}.storage"
    return f"(has({path}) && has({path}.{name}) ? {path}.{name} : '{default}')"


def folder_rule(field: str) -> Rule:
    """Requires a relative path to a model folder."""
    return rule(
        # No part of the path is empty, '.' or '..', so it does not begin or end with '/' either.
        "!self.matches('(^|/)[.]{0,2}(/|$)')",
        f"{field} must be a path relative to the claim, or to {MODELS_IMAGE_FOLDER} of the image, without "
        "'..', such as receipts/rec",
    )
