"""Groups the drawn regions of an interactive request by the page that they are on.

Pure; `predictor` reads the pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ocr_backend.labelstudio.interactive_regions import DrawnRegion, regions_without_text
from ocr_backend.labelstudio.label_config import ControlTags
from ocr_backend.labelstudio.task_images import TaskImage

Json = dict[str, Any]


@dataclass(frozen=True)
class PageRegions:
    """The drawn regions of one page: the page at `page_index` of the file that `reference` names."""

    reference: object
    page_index: int
    control_tags: ControlTags
    regions: Sequence[DrawnRegion]


def page_regions(images: Sequence[TaskImage], context: Json) -> list[PageRegions]:
    """The drawn regions without text by page; regions on unknown images or pages are left out."""
    images_by_name = {image.control_tags.image: image for image in images}
    regions_by_page: dict[tuple[str, int], list[DrawnRegion]] = {}
    for region in regions_without_text(context):
        if region.image in images_by_name:
            regions_by_page.setdefault((region.image, region.page_index), []).append(region)
    pages = []
    for (name, page_index), regions in regions_by_page.items():
        image = images_by_name[name]
        location = _locate_page(image.references, page_index)
        if location is not None:
            pages.append(PageRegions(*location, image.control_tags, regions))
    return pages


def _locate_page(references: Sequence[object], page_index: int) -> tuple[object, int] | None:
    """The reference of the file with a page of an Image, and the page's index there.

    A single file may be a PDF with all the pages; otherwise each file is one page.
    """
    if len(references) == 1:
        return references[0], page_index
    return (references[page_index], 0) if page_index < len(references) else None
