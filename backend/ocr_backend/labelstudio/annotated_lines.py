"""Counts what an annotator did with the lines of a prediction: accepted, changed, deleted or added.

Pure. A line is a region with a shape: its box, label and text have the same id and count once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from ocr_backend.labelstudio.events import Annotation
from ocr_backend.labelstudio.region_ids import parse_line_id

Json = dict[str, Any]

LineOutcome = Literal["accepted", "changed", "deleted", "added"]
"""As predicted; with another text or shape; missing in the annotation; drawn and written by a person."""

OTHER_VERSION = "other"
"""Stands for all model versions but the current one, so that a metric has few series."""

LineCounts = Counter[tuple[LineOutcome, str]]
"""Outcome and model version (the current one or `other`) -> number of lines."""


def count_lines(annotation: Annotation, version: str) -> LineCounts:
    """The lines of an annotation, by the current model version.

    Deleted lines are counted only if the event contains the prediction. Of regions whose ids are not ours,
    Label Studio's `origin` decides: another backend predicted them, or an earlier release of this one.
    """
    result, prediction = annotation.result, annotation.prediction
    items = _items_by_id(result)
    outcomes = {region_id: _outcome(region_id, parts) for region_id, parts in items.items()}
    missing = [region_id for region_id in _items_by_id(prediction) if region_id not in items]
    counts: LineCounts = Counter()
    for region_id, outcome in outcomes.items():
        if outcome in ("accepted", "changed"):
            counts[outcome, _version_of(region_id, version, annotation.model_version)] += 1
    for region_id in missing:
        counts["deleted", _version_of(region_id, version, annotation.model_version)] += 1
    added = sum(outcome == "added" for outcome in outcomes.values())
    if added:
        counts["added", _main_version(counts)] += added
    return counts


def _main_version(counts: LineCounts) -> str:
    """The model version of most predicted lines, to which the added ones belong."""
    lines_by_version: Counter[str] = Counter()
    for (_, version), lines in counts.items():
        lines_by_version[version] += lines
    return max(lines_by_version, key=lines_by_version.__getitem__, default=OTHER_VERSION)


def _version_of(region_id: str, version: str, of_prediction: str) -> str:
    """The version that predicted a region: by its id, or else that of the whole prediction."""
    predicted = parse_line_id(region_id)
    is_current = predicted.has_version(version) if predicted else of_prediction == version
    return version if is_current else OTHER_VERSION


def _outcome(region_id: str, items: Sequence[Json]) -> LineOutcome | None:
    texts = list(_texts(items))
    predicted = parse_line_id(region_id)
    origins = {item.get("origin", "prediction" if predicted else "manual") for item in items}
    if predicted is None and origins == {"manual"}:
        return "added" if texts else None
    is_accepted = predicted.has_text("\n".join(texts)) if predicted else "manual" not in origins
    return "accepted" if is_accepted and "prediction-changed" not in origins else "changed"


def _texts(items: Sequence[Json]) -> Iterator[str]:
    for item in items:
        texts = item["value"].get("text")
        if item.get("type") == "textarea" and isinstance(texts, list):
            yield from filter(None, map(str, texts))


def _items_by_id(result: Sequence[Json]) -> Mapping[str, list[Json]]:
    """The items of each region that has a shape."""
    items: dict[str, list[Json]] = {}
    for item in result:
        region_id, value = item.get("id"), item.get("value")
        if isinstance(region_id, str) and isinstance(value, dict) and value.keys() & {"x", "points"}:
            items.setdefault(region_id, []).append(item)
    return items
