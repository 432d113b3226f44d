"""The chart's value `backends` becomes OCRBackends that the chart's ConfigMap owns."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_operator.api.names import API_VERSION, ObjectReference
from ocr_operator.app import chart_backends
from ocr_operator.app.chart_backends import (
    ChartBackends,
    Source,
    desired_backends,
    matches,
    ownership_conflict,
)
from ocr_operator.cluster.errors import ClusterError


def _source(values: object) -> Source:
    return Source("labs", "release-backends", yaml.safe_dump(values))


def test_each_entry_becomes_an_object_that_the_config_map_owns() -> None:
    spec = {"variants": [{"name": "ch-mobile", "language": "ch", "modelType": "mobile"}]}
    [backend] = desired_backends(_source({"ocr": spec}), "uid-of-the-map")
    assert backend == {
        "apiVersion": "ocrbackend.io/v1alpha1",
        "kind": "OCRBackend",
        "metadata": {
            "name": "ocr",
            "namespace": "labs",
            "labels": {"ocrbackend.io/values-of": "release-backends"},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "release-backends", "uid": "uid-of-the-map"}
            ],
        },
        "spec": spec,
    }


@pytest.mark.parametrize("values", [{}, None])
def test_no_entries_make_no_objects(values: object) -> None:
    assert desired_backends(_source(values), "uid") == []


def test_an_object_from_the_same_values_is_applied_again() -> None:
    existing = {"metadata": {"name": "ocr", "labels": {"ocrbackend.io/values-of": "release-backends"}}}
    assert ownership_conflict(_source({}), existing) == ""
    assert ownership_conflict(_source({}), None) == ""


def test_an_object_from_elsewhere_is_not_taken_over() -> None:
    conflict = ownership_conflict(_source({}), {"metadata": {"name": "ocr"}})
    assert "OCRBackend ocr exists, but not from these values" in conflict


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        pytest.param(
            {"spec": {"variants": [{"name": "a", "replicas": 1}]}, "status": {}}, True, id="defaults"
        ),
        pytest.param({"spec": {"variants": [{"name": "b"}]}}, False, id="changed"),
        pytest.param({"spec": {"variants": [{"name": "a"}, {"name": "b"}]}}, False, id="entry added"),
        pytest.param({"spec": {}}, False, id="field removed"),
        pytest.param(None, False, id="deleted"),
    ],
)
def test_an_object_matches_with_defaults_but_not_with_changes(existing: Any, expected: bool) -> None:
    assert matches({"spec": {"variants": [{"name": "a"}]}}, existing) is expected


class FakeCluster:
    """Stands in for `client.Cluster`: keeps OCRBackends; `error` refuses every apply."""

    def __init__(self) -> None:
        self.backends: dict[str, dict[str, Any]] = {}
        self.error: ClusterError | None = None
        self.applied = 0

    async def get(self, ref: ObjectReference) -> dict[str, Any] | None:
        if ref.api_version == API_VERSION:
            return self.backends.get(ref.name)
        return {"metadata": {"uid": "uid-of-the-map"}}

    async def list(self, *_: str) -> list[dict[str, Any]]:
        return list(self.backends.values())

    async def apply(self, body: dict[str, Any], manager: str) -> dict[str, Any]:
        await self.try_apply(body, manager)
        self.applied += 1
        self.backends[body["metadata"]["name"]] = body
        return body

    async def try_apply(self, body: dict[str, Any], manager: str) -> dict[str, Any]:
        if self.error:
            raise self.error
        return body


Step = Callable[[], Awaitable[None]]


def _run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scenario: Callable[[FakeCluster, ChartBackends, Step], Awaitable[None]],
) -> None:
    """Runs a scenario; its third argument lets the loop make one more attempt."""
    file = tmp_path / "backends.yaml"
    file.write_text(yaml.safe_dump({"ocr": {"variants": []}}), "utf-8")
    monkeypatch.setattr(chart_backends, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(chart_backends, "CHECK_SECONDS", 0.0)

    async def may_write(namespace: str) -> bool:
        return True

    async def run() -> None:
        cluster: Any = FakeCluster()
        chart = ChartBackends(file, "labs/release-backends", may_write)
        running = asyncio.create_task(chart.run(cluster))

        async def attempt() -> None:
            for _ in range(20):
                await asyncio.sleep(0)

        await scenario(cluster, chart, attempt)
        running.cancel()

    asyncio.run(run())


def test_deleted_and_changed_objects_are_applied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(cluster: FakeCluster, chart: ChartBackends, attempt: Step) -> None:
        chart.lead()
        await attempt()
        assert (cluster.applied, chart.not_ready_reason) == (1, "")
        await attempt()
        assert cluster.applied == 1
        del cluster.backends["ocr"]
        await attempt()
        assert cluster.applied == 2
        cluster.backends["ocr"] = cluster.backends["ocr"] | {"spec": {"variants": [{"name": "a"}]}}
        await attempt()
        assert cluster.applied == 3

    _run(tmp_path, monkeypatch, scenario)


def test_refused_objects_are_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(cluster: FakeCluster, chart: ChartBackends, attempt: Step) -> None:
        cluster.error = ClusterError(422, "variants is empty")
        chart.lead()
        await attempt()
        assert chart.not_ready_reason == "OCRBackend ocr of `backends`: variants is empty"
        cluster.error = None
        await attempt()
        assert (cluster.applied, chart.not_ready_reason) == (1, "")

    _run(tmp_path, monkeypatch, scenario)


def test_a_standby_writes_nothing_and_is_not_ready_while_an_object_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(cluster: FakeCluster, chart: ChartBackends, attempt: Step) -> None:
        cluster.error = ClusterError(422, "variants is empty")
        await attempt()
        assert chart.not_ready_reason == "OCRBackend ocr of `backends`: variants is empty"
        cluster.error = None
        await attempt()
        assert (cluster.applied, chart.not_ready_reason) == (0, "")
        chart.lead()
        assert chart.not_ready_reason == "the chart's value `backends` is not applied yet"

    _run(tmp_path, monkeypatch, scenario)
