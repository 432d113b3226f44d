"""An upgrade of the control plane, after which images can be mounted, starts no rollout by itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply

Make = Callable[..., dict[str, Any]]
Live = Callable[..., ObservedObject]
IMAGE = {"models": {"source": "Image", "image": {"reference": "example.com/models:1"}}}


def _deployment(
    backend: dict[str, Any], objects: tuple[ObservedObject, ...], config: OperatorConfig, now: datetime
) -> dict[str, Any]:
    result = plan(parse_backend(backend), Observed(now, objects), config)
    [deployment] = [
        step.desired for step in result.steps if isinstance(step, Apply) and step.ref.kind == "Deployment"
    ]
    return deployment


def _copies(deployment: dict[str, Any]) -> bool:
    return "initContainers" in deployment["spec"]["template"]["spec"]


def test_pods_go_on_copying_until_something_else_changes(
    ocrbackend: Make, live: Live, config: OperatorConfig, now: datetime
) -> None:
    before = _deployment(ocrbackend(**IMAGE), (), replace(config, has_image_volumes=False), now)
    assert _copies(before)
    objects = (live(before),)
    after = _deployment(ocrbackend(**IMAGE), objects, config, now)
    assert after["spec"]["template"] == before["spec"]["template"]
    changed = _deployment(ocrbackend(**IMAGE, options={"scoreThreshold": "0.9"}), objects, config, now)
    assert not _copies(changed)


def test_a_new_deployment_mounts_the_image(ocrbackend: Make, config: OperatorConfig, now: datetime) -> None:
    assert not _copies(_deployment(ocrbackend(**IMAGE), (), config, now))


def test_pods_that_mount_the_image_copy_as_soon_as_they_have_to(
    ocrbackend: Make, live: Live, config: OperatorConfig, now: datetime
) -> None:
    before = _deployment(ocrbackend(**IMAGE), (), config, now)
    after = _deployment(ocrbackend(**IMAGE), (live(before),), replace(config, has_image_volumes=False), now)
    assert _copies(after)
