"""What a variant inherits from the spec: unset fields, but not those that it sets to an empty value."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import Variant
from ocr_operator.api.spec_parser import parse_backend

Make = Callable[..., dict[str, Any]]
GPU = {"resourceName": "nvidia.com/gpu"}


def first_variant(ocrbackend: Make, variant: dict[str, Any], **spec: Any) -> Variant:
    variants = [{"name": "a", "language": "ch", "modelType": "mobile", **variant}]
    return parse_backend(ocrbackend(variants=variants, **spec)).variants[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("placement", {"nodeSelector": {"gpu": "yes"}}),
        ("podTemplate", {"labels": {"team": "labels"}}),
        ("image", {"tag": "2.0"}),
    ],
)
def test_an_empty_value_overrides_that_of_the_spec(ocrbackend: Make, field: str, value: Any) -> None:
    attribute = {"podTemplate": "pod_template"}.get(field, field)
    inherited = first_variant(ocrbackend, {}, **{field: value})
    emptied = first_variant(ocrbackend, {field: {}}, **{field: value})
    assert getattr(inherited, attribute) == value
    assert getattr(emptied, attribute) == {}


def test_a_variant_without_an_accelerator_stands_beside_those_with_one(ocrbackend: Make) -> None:
    assert first_variant(ocrbackend, {}, accelerator=GPU).settings.use_gpu
    on_cpu = first_variant(ocrbackend, {"accelerator": {}}, accelerator=GPU)
    assert on_cpu.accelerator is None
    assert not on_cpu.settings.use_gpu


def test_empty_resources_are_not_the_default(ocrbackend: Make) -> None:
    assert first_variant(ocrbackend, {}).resources is None
    assert first_variant(ocrbackend, {"resources": {}}).resources == {}


def test_variants_override_engine_version_server_and_image(ocrbackend: Make, config: OperatorConfig) -> None:
    overrides = {
        "ocrVersion": "PP-OCRv6",
        "engine": "OnnxRuntime",
        "server": {"threads": 3},
        "image": {"tag": "canary"},
    }
    variant = first_variant(
        ocrbackend, overrides, ocrVersion="PP-OCRv5", server={"threads": 5, "maxPages": 7}
    )
    assert variant.settings.ocr_version == "PP-OCRv6"
    assert variant.settings.engine == "onnxruntime"
    assert (variant.settings.threads, variant.settings.max_pages) == (3, 7)
    assert str(variant.image_reference(config)) == "example.com/backend-cpu:canary"


def test_the_same_language_and_model_type_may_run_twice(ocrbackend: Make) -> None:
    models = {"language": "ch", "modelType": "mobile"}
    spec = parse_backend(ocrbackend(variants=[{"name": "cpu", **models}, {"name": "gpu", **models}]))
    assert spec.variant_names == ("cpu", "gpu")


def test_absent_and_empty_peers_differ(ocrbackend: Make) -> None:
    def allow_from(**policy: Any) -> Any:
        parsed = parse_backend(ocrbackend(networkPolicy={"enabled": True, **policy})).network_policy
        assert parsed is not None
        return parsed.allow_from

    assert allow_from() is None
    assert allow_from(allowFrom=[]) == ()
