"""Lines that were read -> the prediction that Label Studio stores: regions, score and version.

Pure. One region is up to three results with the same id and the same geometry: shape, labels, text.
Source: Label Studio 1.23's result format for OCR.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.geometry import Size, polygon_to_points, polygon_to_rectangle
from ocr_backend.labelstudio.label_config import ControlTags
from ocr_backend.ocr_types import Line, LoadedModel

Json = dict[str, Any]

ANSWERS_REVISION = 1
"""Raised when the same weights and settings begin to give other predictions: the version must change then."""


@dataclass(frozen=True)
class Page:
    """What was read of one image or page; `size` is `(width, height)` px, lines stand in reading order."""

    size: Size
    lines: Sequence[Line]


def model_version(settings: Settings, models: Sequence[LoadedModel]) -> str:
    """Name of what gives the answers: equal on all replicas, another when anything that changes them does.

    Generation, language and tier, and 10 hexadecimal digits for the rest: `PP-OCRv5-ch-server-0123456789`.
    """
    told = [
        ANSWERS_REVISION,
        settings.score_threshold,
        settings.use_doc_orientation,
        settings.use_doc_unwarping,
        settings.use_textline_orientation,
        settings.precision,
        settings.pdf_dpi,
        sorted((model.part, model.name, model.digest) for model in models),
    ]
    digest = hashlib.sha256(repr(told).encode()).hexdigest()[:10]
    return f"{settings.ocr_version}-{settings.language}-{settings.model_type}-{digest}"


def prediction(
    images: Sequence[tuple[ControlTags, Sequence[Page]]], task: object, version: str, score_threshold: float
) -> Json:
    """One task's prediction: the regions of its pages in order, and the mean score of them, 0 without any.

    `images` are the pages of each Image that the task shows. Lines below `score_threshold` are left out.
    `task` is what tells the task from others, such as its id; the same line of the same task gets the same
    region id each time.
    """
    results: list[Json] = []
    scores: list[float] = []
    for number, (controls, item_index, page) in enumerate(_in_order(images)):
        kept = [line for line in page.lines if line.score >= score_threshold]
        scores += [line.score for line in kept]
        for place, line in enumerate(kept):
            for item in region(line, page.size, controls, region_id(task, number, place)):
                results.append(item if item_index is None else {**item, "item_index": item_index})
    mean = round(sum(scores) / len(scores), 4) if scores else 0.0
    return {"result": results, "score": mean, "model_version": version}


def _in_order(
    images: Sequence[tuple[ControlTags, Sequence[Page]]],
) -> Iterator[tuple[ControlTags, int | None, Page]]:
    """Each page with its number in its Image, None where that has only one."""
    for controls, pages in images:
        is_numbered = controls.several_pages or len(pages) > 1  # a PDF has pages in any configuration
        for number, page in enumerate(pages):
            yield controls, number if is_numbered else None, page


def region_id(task: object, page: int, place: int) -> str:
    """12 hexadecimal digits, another for each line of each page of a task."""
    return hashlib.blake2b(repr((task, page, place)).encode(), digest_size=6).hexdigest()


def region(line: Line, size: Size, controls: ControlTags, name: str) -> Iterator[Json]:
    """The results of one line: its shape, its label if there is one, its text."""
    place = _place(line, size, controls)
    base = {
        "id": name,
        "to_name": controls.image,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "score": round(min(max(line.score, 0.0), 1.0), 4),
    }

    def item(tag: str, kind: str, **more: list[str]) -> Json:
        return {**base, "from_name": tag, "type": kind, "value": {**place, **more}}

    shape, labels = controls.shape, controls.labels
    named = [controls.label] if controls.label else []
    if shape.takes_labels:
        yield item(shape.name, shape.kind, **{shape.kind: named})
    else:
        yield item(shape.name, shape.kind)
        if labels is not None and named:
            yield item(labels.name, labels.kind, labels=named)
    yield item(controls.text.name, controls.text.kind, text=[line.text])


def _place(line: Line, size: Size, controls: ControlTags) -> Json:
    if controls.shape.is_polygon:
        return {"points": polygon_to_points(line.polygon, size), "closed": True}
    shape = polygon_to_rectangle(line.polygon, size)
    return {
        "x": shape.x,
        "y": shape.y,
        "width": shape.width,
        "height": shape.height,
        "rotation": shape.rotation,
    }
