"""What in an OCRBackend's spec does not go together, as rules that the API server keeps at `kubectl apply`.

Pure. Which languages and models exist comes from the backend's catalog; each rule has a test against a real
API server. What only the cluster can know is no rule but a condition.
"""

from collections.abc import Iterator

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_operator.api.names import IMAGE_FOLDER, MAX_NAME
from ocr_operator.api.spec import ACCESS_MODE, STORAGE_SIZE
from ocr_operator.crd.schema_types import rule

Rule = dict[str, str]

_DIRECT_ENGINES = ("OpenVINO", "OnnxRuntime")
_HAS_CLAIM = "(has({0}.storage.existingClaim) && {0}.storage.existingClaim != '')"
# A transition rule runs only where both versions of the object have the field.
_HAD_VOLUME = " && ".join(
    f"{one}.source == 'Hub' && !{_HAS_CLAIM.format(one)}" for one in ("oldSelf", "self")
)
"""The operator's own volume, before and after."""


def name_rules() -> list[Rule]:
    """Rules on the object's own name, from which the names of Services are made."""
    return [
        rule(
            f"self.metadata.name.size() <= {MAX_NAME}",
            f"metadata.name must have at most {MAX_NAME} characters: names of Services are made from it",
        ),
        rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must begin with a lower-case letter and have only lower-case letters, digits "
            "and '-': names of Services are made from it",
        ),
    ]


def spec_rules() -> list[Rule]:
    """Rules between fields of the spec."""
    return [*_language_rules(), *_builtin_rules(), *_custom_rules(), *_engine_rules()]


def _language_rules() -> Iterator[Rule]:
    for ocr_version in model_catalog.OCR_VERSIONS:
        known = model_catalog.languages_of(ocr_version)
        others = [language for language in model_catalog.LANGUAGES if language not in known]
        if not others:
            continue
        readers = "; ".join(
            f"{one} is read by {' and '.join(model_catalog.ocr_versions_of(one))}" for one in others
        )
        yield rule(
            f"self.ocrVersion != '{ocr_version}' || self.variants.all(v, v.language in {list(known)})",
            f"{ocr_version} reads {', '.join(known)}; {readers}: choose those languages or another "
            "ocrVersion",
        )


def _builtin_rules() -> Iterator[Rule]:
    ocr_version, model_type = model_catalog.BUILTIN_OCR_VERSION, model_catalog.BUILTIN_MODEL_TYPE
    is_other = "self.models.source != 'Builtin'"
    # The languages of the generation are the language rule's business.
    are_builtin = f"self.variants.all(v, v.modelType == '{model_type}')"
    yield rule(
        f"{is_other} || (self.ocrVersion == '{ocr_version}' && {are_builtin})",
        f"models.source Builtin has the {model_type} models of {ocr_version} only: set ocrVersion to "
        f"{ocr_version} and every modelType to {model_type}, or models.source to Hub or Claim",
    )
    for option in ("useDocOrientation", "useDocUnwarping"):
        yield rule(
            f"{is_other} || (!self.options.{option} && {_no_variant_has(option)})",
            f"models.source Builtin has no models for {option}: set it to false, "
            "or models.source to Hub or Claim",
        )
    yield rule(
        f"{is_other} || self.engine != 'Paddle' || "
        "(!self.options.useTextlineOrientation && " + _no_variant_has("useTextlineOrientation") + ")",
        "models.source Builtin has no useTextlineOrientation for the engine Paddle: set it to false, "
        "or engine to Auto",
    )


def _custom_rules() -> Iterator[Rule]:
    has_one = "has(v.models) && (has(v.models.detection) || has(v.models.recognition))"
    yield rule(
        f"self.models.source in ['Claim', 'Image'] || !self.variants.exists(v, {has_one})",
        "a variant's models name folders that you bring: set models.source to Claim, with "
        "models.storage.existingClaim, or to Image, with models.image, or leave them out",
    )


def _engine_rules() -> Iterator[Rule]:
    is_other = f"!(self.engine in {list(_DIRECT_ENGINES)})"
    paddle_only = [
        one for one in model_catalog.OCR_VERSIONS if "onnx" not in model_catalog.package_forms(one)
    ]
    yield rule(
        f"{is_other} || self.models.source != 'Hub' || !(self.ocrVersion in {paddle_only})",
        f"the hub has {' and '.join(paddle_only)} for the engine Paddle only: set engine to Auto or Paddle",
    )
    yield rule(
        f"{is_other} || (!self.options.useDocUnwarping && {_no_variant_has('useDocUnwarping')})",
        f"the engines {' and '.join(_DIRECT_ENGINES)} cannot do useDocUnwarping: set it to false, "
        "or engine to Auto or Paddle",
    )
    yield rule(
        "self.engine != 'OpenVINO' || "
        "(!has(self.accelerator) && !self.variants.exists(v, has(v.accelerator)))",
        "the engine OpenVINO reads on the CPU: leave accelerator out, or set engine to Auto",
    )


def _no_variant_has(option: str) -> str:
    has_it = f"has(v.options) && has(v.options.{option}) && v.options.{option}"
    return f"!self.variants.exists(v, {has_it})"


def variant_rules() -> list[Rule]:
    """Rules between fields of one variant."""
    asks_for_cpu = " || ".join(
        f"(has(self.resources.{kind}) && 'cpu' in self.resources.{kind})" for kind in ("requests", "limits")
    )
    return [
        rule(
            "!(has(self.replicas) && has(self.autoscaling))",
            "a variant has replicas or autoscaling, not both: the autoscaler decides how many pods run",
        ),
        rule(
            f"!has(self.autoscaling) || !has(self.resources) || {asks_for_cpu}",
            "autoscaling goes by the CPU that a pod asks for: set resources.requests.cpu, "
            "or leave resources out",
        ),
    ]


def models_rules() -> list[Rule]:
    """Rules between fields of `models`, and on what may change of a volume that exists."""
    has_claim = _HAS_CLAIM.format("self")
    # The schema has filled them in: what is not the default was set.
    has_defaults = f"self.storage.size == '{STORAGE_SIZE}' && self.storage.accessMode == '{ACCESS_MODE}'"
    same_class = (
        "(has(self.storage.storageClassName) ? self.storage.storageClassName : '') == "
        "(has(oldSelf.storage.storageClassName) ? oldSelf.storage.storageClassName : '')"
    )
    return [
        rule(
            f"self.source != 'Claim' || {has_claim}",
            "models.source Claim reads from models.storage.existingClaim: name it, or set source to Hub",
        ),
        rule(
            f"self.source in ['Claim', 'Hub'] || !({has_claim})",
            "models.storage.existingClaim is for the sources Claim, which reads from it, and Hub, which "
            "fetches to it: leave it out, or set source to one of them",
        ),
        rule(
            f"!{has_claim} || (!has(self.storage.storageClassName) && {has_defaults})",
            "models.storage.existingClaim is a volume that is there already: leave out size, "
            "storageClassName and accessMode, which are for one that the operator makes",
        ),
        rule(
            "(self.source == 'Image') == has(self.image)",
            "models.source Image and models.image go together: set both or none",
        ),
        rule(
            "!self.offline || !has(self.mirror) || self.mirror == ''",
            "models.offline asks no hub and no mirror: leave models.mirror out, or set offline to false",
        ),
        rule(
            f"!({_HAD_VOLUME}) || quantity(self.storage.size).compareTo(quantity(oldSelf.storage.size)) >= 0",
            "models.storage.size can only grow: volumes do not shrink",
        ),
        rule(
            f"!({_HAD_VOLUME}) || ({same_class} && self.storage.accessMode == oldSelf.storage.accessMode)",
            "models.storage.storageClassName and accessMode cannot change: make another OCRBackend, "
            "or bring a volume of your own with models.source Claim",
        ),
    ]


def peer_rules() -> list[Rule]:
    """Rules between fields of a peer of `networkPolicy.allowFrom`."""
    return [
        rule(
            "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
            "an entry of networkPolicy.allowFrom has ipBlock, or else podSelector, namespaceSelector or both",
        )
    ]


def network_rules() -> list[Rule]:
    """The field is a network; the API server's own isCIDR is newer than the oldest that we support."""
    return [
        rule(
            "self.matches('^([0-9]{1,3}[.]){3}[0-9]{1,3}/[0-9]{1,2}$') || "
            "self.matches('^[0-9a-fA-F:]*:[0-9a-fA-F:.]*/[0-9]{1,3}$')",
            "a network is written as 10.0.0.0/8 or 2001:db8::/32",
        )
    ]


def volume_rules() -> list[Rule]:
    """Rules on one of the volumes of `podTemplate`."""
    sources = ("configMap", "secret", "persistentVolumeClaim", "emptyDir")
    return [
        rule(
            f"[{', '.join(f'has(self.{one})' for one in sources)}].filter(x, x).size() == 1",
            f"a volume of podTemplate has exactly one of {', '.join(sources)}",
        ),
        rule(
            "!(self.name in ['tmp', 'models'])",
            "the volumes tmp and models are the operator's: take another name",
        ),
    ]


def pod_template_rules() -> list[Rule]:
    """Rules between fields of `podTemplate`."""
    ours = ("/tmp", Settings().model_dir)
    # A folder of ours, one above it or one below it.
    clash = " || ".join(
        f"(m.mountPath + '/').startsWith('{one}/') || '{one}/'.startsWith(m.mountPath + '/')" for one in ours
    )
    return [
        rule(
            "!has(self.volumeMounts) || self.volumeMounts.all(m, "
            "has(self.volumes) && self.volumes.exists(v, v.name == m.name))",
            "every entry of podTemplate.volumeMounts names one of podTemplate.volumes",
        ),
        rule(
            f"!has(self.volumeMounts) || !self.volumeMounts.exists(m, {clash})",
            f"podTemplate.volumeMounts cannot lie in or above {' and '.join(ours)}: those are the backend's",
        ),
    ]


def folder_rule(field: str) -> Rule:
    """The field is a folder among the models that the user brings, by its path."""
    return rule(
        # No part of the path is empty, '.' or '..'; so it begins and ends with no '/' either.
        "!self.matches('(^|/)[.]{0,2}(/|$)')",
        f"{field} is the path of a folder from the root of the claim, or from {IMAGE_FOLDER} of the image, "
        "such as receipts/rec, without '..'",
    )


def url_rule(field: str) -> Rule:
    """The field is the address of a server."""
    return rule(
        "isURL(self) && self.matches('^https?://')", f"{field} is a URL that begins with http:// or https://"
    )
