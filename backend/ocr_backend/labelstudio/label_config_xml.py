"""The tags of a labelling configuration, as XML text -> elements with lower-case names, by Repeater.

Pure; which tag takes what is for `labeling` to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ocr_backend.errors import LabelConfigError

_FLAG = "{{idx}}"  # Label Studio's own, where a Repeater has no indexFlag


@dataclass(frozen=True)
class Repeater:
    """Shows its tags once for each entry of the list at `on`, with the entry's number (from 0) for `flag`."""

    on: str
    flag: str

    def filled(self, text: str, number: int) -> str:
        """The text as it stands at an entry."""
        return text.replace(self.flag, str(number))


@dataclass(frozen=True)
class TagGroup:
    """The tags that stand in one Repeater, or in none, in the order of the configuration."""

    repeater: Repeater | None
    tags: Sequence[Element]


def tag_groups(config: str) -> list[TagGroup]:
    """All tags: those outside of Repeaters first, then those of each Repeater.

    Raises:
        LabelConfigError: no plain XML, or a Repeater stands in another one.
    """
    root = _parsed(config)
    repeated = [_group(tag) for tag in root.iter("repeater")]
    return [TagGroup(None, _outside(root)), *repeated]


def _parsed(config: str) -> Element:
    try:
        root: Element = fromstring(config, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise LabelConfigError("the labelling configuration is not well-formed XML") from error
    for tag in root.iter():  # Label Studio reads both without regard to case
        tag.tag = tag.tag.lower()
        tag.attrib = {name.lower(): text for name, text in tag.attrib.items()}
    return root


def _outside(root: Element) -> list[Element]:
    inside = {id(tag) for repeater in root.iter("repeater") for tag in repeater.iter()}
    return [tag for tag in root.iter() if id(tag) not in inside]


def _group(repeater: Element) -> TagGroup:
    tags = list(repeater.iter())[1:]
    if any(tag.tag == "repeater" for tag in tags):
        raise LabelConfigError(
            "the labelling configuration has a Repeater inside a Repeater, which is not supported; "
            "show the inner pages with one Image that has valueList=$..."
        )
    return TagGroup(Repeater(repeater.get("on") or "", repeater.get("indexflag") or _FLAG), tags)
