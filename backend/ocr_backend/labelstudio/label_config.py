"""Which tags of a labelling configuration take the boxes, labels and texts.

Pure: XML text in, `ControlTags` out; names that the settings give override what the configuration says.
Source of the tags: Label Studio 1.23 and its labelling configuration reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from ocr_backend.config.settings import SETTINGS, Settings
from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_choice import label_to_give, stored_label
from ocr_backend.labelstudio.label_config_xml import Repeater, TagGroup, tag_groups
from ocr_backend.labelstudio.task_data import is_pointer

SHAPES = ("rectangle", "rectanglelabels", "polygon", "polygonlabels")
"""Tags that draw, as Label Studio calls their results; the preferred first."""

# Without angle brackets: Label Studio shows the sentence as HTML.
NEEDED = (
    "an Image with a name and a value, a TextArea (perRegion) for the text and, for boxes, RectangleLabels, "
    "PolygonLabels, or Labels with a Rectangle or a Polygon, all with toName= the image"
)


@dataclass(frozen=True)
class Tag:
    """A control tag: its name and the type of its results."""

    name: str
    kind: str

    @property
    def is_polygon(self) -> bool:
        """Whether it takes points instead of a rectangle."""
        return self.kind.startswith("polygon")

    @property
    def takes_labels(self) -> bool:
        """Whether its results carry labels."""
        return self.kind.endswith("labels")


@dataclass(frozen=True)
class ControlTags:
    """Where the parts of a region go.

    `image_value` points to the image in a task's data, to a list of them where there are `several_pages`.
    `labels` is None where no tag takes labels, and equals `shape` where one tag takes both; `label` is None
    where none is given. `warning` is a sentence for the log, or empty. In a `repeater`, names, label and
    `image_value` hold its flag until they are `filled`.
    """

    image: str
    image_value: str
    several_pages: bool
    shape: Tag
    labels: Tag | None
    text: Tag
    label: str | None
    warning: str = ""
    repeater: Repeater | None = None

    def filled(self, number: int) -> "ControlTags":
        """The same, as they are named at an entry (from 0) of the list that the Repeater stands on."""
        repeater = self.repeater
        if repeater is None:
            return self

        def filled(tag: Tag) -> Tag:
            return replace(tag, name=repeater.filled(tag.name, number))

        return replace(
            self,
            image=repeater.filled(self.image, number),
            image_value=repeater.filled(self.image_value, number),
            shape=filled(self.shape),
            labels=self.labels and filled(self.labels),
            text=filled(self.text),
            label=self.label and repeater.filled(self.label, number),
            repeater=None,
        )


def controls_of(config: str, settings: Settings) -> ControlTags:
    """The controls of a labelling configuration; those of the manual's when the text is empty.

    Raises:
        LabelConfigError: no XML, or a tag is missing that regions with text need.
    """
    if not config.strip():
        return _manual_controls(settings)
    group, image = _image(tag_groups(config), settings)
    own = _controls(group, image)
    shape = _tag(_shape(own, settings))
    text = _tag(_text(own, settings.text_from_name))
    labels = _labels(own, shape, settings)
    label, warning = None, ""
    if labels is not None:
        label, warning = label_to_give(labels, _sought(settings), settings.predicted_label is None)
    return ControlTags(
        image=_name(image),
        image_value=_image_value(image, settings),
        several_pages=bool(image.get("valuelist")),
        shape=shape,
        labels=None if labels is None else _tag(labels),
        text=text,
        label=label,
        warning=warning,
        repeater=group.repeater,
    )


def _manual_controls(settings: Settings) -> ControlTags:
    def name(setting: str) -> str:
        return getattr(settings, setting) or _manual_name(setting)

    return ControlTags(
        image=name("image_to_name"),
        image_value=_pointer(name("image_data_key")),
        several_pages=False,
        shape=Tag(name("bbox_from_name"), "rectangle"),
        labels=Tag(name("label_from_name"), "labels"),
        text=Tag(name("text_from_name"), "textarea"),
        label=name("predicted_label"),
    )


def _image(groups: Sequence[TagGroup], settings: Settings) -> tuple[TagGroup, Element]:
    """The Image to fill: the first on which something draws, and the group that it stands in."""
    images = [(group, tag) for group in groups for tag in group.tags if tag.tag == "image" and _name(tag)]
    images.sort(key=lambda found: not any(tag.tag in SHAPES for tag in _controls(*found)))
    chosen = _named([tag for _, tag in images], settings.image_to_name, "IMAGE_TO_NAME", "Image")
    if chosen is None:
        raise _lacking("no Image with a name")
    if not is_pointer(_image_value(chosen, settings)):
        raise _lacking(f"no value=$... or valueList=$... at its Image {_name(chosen)!r}")
    group = next(group for group, tag in images if tag is chosen)
    if group.repeater is not None and not is_pointer(group.repeater.on):
        raise _lacking(f"no on=$... at the Repeater of its Image {_name(chosen)!r}")
    return group, chosen


def _controls(group: TagGroup, image: Element) -> list[Element]:
    """The tags that work on an image; in a Repeater they are those beside it."""
    return [tag for tag in group.tags if _name(tag) and _name(image) in _targets(tag)]


def _shape(own: Sequence[Element], settings: Settings) -> Element:
    sets = [tag for tag in own if tag.tag == "labels"]
    # Label Studio's own OCR template has a Rectangle, a Polygon and Labels. Where no Labels accompany them,
    # a tag that brings its own wins over a plain one.
    order = SHAPES if sets else sorted(SHAPES, key=lambda kind: not kind.endswith("labels"))
    sought = _sought(settings)

    def has_label(tag: Element) -> bool:
        return any(
            stored_label(one, sought) is not None for one in ([tag] if _tag(tag).takes_labels else sets)
        )

    candidates = [tag for kind in order for tag in own if tag.tag == kind]
    candidates.sort(key=lambda tag: not has_label(tag))
    chosen = _named(candidates, settings.bbox_from_name, "BBOX_FROM_NAME", "those that draw")
    if chosen is None:
        raise _lacking("no tag that draws boxes on the image")
    return chosen


def _text(own: Sequence[Element], wanted: str | None) -> Element:
    areas = [tag for tag in own if tag.tag == "textarea"]
    areas.sort(key=lambda tag: (tag.get("perregion") or "").lower() != "true")
    chosen = _named(areas, wanted, "TEXT_FROM_NAME", "TextArea")
    if chosen is None:
        raise _lacking("no TextArea for the image")
    return chosen


def _labels(own: Sequence[Element], shape: Tag, settings: Settings) -> Element | None:
    if shape.takes_labels:
        return next(tag for tag in own if _tag(tag) == shape)
    candidates = [tag for tag in own if tag.tag == "labels"]
    candidates.sort(key=lambda tag: stored_label(tag, _sought(settings)) is None)
    return _named(candidates, settings.label_from_name, "LABEL_FROM_NAME", "Labels")


def _named(candidates: Sequence[Element], wanted: str | None, env: str, kind: str) -> Element | None:
    if not wanted:
        return candidates[0] if candidates else None
    chosen = next((tag for tag in candidates if _name(tag) == wanted), None)
    if chosen is None:
        names = ", ".join(_name(tag) for tag in candidates) or "none"
        raise LabelConfigError(
            f"{env} is {wanted!r}, but the labelling configuration has no such tag for the image "
            f"({kind}: {names}); unset {env} or rename the tag"
        )
    return chosen


def _lacking(what: str) -> LabelConfigError:
    return LabelConfigError(f"the labelling configuration has {what}; needed are {NEEDED}")


def _targets(tag: Element) -> list[str]:
    return [name.strip() for name in (tag.get("toname") or "").split(",")]


def _image_value(image: Element, settings: Settings) -> str:
    if settings.image_data_key:
        return _pointer(settings.image_data_key)
    return (image.get("valuelist") or image.get("value") or "").strip()


def _pointer(key: str) -> str:
    return f"${key}"


def _sought(settings: Settings) -> str:
    return settings.predicted_label or _manual_name("predicted_label")


def _name(tag: Element) -> str:
    return tag.get("name") or ""


def _tag(element: Element) -> Tag:
    return Tag(_name(element), element.tag)


def _manual_name(setting: str) -> str:
    return next(row.manual_default or "" for row in SETTINGS if row.name == setting)
