"""A previous release as test data: its chart, OCRBackends, and the managed objects that its operator created.

`python tests/support/frozen_release.py` freezes the present release, see tests/data/README.md. Tests read the
newest frozen release with `chart`, `examples` and `stored`.
"""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from api_defaults import defaulted
from ocr_operator.api.operator_config import OperatorConfig, parse_image_reference
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.crd.spec_schema import spec_schema
from ocr_operator.observed.managed_objects import ObservedObject, observed_object
from ocr_operator.observed.state import Observed
from ocr_operator.planning.plan import plan
from ocr_operator.planning.steps import Apply
from recorded_downloads import status_with_downloads

Json = dict[str, Any]

_ROOT = Path(__file__).parents[2]
_DATA = _ROOT / "tests" / "data"
_UNNEEDED = ("values.schema.json", "values-*", "NOTES.txt", "prelabel", "tests", "*.png", "*.py")
"""Files of the chart that are not needed to install the operator."""


def folder() -> Path:
    """The folder of the newest frozen release."""
    return max(
        _DATA.glob("release-*"), key=lambda path: tuple(map(int, path.name.partition("-")[2].split(".")))
    )


def chart() -> Path:
    """Its chart, with everything needed to install the operator."""
    return folder() / "chart"


def crd() -> Json:
    """Its CustomResourceDefinition."""
    body: Json = yaml.safe_load((chart() / "files" / "crd-ocrbackend.yaml").read_text("utf-8"))
    return body


def examples() -> list[Json]:
    """OCRBackends as users of that release wrote them; together they contain every field of its spec."""
    return list(yaml.safe_load_all((folder() / "ocrbackends.yaml").read_text("utf-8")))


def stored() -> list[tuple[Json, list[Json]]]:
    """The same as its API server stored them, with defaults, each with its managed objects."""
    entries = json.loads((folder() / "stored.json").read_text("utf-8"))
    return [(entry["ocrbackend"], entry["children"]) for entry in entries]


def config() -> OperatorConfig:
    """That release's operator configuration: a later operator with the same images creates the same pods."""
    version = folder().name.partition("-")[2]
    cpu, paddle, gpu = (
        parse_image_reference(f"ocr-backend/backend-{kind}:{version}") for kind in ("cpu", "paddle", "gpu")
    )
    return OperatorConfig(cpu, paddle, gpu)


def managed_objects(ocrbackend: Mapping[str, Any], used_config: OperatorConfig | None = None) -> list[Json]:
    """The objects that the present operator creates for an OCRBackend in an empty namespace.

    `used_config` is the operator's configuration, by default `config()`.
    """
    spec, now = parse_backend(ocrbackend), datetime(2026, 1, 1, tzinfo=UTC)
    first = plan(spec, Observed(now), used_config or config())
    jobs = [step.desired for step in first.steps if isinstance(step, Apply) and step.ref.kind == "Job"]
    status = status_with_downloads(job["metadata"]["name"] for job in jobs)
    downloaded = Observed(now, tuple(map(_finished, jobs)), previous_status=status)
    second = plan(spec, downloaded, used_config or config())
    return [dict(step.desired) for step in second.steps if isinstance(step, Apply)]


def _finished(job: Json) -> ObservedObject:
    """The Job after the download of its models."""
    metadata = job["metadata"] | {"uid": "uid-of-job", "resourceVersion": "1"}
    return observed_object(
        job | {"metadata": metadata, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    )


def as_stored(ocrbackend: Mapping[str, Any]) -> Json:
    """An OCRBackend as today's API server stores it: absent fields have the defaults of today's schema."""
    identity = {"namespace": "labs", "uid": "uid-1", "generation": 1, "resourceVersion": "1"}
    metadata = ocrbackend["metadata"] | identity
    return {**ocrbackend, "metadata": metadata, "spec": defaulted(spec_schema(), ocrbackend["spec"])}


def main() -> None:
    """Writes the folder of this version, with the OCRBackends of the previous release."""
    version = yaml.safe_load((_ROOT / "chart" / "Chart.yaml").read_text("utf-8"))["version"]
    previous, target = folder(), _DATA / f"release-{version}"
    target.mkdir(exist_ok=True)
    shutil.copytree(
        _ROOT / "chart",
        target / "chart",
        ignore=shutil.ignore_patterns(*_UNNEEDED),
        dirs_exist_ok=True,
    )
    if previous != target:
        shutil.copy(previous / "ocrbackends.yaml", target)
    backends = [as_stored(example) for example in examples()]
    entries = [{"ocrbackend": backend, "children": managed_objects(backend)} for backend in backends]
    text = json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False)
    (target / "stored.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
