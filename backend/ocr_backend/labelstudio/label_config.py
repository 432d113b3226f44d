"""Finds the tags of a label config that take regions, labels and texts.

Pure: XML text -> `ControlTags`; names in the settings override what the label config says.
Source of the tags: Label Studio 1.23 and its reference of tags.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from ocr_backend.config.settings import SETTINGS, Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_choice import choose_label, stored_label
from ocr_backend.labelstudio.label_config_xml import Repeater, TagGroup, tag_groups
from ocr_backend.labelstudio.task_data import has_variable

SHAPES = ("rectangle", "rectanglelabels", "polygon", "polygonlabels")
"""Tags that draw regions, by the type of their results; the preferred first."""

# Without angle brackets, because Label Studio shows the message as HTML.
_REQUIRED_TAGS = (
    "an Image with a name and a value, a TextArea (perRegion) for the text and, for boxes, RectangleLabels, "
    "PolygonLabels, or Labels with a Rectangle or a Polygon, all with toName= the image"
)


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
    if `has_several_pages`. `labels` is None if no tag takes labels, and equals `shape` if one tag takes both;
    `label` is None if regions get none. `warning` is a sentence for the log, or empty. With a `repeater`,
    names, label and `image_value` contain its index flag; `at_index` replaces it.
    """

    image: str
    image_value: str
    has_several_pages: bool
    shape: ControlTag
    labels: ControlTag | None
    text: ControlTag
    label: str | None
    warning: str = ""
    repeater: Repeater | None = None

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
            shape=fill_index(self.shape),
            labels=self.labels and fill_index(self.labels),
            text=fill_index(self.text),
            label=self.label and repeater.fill_index(self.label, index),
            repeater=None,
        )


def parse_label_config(config: str, settings: Settings) -> ControlTags:
    """The control tags of a label config; those of the guide's label config if the text is empty.

    Raises:
        LabelConfigError: the text is not XML, or a tag is missing that regions with text need.
    """
    if not config.strip():
        return _default_control_tags(settings)
    group, image = _image(tag_groups(config), settings)
    controls = _controls_of(image, group)
    shape = _control_tag(_shape(controls, settings))
    labels = _labels(controls, shape, settings)
    label, warning = None, ""
    if labels is not None:
        is_set = settings.predicted_label is not None
        label, warning = choose_label(labels, _label_name(settings), allow_only_label=not is_set)
    return ControlTags(
        image=_name(image),
        image_value=_image_value(image, settings),
        has_several_pages=bool(image.get("valuelist")),
        shape=shape,
        labels=None if labels is None else _control_tag(labels),
        text=_control_tag(_text_area(controls, settings.text_from_name)),
        label=label,
        warning=warning,
        repeater=group.repeater,
    )


def _default_control_tags(settings: Settings) -> ControlTags:
    def name(setting: str) -> str:
        return getattr(settings, setting) or _default_name(setting)

    return ControlTags(
        image=name("image_to_name"),
        image_value=_variable(name("image_data_key")),
        has_several_pages=False,
        shape=ControlTag(name("bbox_from_name"), "rectangle"),
        labels=ControlTag(name("label_from_name"), "labels"),
        text=ControlTag(name("text_from_name"), "textarea"),
        label=name("predicted_label"),
    )


def _image(groups: Sequence[TagGroup], settings: Settings) -> tuple[TagGroup, Element]:
    """The Image tag to use, and its group: the first with a tag that draws on it, else the first."""
    images = [(group, tag) for group in groups for tag in group.tags if tag.tag == "image" and _name(tag)]
    images.sort(key=lambda pair: not any(tag.tag in SHAPES for tag in _controls_of(pair[1], pair[0])))
    image = _select([tag for _, tag in images], settings.image_to_name, "IMAGE_TO_NAME", "Image")
    if image is None:
        raise _missing_error("no Image with a name")
    if not has_variable(_image_value(image, settings)):
        raise _missing_error(f"no value=$... or valueList=$... at its Image {_name(image)!r}")
    group = next(group for group, tag in images if tag is image)
    if group.repeater is not None and not has_variable(group.repeater.on):
        raise _missing_error(f"no on=$... at the Repeater of its Image {_name(image)!r}")
    return group, image


def _controls_of(image: Element, group: TagGroup) -> list[Element]:
    """The control tags of an image; inside a Repeater only those of the same Repeater."""
    return [tag for tag in group.tags if _name(tag) and _name(image) in _targets(tag)]


def _shape(controls: Sequence[Element], settings: Settings) -> Element:
    label_tags = [tag for tag in controls if tag.tag == "labels"]
    # Label Studio's own OCR template has a Rectangle, a Polygon and Labels. Without Labels, a shape tag with
    # labels of its own is better than one without.
    order = SHAPES if label_tags else sorted(SHAPES, key=lambda shape: not shape.endswith("labels"))
    name = _label_name(settings)

    def has_label(tag: Element) -> bool:
        sources = [tag] if _control_tag(tag).takes_labels else label_tags
        return any(stored_label(source, name) is not None for source in sources)

    candidates = [tag for shape in order for tag in controls if tag.tag == shape]
    candidates.sort(key=lambda tag: not has_label(tag))
    selected = _select(candidates, settings.bbox_from_name, "BBOX_FROM_NAME", "tags that draw")
    if selected is None:
        raise _missing_error("no tag that draws boxes on the image")
    return selected


def _text_area(controls: Sequence[Element], name: str | None) -> Element:
    candidates = [tag for tag in controls if tag.tag == "textarea"]
    candidates.sort(key=lambda tag: (tag.get("perregion") or "").lower() != "true")
    selected = _select(candidates, name, "TEXT_FROM_NAME", "TextArea")
    if selected is None:
        raise _missing_error("no TextArea for the image")
    return selected


def _labels(controls: Sequence[Element], shape: ControlTag, settings: Settings) -> Element | None:
    if shape.takes_labels:
        return next(tag for tag in controls if _control_tag(tag) == shape)
    candidates = [tag for tag in controls if tag.tag == "labels"]
    candidates.sort(key=lambda tag: stored_label(tag, _label_name(settings)) is None)
    return _select(candidates, settings.label_from_name, "LABEL_FROM_NAME", "Labels")


def _select(candidates: Sequence[Element], name: str | None, env: str, tag_type: str) -> Element | None:
    """The candidate with a name; without a name the first, or None if there is none."""
    if not name:
        return candidates[0] if candidates else None
    selected = next((tag for tag in candidates if _name(tag) == name), None)
    if selected is None:
        names = ", ".join(_name(tag) for tag in candidates) or "none"
        raise LabelConfigError(
            f"{env} is {name!r}, but the label config has no such tag for the image "
            f"({tag_type}: {names}); unset {env} or rename the tag"
        )
    return selected


def _missing_error(problem: str) -> LabelConfigError:
    return LabelConfigError(f"the label config has {problem}; it needs {_REQUIRED_TAGS}")


def _targets(tag: Element) -> list[str]:
    return [name.strip() for name in (tag.get("toname") or "").split(",")]


def _image_value(image: Element, settings: Settings) -> str:
    if settings.image_data_key:
        return _variable(settings.image_data_key)
    return (image.get("valuelist") or image.get("value") or "").strip()


def _variable(key: str) -> str:
    return f"${key}"


def _label_name(settings: Settings) -> str:
    return settings.predicted_label or _default_name("predicted_label")


def _name(tag: Element) -> str:
    return tag.get("name") or ""


def _control_tag(element: Element) -> ControlTag:
    return ControlTag(_name(element), element.tag)


def _default_name(setting: str) -> str:
    """The name in the guide's label config."""
    return next(row.fallback_default or "" for row in SETTINGS if row.name == setting)
