"""Finds the tags of a label config that take regions, labels and texts.

Pure: XML text -> `ControlTags`; names in the settings override what the label config says.
Source of the tags: Label Studio 1.23 and its reference of tags.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from xml.etree.ElementTree import Element

from ocr_backend.config.settings import Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio import tag_selection
from ocr_backend.labelstudio.label_choice import choose_label
from ocr_backend.labelstudio.label_config_xml import Repeater, TagGroup, tag_groups
from ocr_backend.labelstudio.page_text import TextFormat
from ocr_backend.labelstudio.tag_selection import ImageTag, default_name, label_name, missing_error, tag_name
from ocr_backend.labelstudio.task_data import has_variable


@dataclass(frozen=True)
class ControlTag:
    """A control tag: its name and the type of its results."""

    name: str
    result_type: str

    @property
    def is_polygon(self) -> bool:
        """Whether its regions have points instead of a rectangle."""
        return self.result_type.startswith("polygon")

    @property
    def takes_labels(self) -> bool:
        """Whether its results carry labels."""
        return self.result_type.endswith("labels")


@dataclass(frozen=True)
class PageTextTag:
    """A TextArea for the text of all pages: its name and the format of the text."""

    name: str
    text_format: TextFormat = "text"


T = TypeVar("T", ControlTag, PageTextTag)


@dataclass(frozen=True)
class ControlTags:
    """The tags that take the parts of a region.

    `image` is the name of the Image tag. `image_value` names the image in a task's data, or a list of images
    if `has_several_pages`. `text` takes the text of each region, `page_text` that of all pages. `labels` is
    None if no tag takes labels, and equals `shape` if one tag takes both; `label` is None if regions get
    none. `warning` is a sentence for the log, or empty. With a `repeater`, names, label and `image_value`
    contain its index flag; `at_index` replaces it. `further` are those of the other images.
    """

    image: str
    image_value: str
    has_several_pages: bool
    shape: ControlTag | None
    labels: ControlTag | None
    text: ControlTag | None
    label: str | None
    page_text: PageTextTag | None = None
    warning: str = ""
    repeater: Repeater | None = None
    further: tuple["ControlTags", ...] = ()

    @property
    def of_each_image(self) -> list["ControlTags"]:
        """The control tags of each Image, these first."""
        return [replace(self, further=()), *self.further]

    def at_index(self, index: int) -> "ControlTags":
        """The control tags at an index (from 0) of the Repeater's list."""
        if self.repeater is None:
            return self
        fill_index = partial(self.repeater.fill_index, index=index)

        def rename(tag: T) -> T:
            return replace(tag, name=fill_index(tag.name))

        return replace(
            self,
            image=fill_index(self.image),
            image_value=fill_index(self.image_value),
            shape=self.shape and rename(self.shape),
            labels=self.labels and rename(self.labels),
            text=self.text and rename(self.text),
            page_text=self.page_text and rename(self.page_text),
            label=self.label and fill_index(self.label),
            repeater=None,
        )


def has_named_tags(config: str) -> bool:
    """Whether there is a tag that can take or show something; a new project has none.

    Raises:
        LabelConfigError: the text is not XML.
    """
    return bool(config.strip()) and any(tag_name(tag) for group in tag_groups(config) for tag in group.tags)


def parse_label_config(config: str, settings: Settings) -> ControlTags:
    """The control tags of a label config; those of the guide's label config if the text is empty.

    Raises:
        LabelConfigError: the text is not XML, or a tag is missing that regions or texts need.
    """
    if not config.strip():
        return _default_control_tags(settings)
    images = tag_selection.images(tag_groups(config), settings)
    first = _control_tags(images[0], settings)
    further, warnings = [], [first.warning]
    for image in images[1:]:
        try:
            further.append(_control_tags(image, settings))
        except LabelConfigError as error:
            warnings.append(f"the Image {tag_name(image.tag)!r} is not read: {error}")
    warnings += [tags.warning for tags in further]
    warning = "; ".join(dict.fromkeys(warning for warning in warnings if warning))
    return replace(first, further=tuple(further), warning=warning)


def _control_tags(image_tag: ImageTag, settings: Settings) -> ControlTags:
    group, image, controls = image_tag
    _check_image(group, image, settings)
    shape = tag_selection.shape(controls, settings)
    page_text = tag_selection.page_text_area(controls, settings.text_from_name, shape is not None)
    if shape is None and page_text is None:
        raise missing_error("no tag that draws boxes on the image")
    text = None if shape is None else tag_selection.text_area(controls, settings.text_from_name)
    labels = None if shape is None else tag_selection.labels(controls, shape, settings)
    label, warning = None, ""
    if labels is not None:
        is_set = settings.predicted_label is not None
        label, warning = choose_label(labels, label_name(settings), allow_only_label=not is_set)
    if shape is not None and text is None:
        no_text = f"the label config has no TextArea for the Image {tag_name(image)!r}, so boxes get no text"
        warning = "; ".join(filter(None, (no_text, warning)))
    return ControlTags(
        image=tag_name(image),
        image_value=_image_value(image, settings),
        has_several_pages=bool(image.get("valuelist")),
        shape=_control_tag(shape),
        labels=_control_tag(labels),
        text=_control_tag(text),
        label=label,
        page_text=None if page_text is None else _page_text_tag(page_text),
        warning=warning,
        repeater=group.repeater,
    )


def _default_control_tags(settings: Settings) -> ControlTags:
    def name(setting: str) -> str:
        return getattr(settings, setting) or default_name(setting)

    return ControlTags(
        image=name("image_to_name"),
        image_value=_variable(name("image_data_key")),
        has_several_pages=False,
        shape=ControlTag(name("bbox_from_name"), "rectangle"),
        labels=ControlTag(name("label_from_name"), "labels"),
        text=ControlTag(name("text_from_name"), "textarea"),
        label=name("predicted_label"),
    )


def _check_image(group: TagGroup, image: Element, settings: Settings) -> None:
    if not has_variable(_image_value(image, settings)):
        raise missing_error(f"no value=$... or valueList=$... at its Image {tag_name(image)!r}")
    if group.repeater is not None and not has_variable(group.repeater.on):
        raise missing_error(f"no on=$... at the Repeater of its Image {tag_name(image)!r}")


def _image_value(image: Element, settings: Settings) -> str:
    if settings.image_data_key:
        return _variable(settings.image_data_key)
    return (image.get("valuelist") or image.get("value") or "").strip()


def _variable(key: str) -> str:
    return f"${key}"


def _control_tag(element: Element | None) -> ControlTag | None:
    return None if element is None else ControlTag(tag_name(element), element.tag)


def _page_text_tag(text_area: Element) -> PageTextTag:
    return PageTextTag(tag_name(text_area), tag_selection.text_format(text_area))
