from dataclasses import replace

import pytest

from ocr_backend.errors import ImageError
from ocr_backend.labelstudio.label_config import ControlTag, ControlTags
from ocr_backend.labelstudio.label_config_xml import Repeater
from ocr_backend.labelstudio.task_images import TaskImage, task_images


def controls(
    value: str, several: bool = False, repeater: Repeater | None = None, name: str = "page"
) -> ControlTags:
    tags = (ControlTag(f"{name}_box", "rectangle"), None, ControlTag(f"{name}_words", "textarea"))
    return ControlTags(name, value, several, *tags, None, repeater=repeater)


ON_DOC = Repeater("$doc", "{{idx}}")


@pytest.mark.parametrize(
    ("value", "several", "data", "references"),
    [
        pytest.param("$image", False, {"image": "a"}, ["a"], id="one image"),
        pytest.param("$pages", True, {"pages": ["a", "b"]}, ["a", "b"], id="a list of pages, in order"),
        pytest.param("$pages", True, {"pages": "a"}, ["a"], id="a list that is one image"),
        pytest.param("$image", False, {"image": ["a", "b"]}, ["a"], id="a list without valueList"),
        pytest.param("$a.b[1]", False, {"a": {"b": ["x", "y"]}}, ["y"], id="a path"),
        pytest.param("$image", False, {"image": None}, [None], id="null, which the fetcher refuses"),
    ],
)
def test_a_task_has_one_image_with_its_pages(
    value: str, several: bool, data: dict, references: list[object]
) -> None:
    assert task_images(data, controls(value, several)) == [TaskImage(controls(value, several), references)]


def test_a_repeater_gives_an_image_for_each_item_of_its_list() -> None:
    repeated = controls("$doc[{{idx}}].page", repeater=ON_DOC, name="page_{{idx}}")
    assert task_images({"doc": [{"page": "a"}, {"page": "b"}]}, repeated) == [
        TaskImage(controls("$doc[0].page", name="page_0"), ["a"]),
        TaskImage(controls("$doc[1].page", name="page_1"), ["b"]),
    ]


def test_an_image_in_a_repeater_may_have_several_pages() -> None:
    repeated = controls("$doc[{{idx}}]", several=True, repeater=ON_DOC, name="page_{{idx}}")
    images = task_images({"doc": [["a", "b"], ["c"]]}, repeated)
    assert [image.references for image in images] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("controls", "data", "reason"),
    [
        pytest.param(controls("$image"), {"scan": "x"}, "no 'image'; it has scan", id="no key"),
        pytest.param(
            controls("$image", several=True),
            {"image": []},
            "the list of pages under 'image' is empty",
            id="no pages",
        ),
        pytest.param(
            controls("$image"), {"image": []}, "under 'image' is empty", id="an empty list of images"
        ),
        pytest.param(
            controls("$doc[{{idx}}].page", repeater=ON_DOC),
            {"doc": [{"page": "a"}, {"pag": "b"}]},
            r"no 'doc\[1\]\.page'",
            id="an item without the key",
        ),
        pytest.param(controls("$a", repeater=ON_DOC), {"a": "x"}, "no 'doc'; it has a", id="no list"),
        pytest.param(
            controls("$a", repeater=ON_DOC), {"doc": []}, "no list with entries at 'doc'", id="empty list"
        ),
        pytest.param(
            controls("$a", repeater=ON_DOC), {"doc": "ab"}, "no list with entries at 'doc'", id="a string"
        ),
    ],
)
def test_a_task_without_the_data_that_the_label_config_names_is_refused(
    controls: ControlTags, data: dict, reason: str
) -> None:
    with pytest.raises(ImageError, match=reason) as caught:
        task_images(data, controls)
    assert caught.value.outcome == "refused"


def test_each_image_of_a_task_is_read_and_those_without_data_are_left_out() -> None:
    front, back = controls("$front", name="front"), controls("$back", name="back")
    both = replace(front, further=(back,))
    assert task_images({"front": "a", "back": "b"}, both) == [TaskImage(front, ["a"]), TaskImage(back, ["b"])]
    assert task_images({"back": "b"}, both) == task_images({"front": None, "back": "b"}, both)
    assert task_images({"back": "b"}, both) == [TaskImage(back, ["b"])]
    with pytest.raises(ImageError, match="no 'front'"):
        task_images({}, both)
    with pytest.raises(ImageError, match="names no image"):
        task_images({"front": None, "back": ""}, both)
