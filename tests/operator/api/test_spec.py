"""OCRBackends are parsed: defaults, overrides, and specs that only the backend's validation rejects."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_backend.config.settings import Settings
from ocr_operator.api.names import NamespacedName
from ocr_operator.api.operator_config import ImageReference, OperatorConfig
from ocr_operator.api.spec import Accelerator, Autoscaling, Storage
from ocr_operator.api.spec_parser import parse_backend

Make = Callable[..., dict[str, Any]]
MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}


def test_a_minimal_object_has_the_backends_defaults(ocrbackend: Make) -> None:
    spec = parse_backend(ocrbackend(variants=[MOBILE], models={}))
    [variant] = spec.variants
    assert spec.key == NamespacedName("labs", "ocr")
    assert variant.settings == Settings(language="ch", model_type="mobile")
    assert (variant.replicas, variant.autoscaling, variant.accelerator) == (1, None, None)
    assert spec.storage == Storage(
        "5Gi", None, "ReadWriteOnce", "", is_retained=False, is_download_target=True
    )
    assert spec.invalid_variants == {}


def test_a_variants_options_override_the_shared_ones(ocrbackend: Make) -> None:
    variants = [
        MOBILE | {"options": {"scoreThreshold": "0.9"}},
        {"name": "en-mobile", "language": "en", "modelType": "mobile"},
    ]
    first, second = parse_backend(ocrbackend(variants=variants, options={"scoreThreshold": "0.25"})).variants
    assert (first.settings.score_threshold, second.settings.score_threshold) == (0.9, 0.25)


def test_a_name_of_a_language_stands_for_its_code(ocrbackend: Make) -> None:
    by_name, by_code = (
        parse_backend(ocrbackend(variants=[MOBILE | {"language": language}])) for language in ("fr", "latin")
    )
    assert by_name.variants == by_code.variants
    assert by_name.variants[0].settings.language == "latin"
    assert by_name.models_by_variant == {"ch-mobile": ("latin", "mobile")}


def test_variants_may_share_a_language_under_two_names(ocrbackend: Make) -> None:
    variants = [MOBILE | {"name": name, "language": name} for name in ("fr", "de")]
    spec = parse_backend(ocrbackend(variants=variants))
    assert spec.models_by_variant == {"fr": ("latin", "mobile"), "de": ("latin", "mobile")}
    assert {variant.settings.language for variant in spec.variants} == {"latin"}


def test_extra_variables_are_merged_by_name(ocrbackend: Make) -> None:
    overriding = [{"name": "B", "value": "variant"}]
    shared = [{"name": "B", "value": "shared"}, {"name": "A", "value": "1"}]
    [variant] = parse_backend(ocrbackend(variants=[MOBILE | {"env": overriding}], env=shared)).variants
    assert variant.env == ({"name": "A", "value": "1"}, {"name": "B", "value": "variant"})


def test_with_an_accelerator_the_models_run_on_the_gpu(ocrbackend: Make) -> None:
    gpu = {"resourceName": "nvidia.com/gpu", "count": 2, "runtimeClassName": "nvidia"}
    [variant] = parse_backend(ocrbackend(accelerator=gpu)).variants
    assert variant.accelerator == Accelerator("nvidia.com/gpu", 2, "nvidia")
    assert variant.settings.use_gpu


def test_an_autoscaled_variant_needs_its_minimum_of_pods(ocrbackend: Make) -> None:
    scaling = {"minReplicas": 2, "maxReplicas": 5}
    [variant] = parse_backend(ocrbackend(variants=[MOBILE | {"autoscaling": scaling}])).variants
    assert variant.autoscaling == Autoscaling(
        "CPU", 2, 5, target_cpu=80, target_queue_length=1, prometheus_address=""
    )
    assert variant.needed_replicas == 2


def test_the_builtin_models_need_no_volume(ocrbackend: Make) -> None:
    assert parse_backend(ocrbackend(ocrVersion="PP-OCRv6", models={"source": "Builtin"})).storage is None


def test_an_invalid_variant_does_not_affect_the_others(ocrbackend: Make) -> None:
    # The CRD rejects this too, but an older object may have been stored before the rule existed.
    variants = [{"name": "korean-mobile", "language": "korean", "modelType": "mobile"}, MOBILE]
    spec = parse_backend(ocrbackend(ocrVersion="PP-OCRv6", variants=variants))
    assert [variant.name for variant in spec.variants] == ["ch-mobile"]
    assert spec.variant_names == ("korean-mobile", "ch-mobile")
    [error] = spec.invalid_variants.values()
    assert error.startswith("spec.variants[].language: ")
    assert "korean" in error


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param({}, "example.com/backend-cpu:1.0", id="no image"),
        pytest.param({"tag": "2"}, "example.com/backend-cpu:2", id="a tag for the default repository"),
        pytest.param({"repository": "mine", "tag": "3"}, "mine:3", id="repository and tag"),
        pytest.param(
            {"repository": "mine"}, "mine", id="the default tag does not apply to another repository"
        ),
        pytest.param({"digest": "sha256:1"}, "example.com/backend-cpu@sha256:1", id="a digest"),
    ],
)
def test_the_image_in_the_spec_overrides_the_operators_default(
    ocrbackend: Make, config: OperatorConfig, image: dict[str, str], expected: str
) -> None:
    spec = parse_backend(ocrbackend(image=image))
    assert str(spec.variants[0].image_reference(config)) == expected


@pytest.mark.parametrize(
    ("fields", "image"),
    [
        pytest.param({"engine": "Paddle"}, "backend-paddle", id="its engine"),
        pytest.param(
            {"ocrVersion": "PP-OCRv4", "models": {"source": "Hub"}},
            "backend-paddle",
            id="models without ONNX format",
        ),
        pytest.param({"options": {"useDocUnwarping": True}}, "backend-paddle", id="flattened pages"),
        pytest.param({"ocrVersion": "PP-OCRv5"}, "backend-cpu", id="models in ONNX format"),
        pytest.param(
            {"engine": "OnnxRuntime", "ocrVersion": "PP-OCRv4", "models": {"source": "Claim"}},
            "backend-cpu",
            id="models of the user's own in ONNX format",
        ),
    ],
)
def test_a_variant_that_only_paddle_can_run_has_the_image_with_it(
    ocrbackend: Make, config: OperatorConfig, fields: dict[str, Any], image: str
) -> None:
    [variant] = parse_backend(ocrbackend(**fields)).variants
    assert str(variant.image_reference(config)) == f"example.com/{image}:1.0"


def test_a_variant_with_an_accelerator_has_the_gpu_image(ocrbackend: Make, config: OperatorConfig) -> None:
    spec = parse_backend(ocrbackend(accelerator={"resourceName": "nvidia.com/gpu"}))
    assert spec.variants[0].image_reference(config) == ImageReference("example.com/backend-gpu", "1.0")
