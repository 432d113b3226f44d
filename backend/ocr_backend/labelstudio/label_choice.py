"""Which label of a set of labels in a labelling configuration is given to the text that was found.

Pure: a tag that holds Label tags in, the label out. `labeling` says which set it is.
"""

from xml.etree.ElementTree import Element


def stored_label(labels: Element, sought: str) -> str | None:
    """What Label Studio stores for the label with this value or alias; None where the set has none such."""
    if (labels.get("value") or "").startswith("$"):
        return sought  # the choices come with each task
    found = [tag for tag in _choices(labels) if sought in (tag.get("value"), tag.get("alias"))]
    return _stored(found[0]) if found else None


def label_to_give(labels: Element, sought: str, may_be_another: bool) -> tuple[str | None, str]:
    """The label to give, and a warning when none can be given.

    Where the set has only one label and `may_be_another`, it is that one.
    """
    found = stored_label(labels, sought)
    choices = _choices(labels)
    if found is None and may_be_another and len(choices) == 1:
        found = _stored(choices[0])
    if found is not None:
        return found, ""
    name, known = labels.get("name"), ", ".join(repr(tag.get("value")) for tag in choices) or "none"
    return None, (
        f"label {sought!r} is not among those of the labelling configuration's {name!r} ({known}): "
        "regions get no label; set PREDICTED_LABEL to one of them"
    )


def _choices(labels: Element) -> list[Element]:
    return [tag for tag in labels.iter("label") if tag.get("value")]


def _stored(choice: Element) -> str | None:
    return choice.get("alias") or choice.get("value")
