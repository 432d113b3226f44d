"""Finds the tags of a label config that take regions, labels and texts.

Pure: XML text -> `ControlTags`; names in the settings override what the label config says.
Source of the tags: Label Studio 1.23 and its reference of tags.
"""

from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from ocr_backend.config.settings import Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio import tag_selection
from ocr_backend.labelstudio.label_choice import choose_label
from ocr_backend.labelstudio.label_config_xml import Repeater, TagGroup, tag_groups
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
class ControlTags:
    """The tags that take the parts of a region.

    `image` is the name of the Image tag. `image_value` names the image in a task's data, or a list of images
    if `has_several_pages`. Without a `shape`, `text` takes the text of all pages. `labels` is None if no tag
    takes labels, and equals `shape` if one tag takes both; `label` is None if regions get none. `warning` is
    a sentence for the log, or empty. With a `repeater`, names, label and `image_value` contain its index
    flag; `at_index` replaces it. `further` are those of the other images.
    """

    image: str
    image_value: str
    has_several_pages: bool
    shape: ControlTag | None
    labels: ControlTag | None
    text: ControlTag | None
    label: str | None
    warning: str = ""
    repeater: Repeater | None = None
    further: tuple["ControlTags", ...] = ()

    @property
    def of_each_image(self) -> list["ControlTags"]:
        """The control tags of each Image, these first."""
        return [replace(self, further=()), *self.further]

    def at_index(self, index: int) -> "ControlTags":
        """The control tags at an index (from 0) of the Repeater's list."""
        repeater = self.repeater
        if repeater is None:
            return self

        def fill_index(tag: ControlTag) -> ControlTag:
            return replace(tag, name=repeater.fill_index(tag.name, index))

        return replace(
            self,
            image=repeater.fill_index(self.image, index),
            image_value=repeater.fill_index(self.image_value, index),
            shape=self.shape and fill_index(self.shape),
            labels=self.labels and fill_index(self.labels),
            text=self.text and fill_index(self.text),
            label=self.label and repeater.fill_index(self.label, index),
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
    text = tag_selection.text_area(controls, settings.text_from_name)
    if shape is None and (text is None or tag_selection.is_per_region(text)):
        raise missing_error("no tag that draws boxes on the image")
    labels = None if shape is None else tag_selection.labels(controls, shape, settings)
    label, warning = None, ""
    if labels is not None:
        is_set = settings.predicted_label is not None
        label, warning = choose_label(labels, label_name(settings), allow_only_label=not is_set)
    if text is None:
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
