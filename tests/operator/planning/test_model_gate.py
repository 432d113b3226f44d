"""Pods are created only when their models are on the volume; until then the old revision serves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply, Plan, Remove
from recorded_downloads import status_with_downloads

Make = Callable[..., dict[str, Any]]
Live = Callable[..., ObservedObject]
HUB = {"source": "Hub"}
MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
KOREAN = {"name": "korean-mobile", "language": "korean", "modelType": "mobile"}
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}


class World:
    """The objects of an OCRBackend; `reconcile` carries out the plan."""

    def __init__(self, live: Live, config: OperatorConfig, now: datetime) -> None:
        self._live, self._config, self.now = live, config, now
        self.objects: dict[str, ObservedObject] = {}
        self.recorded: set[str] = set()

    def plan(self, backend: dict[str, Any]) -> Plan:
        status = status_with_downloads(self.recorded)
        observed = Observed(self.now, tuple(self.objects.values()), previous_status=status)
        return plan(parse_backend(backend), observed, self._config)

    def reconcile(self, backend: dict[str, Any]) -> list[str]:
        """Carry out the plan; return its steps as text."""
        done = []
        for step in self.plan(backend).steps:
            name = f"{step.ref.kind} {step.ref.name}"
            done.append(f"{type(step).__name__} {name}")
            if isinstance(step, Remove):
                del self.objects[name]
            elif isinstance(step, Apply):
                before = self.objects.get(name)
                existing = self._live(step.desired, status=dict(before.status) if before else None)
                self.objects[name] = replace(existing, created=before.created if before else self.now)
        return done

    def jobs(self) -> list[str]:
        return [name for name, existing in self.objects.items() if existing.ref.kind == "Job"]

    def finish(self, *names: str) -> None:
        for name in names or self.jobs():
            self.objects[name] = replace(self.objects[name], status=COMPLETE)
            self.recorded.add(self.objects[name].ref.name)

    def revision(self, name: str) -> str | None:
        deployment = self.objects.get(f"Deployment {name}")
        return deployment.revision if deployment else None


@pytest.fixture
def world(live: Live, config: OperatorConfig, now: datetime) -> World:
    return World(live, config, now)


def test_pods_are_created_when_the_models_are_published(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=[MOBILE | {"autoscaling": {"maxReplicas": 3}}], models=HUB)
    world.reconcile(backend)
    [job] = world.jobs()
    assert set(world.objects) == {
        "PersistentVolumeClaim ocr-models",
        job,
        "Service ocr-ch-mobile",
    }
    world.finish()
    assert {"Apply Deployment ocr-ch-mobile", "Apply HorizontalPodAutoscaler ocr-ch-mobile"} <= set(
        world.reconcile(backend)
    )


def test_a_variant_with_published_models_does_not_wait_for_the_other(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(variants=[MOBILE, KOREAN], models=HUB)
    world.reconcile(backend)
    assert len(world.jobs()) == 2
    alone = World(world._live, world._config, world.now)
    alone.reconcile(ocrbackend(variants=[KOREAN], models=HUB))
    world.finish(*alone.jobs())
    world.reconcile(backend)
    assert world.revision("ocr-korean-mobile")
    assert world.revision("ocr-ch-mobile") is None


def test_the_last_good_revision_stays_while_another_model_set_is_downloaded(
    world: World, ocrbackend: Make
) -> None:
    world.reconcile(ocrbackend(models=HUB))
    world.finish()
    world.reconcile(ocrbackend(models=HUB))
    before = world.revision("ocr-ch-mobile")
    newer = ocrbackend(models=HUB, ocrVersion="PP-OCRv4")
    world.reconcile(newer)
    assert world.revision("ocr-ch-mobile") == before
    world.finish()
    world.reconcile(newer)
    assert world.revision("ocr-ch-mobile") not in (None, before)
    assert len(world.jobs()) == 1, "the Job of a set that no variant needs is deleted"


def test_a_deleted_job_is_created_again_and_running_variants_are_still_updated(
    world: World, ocrbackend: Make
) -> None:
    world.reconcile(ocrbackend(models=HUB))
    world.finish()
    world.reconcile(ocrbackend(models=HUB))
    [job] = world.jobs()
    del world.objects[job]
    done = world.reconcile(ocrbackend(models=HUB, variants=[MOBILE | {"replicas": 3}]))
    assert f"Apply {job}" in done
    assert "Apply Deployment ocr-ch-mobile" in done
    assert world.objects["Deployment ocr-ch-mobile"].replicas == 3


def test_a_failing_job_is_replaced_when_its_pod_template_changes(world: World, ocrbackend: Make) -> None:
    world.reconcile(ocrbackend(models=HUB))
    [job] = world.jobs()
    other = ocrbackend(models=HUB, image={"tag": "2.0"})
    assert f"Remove {job}" in world.reconcile(other)
    assert f"Apply {job}" in world.reconcile(other)


def test_a_complete_job_without_an_owner_is_replaced(world: World, ocrbackend: Make) -> None:
    """Nobody collects it, and it proves nothing for this OCRBackend."""
    world.reconcile(ocrbackend(models=HUB))
    world.finish()
    [job] = world.jobs()
    world.objects[job] = replace(world.objects[job], owner_uid=None, adopter="ocr")
    assert f"Remove {job}" in world.reconcile(ocrbackend(models=HUB, image={"tag": "2.0"}))


def test_a_complete_job_stays_as_a_record(world: World, ocrbackend: Make) -> None:
    world.reconcile(ocrbackend(models=HUB))
    world.finish()
    world.reconcile(ocrbackend(models=HUB))
    before = world.revision("ocr-ch-mobile")
    [job] = world.jobs()
    done = world.reconcile(ocrbackend(models=HUB, image={"tag": "2.0"}))
    assert not [step for step in done if job in step]
    assert world.revision("ocr-ch-mobile") != before


def test_the_download_runs_again_for_a_new_volume(world: World, ocrbackend: Make) -> None:
    world.reconcile(ocrbackend(models=HUB))
    world.finish()
    world.reconcile(ocrbackend(models=HUB))
    [job] = world.jobs()
    del world.objects["PersistentVolumeClaim ocr-models"]
    world.now += timedelta(seconds=1)
    world.reconcile(ocrbackend(models=HUB))
    assert f"Remove {job}" in world.reconcile(ocrbackend(models=HUB))
    assert f"Apply {job}" in world.reconcile(ocrbackend(models=HUB))


def test_no_job_is_deleted_while_settings_are_invalid(world: World, ocrbackend: Make) -> None:
    world.reconcile(ocrbackend(models=HUB))
    invalid = ocrbackend(models=HUB, engine="OpenVINO", accelerator={"resourceName": "nvidia.com/gpu"})
    assert parse_backend(invalid).invalid_variants
    assert not [step for step in world.reconcile(invalid) if step.startswith("Remove")]


def test_a_job_without_a_report_runs_again(world: World, ocrbackend: Make) -> None:
    backend = ocrbackend(models=HUB)
    world.reconcile(backend)
    world.finish()
    [job] = world.jobs()
    world.recorded.clear()
    assert f"Remove {job}" in world.reconcile(backend)
    assert f"Apply {job}" in world.reconcile(backend)
    assert world.revision("ocr-ch-mobile") is None
    world.finish()
    assert f"Remove {job}" not in world.reconcile(backend)
    assert world.revision("ocr-ch-mobile")


def test_a_complete_job_of_another_owner_does_not_count(world: World, ocrbackend: Make) -> None:
    world.reconcile(ocrbackend(models=HUB))
    world.finish()
    [job] = world.jobs()
    world.objects[job] = replace(world.objects[job], owner_uid="uid-of-another")
    world.reconcile(ocrbackend(models=HUB))
    assert world.revision("ocr-ch-mobile") is None
