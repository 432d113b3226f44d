"""When pods are made: not before their models are on the volume, and what serves goes on until then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import family
from ocr_operator.observed.observation import ObservedObject
from ocr_operator.planning.plan import Apply, Observed, Plan, Remove, plan

Make = Callable[..., dict[str, Any]]
Live = Callable[..., ObservedObject]
HUB = {"source": "Hub"}
MOBILE = {"language": "ch", "modelType": "mobile"}
KOREAN = {"language": "korean", "modelType": "mobile"}
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


class World:
    """An OCRBackend's children; `step` does what is planned."""

    def __init__(self, live: Live, config: OperatorConfig, now: datetime) -> None:
        self._live, self._config, self.now = live, config, now
        self.children: dict[str, ObservedObject] = {}
        self.recorded: set[str] = set()

    def plan(self, backend: dict[str, Any]) -> Plan:
        observed = Observed(tuple(self.children.values()), recorded=frozenset(self.recorded))
        return plan(family(backend), observed, {}, self._config, self.now)

    def step(self, backend: dict[str, Any]) -> list[str]:
        """What was done, in words."""
        said = []
        for step in self.plan(backend).steps:
            name = f"{step.ref.kind} {step.ref.name}"
            said.append(f"{type(step).__name__} {name}")
            if isinstance(step, Remove):
                del self.children[name]
            elif isinstance(step, Apply):
                there = self.children.get(name)
                made = self._live(step.child, status=dict(there.status) if there else None)
                self.children[name] = replace(made, created=there.created if there else self.now)
        return said

    def jobs(self) -> list[str]:
        return [name for name, child in self.children.items() if child.ref.kind == "Job"]

    def finish(self, *names: str) -> None:
        for name in names or self.jobs():
            self.children[name] = replace(self.children[name], status=DONE)
            self.recorded.add(self.children[name].ref.name)

    def revision(self, name: str) -> str | None:
        child = self.children.get(f"Deployment {name}")
        return child.revision if child else None


@pytest.fixture
def world(live: Live, config: OperatorConfig, now: datetime) -> World:
    return World(live, config, now)


def test_pods_are_made_when_the_models_are_there(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=[MOBILE | {"autoscaling": {"maxReplicas": 3}}], models=HUB)
    world.step(backend)
    [job] = world.jobs()
    assert set(world.children) == {"PersistentVolumeClaim ocr-models", job, "Service ocr-ch-mobile"}
    world.finish()
    assert {"Apply Deployment ocr-ch-mobile", "Apply HorizontalPodAutoscaler ocr-ch-mobile"} <= set(
        world.step(backend)
    )


def test_a_variant_whose_models_are_there_does_not_wait_for_the_other(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=[MOBILE, KOREAN], models=HUB)
    world.step(backend)
    assert len(world.jobs()) == 2
    alone = World(world._live, world._config, world.now)
    alone.step(ocrbackend(variants=[KOREAN], models=HUB))
    world.finish(*alone.jobs())
    world.step(backend)
    assert world.revision("ocr-korean-mobile")
    assert world.revision("ocr-ch-mobile") is None


def test_the_last_good_revision_stays_as_it_is_while_another_set_is_fetched(
    world: World, ocrbackend: Make
) -> None:
    world.step(ocrbackend(models=HUB))
    world.finish()
    world.step(ocrbackend(models=HUB))
    before = world.revision("ocr-ch-mobile")
    newer = ocrbackend(models=HUB, ocrVersion="PP-OCRv4")
    world.step(newer)
    assert world.revision("ocr-ch-mobile") == before
    world.finish()
    world.step(newer)
    assert world.revision("ocr-ch-mobile") not in (None, before)
    assert len(world.jobs()) == 1, "the Job of a set that no variant needs is deleted"


def test_a_deleted_job_comes_back_and_what_runs_is_still_looked_after(world: World, ocrbackend: Make) -> None:
    world.step(ocrbackend(models=HUB))
    world.finish()
    world.step(ocrbackend(models=HUB))
    [job] = world.jobs()
    del world.children[job]
    said = world.step(ocrbackend(models=HUB, variants=[MOBILE | {"replicas": 3}]))
    assert f"Apply {job}" in said
    assert "Apply Deployment ocr-ch-mobile" in said
    assert world.children["Deployment ocr-ch-mobile"].replicas == 3


def test_a_job_that_fails_is_made_anew_when_its_pod_has_to_change(world: World, ocrbackend: Make) -> None:
    world.step(ocrbackend(models=HUB))
    [job] = world.jobs()
    other = ocrbackend(models=HUB, image={"tag": "2.0"})
    assert f"Remove {job}" in world.step(other)
    assert f"Apply {job}" in world.step(other)


def test_a_finished_job_is_a_record_and_stays(world: World, ocrbackend: Make) -> None:
    world.step(ocrbackend(models=HUB))
    world.finish()
    world.step(ocrbackend(models=HUB))
    before = world.revision("ocr-ch-mobile")
    [job] = world.jobs()
    said = world.step(ocrbackend(models=HUB, image={"tag": "2.0"}))
    assert not [one for one in said if job in one]
    assert world.revision("ocr-ch-mobile") != before


def test_a_volume_that_was_made_anew_is_filled_again(world: World, ocrbackend: Make) -> None:
    world.step(ocrbackend(models=HUB))
    world.finish()
    world.step(ocrbackend(models=HUB))
    [job] = world.jobs()
    del world.children["PersistentVolumeClaim ocr-models"]
    world.now += timedelta(seconds=1)
    world.step(ocrbackend(models=HUB))
    assert f"Remove {job}" in world.step(ocrbackend(models=HUB))
    assert f"Apply {job}" in world.step(ocrbackend(models=HUB))


def test_while_settings_are_refused_no_job_is_deleted(world: World, ocrbackend: Make) -> None:
    world.step(ocrbackend(models=HUB))
    refused = ocrbackend(models=HUB, engine="OpenVINO", accelerator={"resourceName": "nvidia.com/gpu"})
    assert family(refused).problems
    assert not [one for one in world.step(refused) if one.startswith("Remove")]


def test_a_job_whose_pod_went_before_anybody_read_what_it_published_is_made_again(
    world: World, ocrbackend: Make
) -> None:
    backend = ocrbackend(models=HUB)
    world.step(backend)
    world.finish()
    [job] = world.jobs()
    world.recorded.clear()
    assert f"Remove {job}" in world.step(backend)
    assert f"Apply {job}" in world.step(backend)
    assert world.revision("ocr-ch-mobile") is None
    world.finish()
    assert f"Remove {job}" not in world.step(backend)
    assert world.revision("ocr-ch-mobile")


def test_a_finished_job_of_somebody_else_opens_nothing(world: World, ocrbackend: Make) -> None:
    world.step(ocrbackend(models=HUB))
    world.finish()
    [job] = world.jobs()
    world.children[job] = replace(world.children[job], owner_uid="uid-of-another")
    world.step(ocrbackend(models=HUB))
    assert world.revision("ocr-ch-mobile") is None
