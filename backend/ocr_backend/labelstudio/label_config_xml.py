"""Label config as XML text -> its tags, with lower-case names, grouped by Repeater.

Pure; `label_config` decides which tag takes what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ocr_backend.errors import LabelConfigError

_MAX_CHARACTERS = 256_000  # a label config with two thousand labels has half of it (guess)
_DEFAULT_INDEX_FLAG = "{{idx}}"  # Label Studio's default for indexFlag


@dataclass(frozen=True)
class Repeater:
    """Repeats its tags for each item of the list at `on`; `flag` is replaced by the item's index from 0."""

    on: str
    flag: str

    def fill_index(self, text: str, index: int) -> str:
        """The text with the flag replaced by an index."""
        return text.replace(self.flag, str(index))


@dataclass(frozen=True)
class TagGroup:
    """The tags inside one Repeater, or outside of all, in the order of the label config."""

    repeater: Repeater | None
    tags: Sequence[Element]


def tag_groups(config: str) -> list[TagGroup]:
    """All tags: first those outside of Repeaters, then those of each Repeater.

    Raises:
        LabelConfigError: the text is too long or not plain XML, or a Repeater is inside another one.
    """
    if len(config) > _MAX_CHARACTERS:
        raise LabelConfigError(
            f"the label config has {len(config)} characters; at most {_MAX_CHARACTERS} are allowed. "
            "Keep long lists of labels in the tasks' data (value=$...)"
        )
    root = _parse(config)
    repeater_groups = [_repeater_group(tag) for tag in root.iter("repeater")]
    return [TagGroup(None, _tags_outside_repeaters(root)), *repeater_groups]


def _parse(config: str) -> Element:
    try:
        root: Element = fromstring(config, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise LabelConfigError("the label config is not well-formed XML") from error
    for tag in root.iter():  # names of tags and attributes are case-insensitive in Label Studio
        tag.tag = tag.tag.lower()
        tag.attrib = {name.lower(): text for name, text in tag.attrib.items()}
    return root


def _tags_outside_repeaters(root: Element) -> list[Element]:
    repeated = {id(tag) for repeater in root.iter("repeater") for tag in repeater.iter()}
    return [tag for tag in root.iter() if id(tag) not in repeated]


def _repeater_group(repeater: Element) -> TagGroup:
    tags = list(repeater.iter())[1:]
    if any(tag.tag == "repeater" for tag in tags):
        raise LabelConfigError(
            "the label config has a Repeater inside a Repeater, which is not supported; "
            "show the inner pages with one Image that has valueList=$..."
        )
    flag = repeater.get("indexflag") or _DEFAULT_INDEX_FLAG
    return TagGroup(Repeater(repeater.get("on") or "", flag), tags)
