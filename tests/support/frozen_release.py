"""A release of the past as test data: its chart, OCRBackends of its time, and the children it made of them.

`python tests/support/frozen_release.py` freezes the release that this tree is now, see tests/data/README.md.
Tests read the newest one through `chart`, `examples` and `stored`.
"""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from api_defaults import defaulted
from ocr_operator.api.operator_config import OperatorConfig, image_name
from ocr_operator.api.spec import family
from ocr_operator.crd.spec_schema import spec_schema
from ocr_operator.observed.observation import ObservedObject, observed_object
from ocr_operator.planning.plan import Apply, Observed, plan

Json = dict[str, Any]

_ROOT = Path(__file__).parents[2]
_DATA = _ROOT / "tests" / "data"
_UNNEEDED = ("values.schema.json", "values-*", "NOTES.txt", "prelabel", "tests", "*.png", "*.py")
"""What Helm does not need to install the operator; all but these is text of a few kilobytes, and the CRD."""


def folder() -> Path:
    """The newest release that is kept."""
    return max(
        _DATA.glob("release-*"), key=lambda path: tuple(map(int, path.name.partition("-")[2].split(".")))
    )


def chart() -> Path:
    """Its chart, with all that installing the operator needs."""
    return folder() / "chart"


def crd() -> Json:
    """Its CustomResourceDefinition."""
    found: Json = yaml.safe_load((chart() / "files" / "crd-ocrbackend.yaml").read_text("utf-8"))
    return found


def examples() -> list[Json]:
    """OCRBackends as users of that release wrote them; together they have every field of its spec."""
    return list(yaml.safe_load_all((folder() / "ocrbackends.yaml").read_text("utf-8")))


def stored() -> list[tuple[Json, list[Json]]]:
    """The same as its API server kept them, with its defaults, each with the children that it made."""
    found = json.loads((folder() / "stored.json").read_text("utf-8"))
    return [(one["ocrbackend"], one["children"]) for one in found]


def config() -> OperatorConfig:
    """How that release ran its operator; a later one with the same images makes the same pods."""
    version = folder().name.partition("-")[2]
    image = f"ocr-backend/backend-cpu:{version}", f"ocr-backend/backend-gpu:{version}"
    return OperatorConfig(image_name(image[0]), image_name(image[1]))


def children(ocrbackend: Mapping[str, Any], told: OperatorConfig | None = None) -> list[Json]:
    """What today's operator makes of an OCRBackend in an empty namespace, `told` so or else by `config`."""
    wanted, now = family(ocrbackend), datetime(2026, 1, 1, tzinfo=UTC)
    first = plan(wanted, Observed(), {}, told or config(), now)
    jobs = [step.child for step in first.steps if isinstance(step, Apply) and step.ref.kind == "Job"]
    recorded = frozenset(job["metadata"]["name"] for job in jobs)
    done = Observed(tuple(map(_finished, jobs)), recorded=recorded)
    after = plan(wanted, done, {}, told or config(), now)
    return [dict(step.child) for step in after.steps if isinstance(step, Apply)]


def _finished(job: Json) -> ObservedObject:
    """The Job once it has fetched its models."""
    metadata = job["metadata"] | {"uid": "uid-of-job", "resourceVersion": "1"}
    return observed_object(
        job | {"metadata": metadata, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    )


def as_stored(ocrbackend: Mapping[str, Any]) -> Json:
    """What today's API server makes of an OCRBackend: absent fields get the defaults of today's schema."""
    kept = {"namespace": "labs", "uid": "uid-1", "generation": 1, "resourceVersion": "1"}
    metadata = ocrbackend["metadata"] | kept
    return {**ocrbackend, "metadata": metadata, "spec": defaulted(spec_schema(), ocrbackend["spec"])}


def main() -> None:
    """Writes the folder of this tree's version, with the OCRBackends of the release before."""
    version = yaml.safe_load((_ROOT / "chart" / "Chart.yaml").read_text("utf-8"))["version"]
    before, there = folder(), _DATA / f"release-{version}"
    there.mkdir(exist_ok=True)
    shutil.copytree(
        _ROOT / "chart",
        there / "chart",
        ignore=shutil.ignore_patterns(*_UNNEEDED),
        dirs_exist_ok=True,
    )
    if before != there:
        shutil.copy(before / "ocrbackends.yaml", there)
    found = [as_stored(one) for one in examples()]
    kept = [{"ocrbackend": one, "children": children(one)} for one in found]
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
    (there / "stored.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
