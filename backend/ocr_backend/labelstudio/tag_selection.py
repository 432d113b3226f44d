"""Selects among the tags of a label config: the images to read, and the control tags of an image.

Pure: XML elements and settings -> XML elements. `label_config` makes `ControlTags` of them.
"""

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from ocr_backend.config.settings import SETTINGS, Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_choice import stored_label
from ocr_backend.labelstudio.label_config_xml import TagGroup
from ocr_backend.labelstudio.page_text import TEXT_FORMATS, TextFormat

SHAPES = ("rectangle", "rectanglelabels", "polygon", "polygonlabels")
"""Tags that draw regions, by the type of their results; the preferred first."""

# Without angle brackets, because Label Studio shows the message as HTML.
_REQUIRED_TAGS = (
    "an Image with a name and a value and, for boxes, RectangleLabels, PolygonLabels, or Labels with a "
    "Rectangle or a Polygon, and a TextArea (perRegion) for their text, all with toName= the image; or only "
    "a TextArea"
)


class ImageTag(NamedTuple):
    """An Image tag, its group, and its control tags; inside a Repeater only those of the same Repeater."""

    group: TagGroup
    tag: Element
    controls: Sequence[Element]


def images(groups: Sequence[TagGroup], settings: Settings) -> list[ImageTag]:
    """The Image tags to read, at least one: those that something draws on, or else those that take text.

    Settings that name an image or its data select one image.

    Raises:
        LabelConfigError: there is none.
    """
    candidates = [image for group in groups for image in _images_of(group)]
    drawn = [image for image in candidates if any(tag.tag in SHAPES for tag in image.controls)]
    with_text = [image for image in candidates if any(tag.tag == "textarea" for tag in image.controls)]
    selected = drawn or with_text or candidates[:1]
    if settings.image_to_name:
        ordered = drawn + candidates
        tag = select([image.tag for image in ordered], settings.image_to_name, "IMAGE_TO_NAME", "Image")
        selected = [image for image in candidates if image.tag is tag]
    if not selected:
        raise missing_error("no Image with a name")
    return selected[:1] if settings.image_data_key else selected


def _images_of(group: TagGroup) -> list[ImageTag]:
    controls: dict[str, list[Element]] = {}
    for tag in group.tags:
        for target in _targets(tag) if tag_name(tag) else ():
            controls.setdefault(target, []).append(tag)
    images = [tag for tag in group.tags if tag.tag == "image" and tag_name(tag)]
    return [ImageTag(group, tag, controls.get(tag_name(tag), ())) for tag in images]


def shape(controls: Sequence[Element], settings: Settings) -> Element | None:
    """The tag that draws the regions, or None."""
    label_tags = [tag for tag in controls if tag.tag == "labels"]
    # Label Studio's own OCR template has a Rectangle, a Polygon and Labels. Without Labels, a shape tag with
    # labels of its own is better than one without.
    order = SHAPES if label_tags else sorted(SHAPES, key=lambda kind: not kind.endswith("labels"))
    name = label_name(settings)

    def has_label(tag: Element) -> bool:
        sources = [tag] if tag.tag.endswith("labels") else label_tags
        return any(stored_label(source, name) is not None for source in sources)

    candidates = [tag for kind in order for tag in controls if tag.tag == kind]
    candidates.sort(key=lambda tag: not has_label(tag))
    return select(candidates, settings.bbox_from_name, "BBOX_FROM_NAME", "tags that draw")


def text_area(controls: Sequence[Element], name: str | None) -> Element | None:
    """The TextArea for the text of each region, or None; one without `perRegion` may also take it."""
    candidates = [tag for tag in controls if tag.tag == "textarea"]
    candidates.sort(key=_region_text_order)
    selected = select(candidates, name, "TEXT_FROM_NAME", "TextArea")
    return None if selected is None or _asks_for_page_text(selected) else selected


def page_text_area(controls: Sequence[Element], name: str | None, has_shape: bool) -> Element | None:
    """The TextArea for the text of all pages, or None.

    Where regions are drawn, a TextArea of the task may be for remarks: only `model_format` asks for the text.
    """
    candidates = [tag for tag in controls if tag.tag == "textarea"]
    candidates.sort(key=_region_text_order, reverse=True)
    if has_shape:
        return next(filter(_asks_for_page_text, candidates), None)
    selected = select(candidates, name, "TEXT_FROM_NAME", "TextArea")
    return None if selected is None or is_per_region(selected) else selected


def text_format(text_area: Element) -> TextFormat:
    """The format of a TextArea's text, which its attribute `model_format` names.

    Raises:
        LabelConfigError: there is no such format.
    """
    # Label Studio ignores attributes that it does not know; its ML backends' own begin with `model_`.
    value = (text_area.get("model_format") or TEXT_FORMATS[0]).strip().lower()
    for known in TEXT_FORMATS:
        if value == known:
            return known
    raise LabelConfigError(
        f"the TextArea {tag_name(text_area)!r} has model_format={value!r}; known: {', '.join(TEXT_FORMATS)}"
    )


def is_per_region(text_area: Element) -> bool:
    """Whether each region has a text of its own."""
    return (text_area.get("perregion") or "").lower() == "true"


def _asks_for_page_text(text_area: Element) -> bool:
    return bool(text_area.get("model_format")) and not is_per_region(text_area)


def _region_text_order(text_area: Element) -> int:
    return 0 if is_per_region(text_area) else 1 + _asks_for_page_text(text_area)


def labels(controls: Sequence[Element], shape: Element, settings: Settings) -> Element | None:
    """The tag that takes the labels, which may be the shape tag, or None."""
    if shape.tag.endswith("labels"):
        return shape
    candidates = [tag for tag in controls if tag.tag == "labels"]
    candidates.sort(key=lambda tag: stored_label(tag, label_name(settings)) is None)
    return select(candidates, settings.label_from_name, "LABEL_FROM_NAME", "Labels")


def select(candidates: Sequence[Element], name: str | None, env: str, tag_type: str) -> Element | None:
    """The candidate with a name; without a name the first, or None if there is none.

    Raises:
        LabelConfigError: no candidate has the name.
    """
    if not name:
        return candidates[0] if candidates else None
    selected = next((tag for tag in candidates if tag_name(tag) == name), None)
    if selected is None:
        names = ", ".join(dict.fromkeys(map(tag_name, candidates))) or "none"
        raise LabelConfigError(
            f"{env} is {name!r}, but the label config has no such tag for the image "
            f"({tag_type}: {names}); unset {env} or rename the tag"
        )
    return selected


def missing_error(problem: str) -> LabelConfigError:
    """The error for a label config that lacks something."""
    return LabelConfigError(f"the label config has {problem}; it needs {_REQUIRED_TAGS}")


def label_name(settings: Settings) -> str:
    """The label for regions."""
    return settings.predicted_label or default_name("predicted_label")


def tag_name(tag: Element) -> str:
    """The name of a tag, empty if it has none."""
    return tag.get("name") or ""


def default_name(setting: str) -> str:
    """The name in the guide's label config."""
    return next(row.fallback_default or "" for row in SETTINGS if row.name == setting)


def _targets(tag: Element) -> list[str]:
    return [name.strip() for name in (tag.get("toname") or "").split(",")]
