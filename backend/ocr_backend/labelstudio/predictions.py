"""Text lines of a task's images -> the prediction that Label Studio stores: regions, score and version.

Pure. A region is up to three results with the same id and geometry: shape, labels, text.
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

PREDICTION_REVISION = 1
"""Increase it when the same weights and settings give other predictions, so that the version changes."""


@dataclass(frozen=True)
class Page:
    """The lines of one page in reading order; `size` is `(width, height)` px."""

    size: Size
    lines: Sequence[Line]


@dataclass(frozen=True)
class ImagePages:
    """The pages of one Image of a task, and the control tags for their regions."""

    control_tags: ControlTags
    pages: Sequence[Page]


def model_version(settings: Settings, models: Sequence[LoadedModel]) -> str:
    """The version of predictions: equal on all replicas; it changes with everything that changes predictions.

    OCR version, language, model type, and 10 hexadecimal digits: `PP-OCRv5-ch-server-0123456789`.
    """
    inputs = [
        PREDICTION_REVISION,
        settings.score_threshold,
        settings.use_doc_orientation,
        settings.use_doc_unwarping,
        settings.use_textline_orientation,
        settings.precision,
        settings.pdf_dpi,
        sorted((model.role, model.name, model.digest) for model in models),
    ]
    digest = hashlib.sha256(repr(inputs).encode()).hexdigest()[:10]
    return f"{settings.ocr_version}-{settings.language}-{settings.model_type}-{digest}"


def prediction(images: Sequence[ImagePages], task_key: object, version: str, score_threshold: float) -> Json:
    """One task's prediction: the regions of its pages in order, and their mean score, 0 without regions.

    Lines below `score_threshold` are left out. `task_key` identifies the task, such as its id; the same line
    of the same task gets the same region id each time.
    """
    results: list[Json] = []
    scores: list[float] = []
    for page_number, (control_tags, item_index, page) in enumerate(_numbered_pages(images)):
        lines = [line for line in page.lines if line.score >= score_threshold]
        scores += [line.score for line in lines]
        region_ids = [region_id(task_key, page_number, line_number) for line_number in range(len(lines))]
        page_results = _page_results(Page(page.size, lines), region_ids, control_tags)
        results += page_results if item_index is None else _with_item_index(page_results, item_index)
    mean_score = round(sum(scores) / len(scores), 4) if scores else 0.0
    return {"result": results, "score": mean_score, "model_version": version}


def _page_results(page: Page, region_ids: Sequence[str], control_tags: ControlTags) -> list[Json]:
    results: list[Json] = []
    for line, line_id in zip(page.lines, region_ids, strict=True):
        results += region_results(line, page.size, control_tags, line_id)
    return results


def _with_item_index(results: Sequence[Json], item_index: int) -> list[Json]:
    return [{**result, "item_index": item_index} for result in results]


def _numbered_pages(images: Sequence[ImagePages]) -> Iterator[tuple[ControlTags, int | None, Page]]:
    """Each page with its index in its Image; the index is None if the Image has only one page."""
    for image in images:
        # A PDF has several pages whatever the label config says.
        is_numbered = image.control_tags.has_several_pages or len(image.pages) > 1
        for index, page in enumerate(image.pages):
            yield image.control_tags, index if is_numbered else None, page


def region_id(task_key: object, page_number: int, line_number: int) -> str:
    """12 hexadecimal digits, different for each line of each page of a task."""
    return hashlib.blake2b(repr((task_key, page_number, line_number)).encode(), digest_size=6).hexdigest()


def region_results(line: Line, size: Size, control_tags: ControlTags, line_id: str) -> Iterator[Json]:
    """The results of one line: its shape, its label if there is one, its text."""
    geometry = _geometry(line, size, control_tags)
    base = {
        "id": line_id,
        "to_name": control_tags.image,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "score": round(min(max(line.score, 0.0), 1.0), 4),
    }

    def result(from_name: str, result_type: str, **extra: list[str]) -> Json:
        return {**base, "from_name": from_name, "type": result_type, "value": {**geometry, **extra}}

    shape, labels, text = control_tags.shape, control_tags.labels, control_tags.text
    label_values = [control_tags.label] if control_tags.label else []
    if shape.takes_labels:
        yield result(shape.name, shape.result_type, **{shape.result_type: label_values})
    else:
        yield result(shape.name, shape.result_type)
        if labels is not None and label_values:
            yield result(labels.name, labels.result_type, labels=label_values)
    yield result(text.name, text.result_type, text=[line.text])


def _geometry(line: Line, size: Size, control_tags: ControlTags) -> Json:
    if control_tags.shape.is_polygon:
        return {"points": polygon_to_points(line.polygon, size), "closed": True}
    rectangle = polygon_to_rectangle(line.polygon, size)
    return {
        "x": rectangle.x,
        "y": rectangle.y,
        "width": rectangle.width,
        "height": rectangle.height,
        "rotation": rectangle.rotation,
    }
