"""Validation rules for pods and their peers: `podTemplate`, `env`, `accelerator` and `networkPolicy`.

Pure; see `spec_rules` for how rules are tested.
"""

from ocr_backend.config.environment import PREFIXES
from ocr_backend.config.settings import Settings
from ocr_operator.api.settings_fields import RESERVED_NAMES
from ocr_operator.crd.schema_types import Rule, rule


def peer_rules() -> list[Rule]:
    """Rules between fields of a peer in `networkPolicy.allowFrom`."""
    return [
        rule(
            "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
            "an entry of networkPolicy.allowFrom must have either ipBlock, or podSelector, "
            "namespaceSelector or both",
        )
    ]


def cidr_rules() -> list[Rule]:
    """Requires a network; the API server's own isCIDR is newer than the oldest supported Kubernetes."""
    return [
        rule(
            "self.matches('^([0-9]{1,3}[.]){3}[0-9]{1,3}/[0-9]{1,2}$') || "
            "self.matches('^[0-9a-fA-F:]*:[0-9a-fA-F:.]*/[0-9]{1,3}$')",
            "a network must be in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32",
        )
    ]


def resource_name_rules() -> list[Rule]:
    """Rules for `accelerator.resourceName`."""
    return [
        rule(
            "self.contains('/')",
            "accelerator.resourceName must name an extended resource, such as nvidia.com/gpu",
        )
    ]


def variant_accelerator_rules() -> list[Rule]:
    """Rules for `accelerator` of a variant, which may be empty."""
    return [
        rule(
            "has(self.resourceName) || !has(self.runtimeClassName)",
            "accelerator needs resourceName: set it, or set accelerator to {} for none",
        )
    ]


def volume_rules() -> list[Rule]:
    """Rules for one volume of `podTemplate`."""
    sources = ("configMap", "secret", "persistentVolumeClaim", "emptyDir")
    return [
        rule(
            f"[{', '.join(f'has(self.{source})' for source in sources)}].filter(x, x).size() == 1",
            f"a volume of podTemplate must have exactly one of {', '.join(sources)}",
        ),
        rule(
            "!(self.name in ['tmp', 'models'])",
            "the volume names tmp and models are reserved: use another name",
        ),
    ]


def pod_template_rules() -> list[Rule]:
    """Rules between fields of `podTemplate`."""
    reserved = ("/tmp", Settings().model_dir)
    # Equal to a reserved folder, above it or below it.
    overlaps = " || ".join(
        f"(m.mountPath + '/').startsWith('{path}/') || '{path}/'.startsWith(m.mountPath + '/')"
        for path in reserved
    )
    return [
        rule(
            "!has(self.volumeMounts) || self.volumeMounts.all(m, "
            "has(self.volumes) && self.volumes.exists(v, v.name == m.name))",
            "every entry of podTemplate.volumeMounts must name a volume of podTemplate.volumes",
        ),
        rule(
            f"!has(self.volumeMounts) || !self.volumeMounts.exists(m, {overlaps})",
            f"podTemplate.volumeMounts must not be in or above {' or '.join(reserved)}: the backend uses "
            "them",
        ),
    ]


def variable_rules() -> list[Rule]:
    """Rules for one variable of `env`."""
    has_no_prefix = " && ".join(f"!self.name.startsWith('{prefix}')" for prefix in PREFIXES)
    reserved = ", ".join((*RESERVED_NAMES, *(f"{prefix}*" for prefix in PREFIXES)))
    return [
        rule(
            f"!(self.name in {list(RESERVED_NAMES)}) && {has_no_prefix}",
            f"env must not set variables that the operator sets ({reserved}): use the fields of the spec",
        ),
        rule(
            "!(has(self.value) && has(self.valueFrom))",
            "a variable of env must have value or valueFrom, not both",
        ),
    ]


def variable_source_rules() -> list[Rule]:
    """Rules for `valueFrom` of a variable of `env`."""
    return [
        rule(
            "has(self.secretKeyRef) != has(self.configMapKeyRef)",
            "valueFrom must have either secretKeyRef or configMapKeyRef",
        )
    ]
