"""Validation rules between fields of an OCRBackend's spec, which the API server enforces at `kubectl apply`.

Pure. Languages and OCR versions come from the backend's model catalog; each rule has a test against a real
API server. What only the cluster can know is not a rule but a condition.
"""

from collections.abc import Iterator

from ocr_backend.config import model_catalog
from ocr_operator.api.names import MAX_NAME_LENGTH
from ocr_operator.crd.schema_types import Rule, rule

_DIRECT_ENGINES = ("OpenVINO", "OnnxRuntime")


def name_rules() -> list[Rule]:
    """Rules for the object's name, from which the names of Services are derived."""
    return [
        rule(
            f"self.metadata.name.size() <= {MAX_NAME_LENGTH}",
            f"metadata.name must have at most {MAX_NAME_LENGTH} characters: Service names are derived from "
            "it",
        ),
        rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must begin with a lower-case letter and contain only lower-case letters, digits "
            "and '-': Service names are derived from it",
        ),
    ]


def spec_rules() -> list[Rule]:
    """Rules between fields of the spec."""
    return [*_language_rules(), *_builtin_rules(), *_custom_model_rules(), *_engine_rules()]


def _language_rules() -> Iterator[Rule]:
    for ocr_version in model_catalog.OCR_VERSIONS:
        supported = model_catalog.languages_of(ocr_version)
        unsupported = [language for language in model_catalog.LANGUAGES if language not in supported]
        if not unsupported:
            continue
        alternatives = "; ".join(
            f"{language} needs {' or '.join(model_catalog.ocr_versions_of(language))}"
            for language in unsupported
        )
        yield rule(
            f"self.ocrVersion != '{ocr_version}' || self.variants.all(v, v.language in {list(supported)})",
            f"{ocr_version} supports only {', '.join(supported)}: set another language or ocrVersion "
            f"({alternatives})",
        )


def _builtin_rules() -> Iterator[Rule]:
    ocr_version, model_type = model_catalog.BUILTIN_OCR_VERSION, model_catalog.BUILTIN_MODEL_TYPE
    is_other_source = "self.models.source != 'Builtin'"
    # Languages are checked by the language rules.
    has_builtin_types = f"self.variants.all(v, v.modelType == '{model_type}')"
    yield rule(
        f"{is_other_source} || (self.ocrVersion == '{ocr_version}' && {has_builtin_types})",
        f"models.source Builtin has only the {model_type} models of {ocr_version}: set ocrVersion to "
        f"{ocr_version} and every modelType to {model_type}, or models.source to Hub or Claim",
    )
    for option in ("useDocOrientation", "useDocUnwarping"):
        yield rule(
            f"{is_other_source} || (!self.options.{option} && {_no_variant_has(option)})",
            f"models.source Builtin has no models for {option}: set {option} to false, "
            "or models.source to Hub or Claim",
        )
    yield rule(
        f"{is_other_source} || self.engine != 'Paddle' || "
        "(!self.options.useTextlineOrientation && " + _no_variant_has("useTextlineOrientation") + ")",
        "models.source Builtin has no model for useTextlineOrientation with the engine Paddle: set "
        "useTextlineOrientation to false, or engine to Auto",
    )


def _custom_model_rules() -> Iterator[Rule]:
    has_custom_model = "has(v.models) && (has(v.models.detection) || has(v.models.recognition))"
    yield rule(
        f"self.models.source in ['Claim', 'Image'] || !self.variants.exists(v, {has_custom_model})",
        "variants[].models needs a claim or image with custom models: set models.source to Claim or Image, "
        "or remove variants[].models",
    )


def _engine_rules() -> Iterator[Rule]:
    is_other_engine = f"!(self.engine in {list(_DIRECT_ENGINES)})"
    paddle_only = [
        ocr_version
        for ocr_version in model_catalog.OCR_VERSIONS
        if "onnx" not in model_catalog.published_formats(ocr_version)
    ]
    yield rule(
        f"{is_other_engine} || self.models.source != 'Hub' || !(self.ocrVersion in {paddle_only})",
        f"the hubs have {' and '.join(paddle_only)} only for the engine Paddle: set engine to Auto or Paddle",
    )
    yield rule(
        f"{is_other_engine} || (!self.options.useDocUnwarping && {_no_variant_has('useDocUnwarping')})",
        f"the engines {' and '.join(_DIRECT_ENGINES)} do not support useDocUnwarping: set it to false, "
        "or engine to Auto or Paddle",
    )
    yield rule(
        "self.engine != 'OpenVINO' || "
        "(!has(self.accelerator) && !self.variants.exists(v, has(v.accelerator)))",
        "the engine OpenVINO runs on the CPU only: remove accelerator, or set engine to Auto",
    )


def _no_variant_has(option: str) -> str:
    has_option = f"has(v.options) && has(v.options.{option}) && v.options.{option}"
    return f"!self.variants.exists(v, {has_option})"


def variant_rules() -> list[Rule]:
    """Rules between fields of one variant."""
    has_cpu = " || ".join(
        f"(has(self.resources.{kind}) && 'cpu' in self.resources.{kind})" for kind in ("requests", "limits")
    )
    return [
        rule(
            "!(has(self.replicas) && has(self.autoscaling))",
            "replicas and autoscaling exclude each other: remove one of them",
        ),
        rule(
            f"!has(self.autoscaling) || !has(self.resources) || {has_cpu}",
            "autoscaling needs a CPU request: set resources.requests.cpu, or remove resources",
        ),
    ]


def autoscaling_rules() -> list[Rule]:
    """Rules between fields of `autoscaling`."""
    return [
        rule(
            "self.minReplicas <= self.maxReplicas",
            "autoscaling.minReplicas must not be greater than autoscaling.maxReplicas",
        )
    ]
