"""Chooses the label for regions among the labels of a tag.

Pure: a tag with Label tags inside -> the label. `label_config` chooses the tag.
"""

from xml.etree.ElementTree import Element


def stored_label(tag: Element, name: str) -> str | None:
    """What Label Studio stores for the label with this name; None if the tag has no such label.

    The name is a label's value, alias, or one of its `predicted_values`; if none is equal, in any case.
    """
    if (tag.get("value") or "").startswith("$"):
        return name  # the labels are in the data of each task
    labels = _labels(tag)
    equal = [label for label in labels if name in _names(label)]
    similar = [label for label in labels if name.casefold() in map(str.casefold, _names(label))]
    return _stored_value((equal or similar)[0]) if similar else None


def choose_label(tag: Element, name: str, allow_only_label: bool) -> tuple[str | None, str]:
    """The label for regions, and a warning if there is none.

    With `allow_only_label`, a tag with a single label falls back to that one.
    """
    stored = stored_label(tag, name)
    labels = _labels(tag)
    if stored is None and allow_only_label and len(labels) == 1:
        stored = _stored_value(labels[0])
    if stored is not None:
        return stored, ""
    values = ", ".join(repr(label.get("value")) for label in labels) or "none"
    return None, (
        f"the label config's {tag.get('name')!r} has no label {name!r} (it has: {values}), "
        "so regions get no label; set PREDICTED_LABEL to one of its labels"
    )


def _names(label: Element) -> list[str]:
    predicted = (label.get("predicted_values") or "").split(",")
    return [name for name in (label.get("value"), label.get("alias"), *map(str.strip, predicted)) if name]


def _labels(tag: Element) -> list[Element]:
    return [label for label in tag.iter("label") if label.get("value")]


def _stored_value(label: Element) -> str | None:
    return label.get("alias") or label.get("value")
