"""Text lines of a task's images -> the prediction that Label Studio stores: regions, score and version.

Pure. A region is up to three results with the same id and geometry: shape, labels, text.
Source: Label Studio 1.23's result format for OCR.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ocr_backend.config.settings import Settings
from ocr_backend.labelstudio.geometry import Size, polygon_to_points, polygon_to_rectangle
from ocr_backend.labelstudio.label_config import ControlTag, ControlTags
from ocr_backend.labelstudio.page_text import PageRows, Row, page_text
from ocr_backend.labelstudio.region_ids import line_id, object_id
from ocr_backend.ocr_types import Line, LoadedModel

Json = dict[str, Any]

PREDICTION_REVISION = 3
"""Increase it when the same weights and settings give other predictions, so that the version changes."""

_TAG_SETTINGS = (
    "image_data_key",
    "image_to_name",
    "bbox_from_name",
    "label_from_name",
    "text_from_name",
    "predicted_label",
)


@dataclass(frozen=True)
class Page:
    """The lines of one page in reading order; `size` is `(width, height)` px.

    A page that could not be read has no lines, and a `problem` that says why.
    """

    size: Size
    lines: Sequence[Line]
    problem: str = ""


@dataclass(frozen=True)
class ImagePages:
    """The pages of one Image of a task, and the control tags for their regions."""

    control_tags: ControlTags
    pages: Sequence[Page]


RowsOf = Callable[[Sequence[Line]], Sequence[Row]]


def one_row_per_line(lines: Sequence[Line]) -> list[Row]:
    """Each line in a row of its own."""
    return [[line] for line in lines]


def model_version(settings: Settings, models: Sequence[LoadedModel], engine: str) -> str:
    """The version of predictions: equal on all replicas; changes with all settings that change predictions.

    Not with the precision that OpenVINO chooses for a CPU: replicas may have different CPUs, and Label Studio
    would store the predictions of each.

    OCR version, language, model type, and 10 hexadecimal digits: `PP-OCRv5-ch-server-0123456789`.
    """
    inputs = [
        PREDICTION_REVISION,
        settings.score_threshold,
        settings.use_doc_orientation,
        settings.use_doc_unwarping,
        settings.use_textline_orientation,
        engine,
        settings.precision if engine == "openvino" else "",  # the only engine that has the choice
        *(getattr(settings, name) for name in _TAG_SETTINGS),
        settings.pdf_dpi,
        sorted((model.role, model.name, model.digest) for model in models),
    ]
    digest = hashlib.sha256(repr(inputs).encode()).hexdigest()[:10]
    return f"{settings.ocr_version}-{settings.language}-{settings.model_type}-{digest}"


def prediction(
    images: Sequence[ImagePages],
    task_key: object,
    version: str,
    score_threshold: float,
    rows_of: RowsOf = one_row_per_line,
) -> Json:
    """One task's prediction: the regions of its pages in order, and their mean score, 0 without regions.

    Lines below `score_threshold` are left out. `task_key` identifies the task, such as its id; the same line
    of the same task gets the same region id each time. `rows_of` groups the lines of a page.
    """
    images = [_with_score(image, score_threshold) for image in images]
    results: list[Json] = []
    page_number = 0
    for image in images:
        for item_index, page in _numbered_pages(image):
            page_results = _page_results(page, image.control_tags, (task_key, page_number), version)
            results += page_results if item_index is None else _with_item_index(page_results, item_index)
            page_number += 1
        results += _page_text_results(image, task_key, rows_of)
    scores = [line.score for image in images for page in image.pages for line in page.lines]
    mean_score = round(sum(scores) / len(scores), 4) if scores else 0.0
    return {"result": results, "score": mean_score, "model_version": version}


def _with_score(image: ImagePages, score_threshold: float) -> ImagePages:
    pages = [
        replace(page, lines=[line for line in page.lines if line.score >= score_threshold])
        for page in image.pages
    ]
    return replace(image, pages=pages)


def _page_results(
    page: Page, control_tags: ControlTags, page_key: tuple[object, int], version: str
) -> list[Json]:
    results: list[Json] = []
    for line_number, line in enumerate(page.lines):
        text = line.text if control_tags.text else ""
        region_id = line_id((*page_key, line_number), version, text)
        results += region_results(line, page.size, control_tags, region_id)
    return results


def _page_text_results(image: ImagePages, task_key: object, rows_of: RowsOf) -> list[Json]:
    """The text of all pages in the TextArea that takes it; nothing without text."""
    tag = image.control_tags.page_text
    if tag is None:
        return []
    pages = [PageRows(page.size, rows_of(page.lines)) for page in image.pages]
    text = page_text(pages, tag.text_format)
    result = {
        "id": object_id((task_key, image.control_tags.image, tag.name)),
        "from_name": tag.name,
        "to_name": image.control_tags.image,
        "type": "textarea",
        "value": {"text": [text]},
    }
    return [result] if text else []


def _with_item_index(results: Sequence[Json], item_index: int) -> list[Json]:
    return [{**result, "item_index": item_index} for result in results]


def _numbered_pages(image: ImagePages) -> Iterator[tuple[int | None, Page]]:
    """Each page with its index in its Image; the index is None if the Image has only one page."""
    # A PDF has several pages whatever the label config says.
    is_numbered = image.control_tags.has_several_pages or len(image.pages) > 1
    for index, page in enumerate(image.pages):
        yield index if is_numbered else None, page


def region_results(line: Line, size: Size, control_tags: ControlTags, region_id: str) -> Iterator[Json]:
    """The results of one line: its shape, its label and its text if tags take these."""
    shape, labels, text = control_tags.shape, control_tags.labels, control_tags.text
    if shape is None:
        return
    geometry = _geometry(line, size, shape)
    base = {
        "id": region_id,
        "to_name": control_tags.image,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "score": round(min(max(line.score, 0.0), 1.0), 4),
    }

    def result(from_name: str, result_type: str, **extra: list[str]) -> Json:
        return {**base, "from_name": from_name, "type": result_type, "value": {**geometry, **extra}}

    label_values = [control_tags.label] if control_tags.label else []
    if shape.takes_labels:
        yield result(shape.name, shape.result_type, **{shape.result_type: label_values})
    else:
        yield result(shape.name, shape.result_type)
        if labels is not None and label_values:
            yield result(labels.name, labels.result_type, labels=label_values)
    if text is not None:
        yield result(text.name, text.result_type, text=[line.text])


def _geometry(line: Line, size: Size, shape: ControlTag) -> Json:
    if shape.is_polygon:
        return {"points": polygon_to_points(line.polygon, size), "closed": True}
    rectangle = polygon_to_rectangle(line.polygon, size)
    return {
        "x": rectangle.x,
        "y": rectangle.y,
        "width": rectangle.width,
        "height": rectangle.height,
        "rotation": rectangle.rotation,
    }
