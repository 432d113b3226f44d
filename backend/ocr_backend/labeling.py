"""Which tags of a labelling configuration take the boxes, labels and texts.

Pure: XML text in, `Controls` out; names that the settings give override what the configuration says.
Source of the tags: Label Studio 1.23 and its labelling configuration reference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ocr_backend.errors import LabelConfigError
from ocr_backend.settings import SETTINGS, Settings

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
class Controls:
    """Where the parts of a region go.

    `labels` is None where no tag takes labels, and equals `shape` where one tag takes both; `label` is None
    where none is given. `several_pages` means that `image_key` holds a list. `warning` is a sentence for the
    log, or empty.
    """

    image: str
    image_key: str
    several_pages: bool
    shape: Tag
    labels: Tag | None
    text: Tag
    label: str | None
    warning: str = ""


def controls_of(config: str, settings: Settings) -> Controls:
    """The controls of a labelling configuration; those of the manual's when the text is empty.

    Raises:
        LabelConfigError: no XML, or a tag is missing that regions with text need.
    """
    if not config.strip():
        return _manual_controls(settings)
    tags = list(_parsed(config).iter())
    image = _image(tags, settings)
    own = [tag for tag in tags if tag.get("name") and image.get("name") in _targets(tag)]
    shape = _tag(_shape(own, settings.bbox_from_name))
    text = _tag(_text(own, settings.text_from_name))
    labels = _labels(own, shape, settings)
    label, warning = (None, "") if labels is None else _label(labels, settings.predicted_label)
    return Controls(
        image=_name(image),
        image_key=settings.image_data_key or _data_key(image),
        several_pages=bool(image.get("valuelist")),
        shape=shape,
        labels=None if labels is None else _tag(labels),
        text=text,
        label=label,
        warning=warning,
    )


def _manual_controls(settings: Settings) -> Controls:
    def name(setting: str) -> str:
        return getattr(settings, setting) or _manual_name(setting)

    return Controls(
        image=name("image_to_name"),
        image_key=name("image_data_key"),
        several_pages=False,
        shape=Tag(name("bbox_from_name"), "rectangle"),
        labels=Tag(name("label_from_name"), "labels"),
        text=Tag(name("text_from_name"), "textarea"),
        label=name("predicted_label"),
    )


def _parsed(config: str) -> Element:
    try:
        root: Element = fromstring(config, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise LabelConfigError("the labelling configuration is not well-formed XML") from error
    for tag in root.iter():  # Label Studio reads both without regard to case
        tag.tag = tag.tag.lower()
        tag.attrib = {name.lower(): text for name, text in tag.attrib.items()}
    if any(tag.tag == "repeater" for tag in root.iter()):
        raise LabelConfigError(
            "the labelling configuration uses a Repeater, which is not supported; "
            "show several pages with one Image that has valueList=$pages"
        )
    return root


def _image(tags: Iterable[Element], settings: Settings) -> Element:
    images = [tag for tag in tags if tag.tag == "image" and tag.get("name")]
    chosen = _named(images, settings.image_to_name, "IMAGE_TO_NAME", "Image")
    if chosen is None:
        raise _lacking("no Image with a name")
    if not (settings.image_data_key or _data_key(chosen)):
        raise _lacking(f"no value=$... or valueList=$... at its Image {_name(chosen)!r}")
    return chosen


def _shape(own: list[Element], wanted: str | None) -> Element:
    has_labels = any(tag.tag == "labels" for tag in own)
    # Label Studio's own OCR template has a Rectangle, a Polygon and Labels. Where no Labels accompany them,
    # a tag that brings its own wins over a plain one.
    order = SHAPES if has_labels else tuple(sorted(SHAPES, key=lambda kind: not kind.endswith("labels")))
    candidates = [tag for kind in order for tag in own if tag.tag == kind]
    chosen = _named(candidates, wanted, "BBOX_FROM_NAME", "those that draw")
    if chosen is None:
        raise _lacking("no tag that draws boxes on the image")
    return chosen


def _text(own: list[Element], wanted: str | None) -> Element:
    areas = [tag for tag in own if tag.tag == "textarea"]
    areas.sort(key=lambda tag: (tag.get("perregion") or "").lower() != "true")
    chosen = _named(areas, wanted, "TEXT_FROM_NAME", "TextArea")
    if chosen is None:
        raise _lacking("no TextArea for the image")
    return chosen


def _labels(own: list[Element], shape: Tag, settings: Settings) -> Element | None:
    if shape.takes_labels:
        return next(tag for tag in own if _tag(tag) == shape)
    candidates = [tag for tag in own if tag.tag == "labels"]
    sought = settings.predicted_label or _manual_name("predicted_label")
    candidates.sort(key=lambda tag: _choice(tag, sought) is None)
    return _named(candidates, settings.label_from_name, "LABEL_FROM_NAME", "Labels")


def _named(candidates: list[Element], wanted: str | None, env: str, kind: str) -> Element | None:
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


def _label(labels: Element, wanted: str | None) -> tuple[str | None, str]:
    """The label to give, and a warning when none can be given."""
    sought = wanted or _manual_name("predicted_label")
    found = _choice(labels, sought)
    choices = _choices(labels)
    if found is None and wanted is None and len(choices) == 1:
        found = _stored(choices[0])
    if found is not None:
        return found, ""
    names = ", ".join(repr(tag.get("value")) for tag in choices) or "none"
    return None, (
        f"label {sought!r} is not among those of the labelling configuration's {_name(labels)!r} ({names}): "
        "regions get no label; set PREDICTED_LABEL to one of them"
    )


def _choice(labels: Element, sought: str) -> str | None:
    """What is stored when this label is given; None where it cannot be."""
    if (labels.get("value") or "").startswith("$"):
        return sought  # the choices come with each task
    found = [tag for tag in _choices(labels) if sought in (tag.get("value"), tag.get("alias"))]
    return _stored(found[0]) if found else None


def _choices(labels: Element) -> list[Element]:
    return [tag for tag in labels.iter("label") if tag.get("value")]


def _stored(choice: Element) -> str | None:
    return choice.get("alias") or choice.get("value")


def _lacking(what: str) -> LabelConfigError:
    return LabelConfigError(f"the labelling configuration has {what}; needed are {NEEDED}")


def _targets(tag: Element) -> list[str]:
    return [name.strip() for name in (tag.get("toname") or "").split(",")]


def _data_key(image: Element) -> str:
    said = (image.get("value") or image.get("valuelist") or "").strip()
    return said[1:] if said.startswith("$") else ""


def _name(tag: Element) -> str:
    return tag.get("name") or ""


def _tag(element: Element) -> Tag:
    return Tag(_name(element), element.tag)


def _manual_name(setting: str) -> str:
    return next(row.manual_default or "" for row in SETTINGS if row.name == setting)
