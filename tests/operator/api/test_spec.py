"""OCRBackend objects as values: defaults, overrides, and what only the backend's own rules refuse."""

from collections.abc import Callable
from typing import Any

import pytest

from ocr_backend.config.settings import Settings
from ocr_operator.api.names import NamespacedName
from ocr_operator.api.operator_config import ImageName, OperatorConfig
from ocr_operator.api.spec import Accelerator, Autoscaling, Storage, family

Make = Callable[..., dict[str, Any]]
MOBILE = {"language": "ch", "modelType": "mobile"}


def test_the_smallest_object_gives_the_backends_defaults(ocrbackend: Make) -> None:
    found = family(ocrbackend(variants=[MOBILE], models={}))
    [variant] = found.variants
    assert found.key == NamespacedName("labs", "ocr")
    assert variant.settings == Settings(language="ch", model_type="mobile")
    assert (variant.replicas, variant.autoscaling, variant.accelerator) == (1, None, None)
    assert found.storage == Storage("5Gi", None, "ReadWriteOnce", "", is_retained=False, is_fetched_to=True)
    assert found.problems == {}


def test_a_variants_options_win_over_the_familys(ocrbackend: Make) -> None:
    variants = [MOBILE | {"options": {"scoreThreshold": "0.9"}}, {"language": "en", "modelType": "mobile"}]
    first, second = family(ocrbackend(variants=variants, options={"scoreThreshold": "0.25"})).variants
    assert (first.settings.score_threshold, second.settings.score_threshold) == (0.9, 0.25)


def test_extra_variables_are_merged_by_name(ocrbackend: Make) -> None:
    own = {"extraEnv": [{"name": "B", "value": "variant"}]}
    everybodys = {"extraEnv": [{"name": "B", "value": "family"}, {"name": "A", "value": "1"}]}
    [variant] = family(ocrbackend(variants=[MOBILE | {"options": own}], options=everybodys)).variants
    assert variant.extra_env == ({"name": "A", "value": "1"}, {"name": "B", "value": "variant"})


def test_an_accelerator_makes_the_models_run_on_the_gpu(ocrbackend: Make) -> None:
    gpu = {"resourceName": "nvidia.com/gpu", "count": 2, "runtimeClassName": "nvidia"}
    [variant] = family(ocrbackend(accelerator=gpu)).variants
    assert variant.accelerator == Accelerator("nvidia.com/gpu", 2, "nvidia")
    assert variant.settings.use_gpu


def test_an_autoscaled_variant_needs_its_fewest_pods(ocrbackend: Make) -> None:
    scaling = {"minReplicas": 2, "maxReplicas": 5}
    [variant] = family(ocrbackend(variants=[MOBILE | {"autoscaling": scaling}])).variants
    assert variant.autoscaling == Autoscaling(2, 5, 80)
    assert variant.needed_replicas == 2


def test_the_builtin_models_need_no_volume(ocrbackend: Make) -> None:
    assert family(ocrbackend(ocrVersion="PP-OCRv6", models={"source": "Builtin"})).storage is None


def test_one_bad_variant_stops_no_other(ocrbackend: Make) -> None:
    # The schema refuses this too; an object from before a rule was added has not been through it.
    variants = [{"language": "korean", "modelType": "mobile"}, MOBILE]
    found = family(ocrbackend(ocrVersion="PP-OCRv6", variants=variants))
    assert [variant.key for variant in found.variants] == [("ch", "mobile")]
    assert found.order == (("korean", "mobile"), ("ch", "mobile"))
    [said] = found.problems.values()
    assert said.startswith("spec.variants[].language: ")
    assert "korean" in said


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param({}, "example.com/backend-cpu:1.0", id="nothing given"),
        pytest.param({"tag": "2"}, "example.com/backend-cpu:2", id="a tag of the default's"),
        pytest.param({"repository": "mine", "tag": "3"}, "mine:3", id="all of it"),
        pytest.param({"repository": "mine"}, "mine", id="the default's tag is not another repository's"),
        pytest.param({"digest": "sha256:1"}, "example.com/backend-cpu@sha256:1", id="a digest"),
    ],
)
def test_the_image_is_the_specs_over_the_operators(
    ocrbackend: Make, config: OperatorConfig, image: dict[str, str], expected: str
) -> None:
    found = family(ocrbackend(image=image))
    assert str(found.image_of(found.variants[0], config)) == expected


def test_a_gpu_variant_has_the_gpu_image(ocrbackend: Make, config: OperatorConfig) -> None:
    found = family(ocrbackend(accelerator={"resourceName": "nvidia.com/gpu"}))
    assert found.image_of(found.variants[0], config) == ImageName("example.com/backend-gpu", "1.0")
