"""Validation rules between fields of an OCRBackend's spec, which the API server enforces at `kubectl apply`.

Pure. Languages and OCR versions come from the backend's model catalog; each rule has a test against a real
API server. What only the cluster can know is not a rule but a condition.
"""

from collections.abc import Iterator

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_operator.api.names import MAX_NAME_LENGTH
from ocr_operator.api.settings_fields import OPTION_FIELDS
from ocr_operator.crd import language_schema
from ocr_operator.crd.schema_types import Rule, rule

_DIRECT_ENGINES = ("OpenVINO", "OnnxRuntime")
_HAS_ACCELERATOR = "(has(v.accelerator) ? has(v.accelerator.resourceName) : has(self.accelerator))"
_SETTING_NAMES = {field.name: field.setting.name for field in OPTION_FIELDS}


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
    return [
        *_language_rules(),
        *_builtin_rules(),
        *_custom_model_rules(),
        *_engine_rules(),
        *_autoscaling_rules(),
    ]


def _effective(field: str) -> str:
    """The field of the variant `v`, or that of the spec."""
    return f"(has(v.{field}) ? v.{field} : self.{field})"


def _has_option(option: str) -> str:
    """Whether the variant `v` uses an option, which it may inherit from the spec."""
    default = str(getattr(Settings(), _SETTING_NAMES[option])).lower()
    return (
        f"(has(v.options) && has(v.options.{option}) ? v.options.{option} : "
        f"(has(self.options) && has(self.options.{option}) ? self.options.{option} : {default}))"
    )


def _all_variants(condition: str) -> str:
    return f"self.variants.all(v, {condition})"


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
            _all_variants(
                f"{_effective('ocrVersion')} != '{ocr_version}' || "
                f"!(v.language in {language_schema.names(unsupported)})"
            ),
            f"{ocr_version} supports only {', '.join(supported)}: set another language or ocrVersion "
            f"({alternatives})",
        )


def _builtin_rules() -> Iterator[Rule]:
    model_type = model_catalog.BUILTIN_MODEL_TYPE
    is_other_source = "self.models.source != 'Builtin'"
    languages = model_catalog.BUILTIN_LANGUAGES.items()
    is_builtin = " || ".join(
        f"({_effective('ocrVersion')} == '{ocr_version}' && v.language in {language_schema.names(supported)})"
        for ocr_version, supported in languages
    )
    alternatives = " or ".join(
        f"ocrVersion to {ocr_version} with the languages {', '.join(supported)}"
        for ocr_version, supported in languages
    )
    has_models = f"v.modelType == '{model_type}' && ({is_builtin})"
    yield rule(
        f"{is_other_source} || {_all_variants(has_models)}",
        f"models.source Builtin has only some {model_type} models: set every modelType to {model_type}, and "
        f"{alternatives}; or models.source to Hub or Claim",
    )
    unwarps = _has_option("useDocUnwarping")
    yield rule(
        f"{is_other_source} || {_all_variants(f'!{unwarps}')}",
        "models.source Builtin has no model for useDocUnwarping: set useDocUnwarping to false, "
        "or models.source to Hub or Claim",
    )


def _custom_model_rules() -> Iterator[Rule]:
    has_custom_model = "has(v.models) && (has(v.models.detection) || has(v.models.recognition))"
    yield rule(
        f"self.models.source in ['Claim', 'Image'] || {_all_variants(f'!({has_custom_model})')}",
        "variants[].models needs a claim or image with custom models: set models.source to Claim or Image, "
        "or remove variants[].models",
    )


def _engine_rules() -> Iterator[Rule]:
    is_direct = f"{_effective('engine')} in {list(_DIRECT_ENGINES)}"
    paddle_only = [
        ocr_version
        for ocr_version in model_catalog.OCR_VERSIONS
        if "onnx" not in model_catalog.published_formats(ocr_version)
    ]
    is_paddle_only = f"{is_direct} && {_effective('ocrVersion')} in {paddle_only}"
    yield rule(
        f"self.models.source != 'Hub' || {_all_variants(f'!({is_paddle_only})')}",
        f"the hubs have {' and '.join(paddle_only)} only for the engine Paddle: set engine to Auto or Paddle",
    )
    yield rule(
        _all_variants(f"!({is_direct} && {_has_option('useDocUnwarping')})"),
        f"the engines {' and '.join(_DIRECT_ENGINES)} do not support useDocUnwarping: set it to false, "
        "or engine to Auto or Paddle",
    )
    yield rule(
        _all_variants(f"{_effective('engine')} != 'OpenVINO' || !{_HAS_ACCELERATOR}"),
        "the engine OpenVINO runs on the CPU only: remove accelerator, or set engine to Auto",
    )


def _autoscaling_rules() -> Iterator[Rule]:
    scales_on_cpu = "has(v.autoscaling) && v.autoscaling.mode == 'CPU'"
    yield rule(
        _all_variants(f"!({scales_on_cpu} && {_HAS_ACCELERATOR})"),
        "autoscaling.mode CPU does not fit a variant with an accelerator, whose CPU is mostly idle: set mode "
        "to Queue, or to External and scale it with another autoscaler",
    )


def variant_rules() -> list[Rule]:
    """Rules between fields of one variant."""
    has_cpu = " || ".join(
        f"(has(self.resources.{kind}) && 'cpu' in self.resources.{kind})" for kind in ("requests", "limits")
    )
    scales_on_cpu = "has(self.autoscaling) && self.autoscaling.mode == 'CPU'"
    return [
        rule(
            "!(has(self.replicas) && has(self.autoscaling))",
            "replicas and autoscaling exclude each other: remove one of them",
        ),
        rule(
            f"!({scales_on_cpu}) || !has(self.resources) || {has_cpu}",
            "autoscaling.mode CPU needs a CPU request: set resources.requests.cpu, or remove resources",
        ),
    ]


def autoscaling_rules() -> list[Rule]:
    """Rules between fields of `autoscaling`."""
    return [
        rule(
            "self.mode == 'External' || has(self.maxReplicas)",
            "autoscaling.maxReplicas is required: set it, or set mode to External",
        ),
        rule(
            "self.mode != 'Queue' || has(self.prometheusAddress)",
            "autoscaling.mode Queue needs autoscaling.prometheusAddress: set it to the URL of the Prometheus "
            "that scrapes the pods",
        ),
        rule(
            "!has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
            "autoscaling.minReplicas must not be greater than autoscaling.maxReplicas",
        ),
    ]
