import pytest

from ocr_backend.errors import LabelConfigError
from ocr_backend.labelstudio.label_config_xml import Repeater, tag_groups


def grouped_tags(config: str) -> list[tuple[Repeater | None, list[str]]]:
    return [(group.repeater, [tag.tag for tag in group.tags]) for group in tag_groups(config)]


def test_tags_are_grouped_by_their_repeater() -> None:
    config = (
        '<View><Image/><View><REPEATER ON="$a" indexFlag="#"><View><Polygon/></View></REPEATER></View>'
        '<Labels/><Repeater on="$b"><Rectangle/></Repeater></View>'
    )
    assert grouped_tags(config) == [
        (None, ["view", "image", "view", "labels"]),
        (Repeater("$a", "#"), ["view", "polygon"]),
        (Repeater("$b", "{{idx}}"), ["rectangle"]),
    ]


def test_names_are_case_insensitive_and_values_are_not_changed() -> None:
    ((group,),) = [tag_groups('<View TONAME="Page" valueList="$A"/>')]
    assert group.tags[0].attrib == {"toname": "Page", "valuelist": "$A"}


def test_every_index_flag_in_a_text_is_replaced() -> None:
    assert Repeater("$a", "{{idx}}").fill_index("a_{{idx}}_{{idx}}_{idx}", 3) == "a_3_3_{idx}"


def test_a_repeater_inside_a_repeater_is_refused_with_an_alternative() -> None:
    config = '<View><Repeater on="$a"><View><Repeater on="$a[{{idx}}].b"/></View></Repeater></View>'
    with pytest.raises(LabelConfigError, match="Repeater inside a Repeater.*valueList"):
        tag_groups(config)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param("<View>", id="open"),
        pytest.param("not XML", id="text"),
        pytest.param('<!DOCTYPE v [<!ENTITY a "b">]><View>&a;</View>', id="entities"),
        pytest.param('<!DOCTYPE v SYSTEM "file:///etc/passwd"><View/>', id="external entity"),
        pytest.param("<View>\x00</View>", id="null"),
    ],
)
def test_a_text_that_is_not_plain_xml_is_refused(config: str) -> None:
    with pytest.raises(LabelConfigError, match="not well-formed XML"):
        tag_groups(config)


def test_tags_may_be_nested_deeper_than_pythons_recursion_limit() -> None:
    (group,) = tag_groups("<View>" * 10_000 + "</View>" * 10_000)
    assert len(group.tags) == 10_000


def test_a_label_config_that_is_too_long_is_refused_with_an_alternative() -> None:
    with pytest.raises(LabelConfigError, match=r"300000 characters; at most 256000 .*value=\$"):
        tag_groups("<View>".ljust(300_000 - 7) + "</View>")
