"""The images of a task: for each Image tag that Label Studio shows, the references to its pages.

Pure. An Image with `valueList` has several pages; one in a Repeater is shown for each item of its list.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_backend.errors import ImageError
from ocr_backend.labelstudio.label_config import ControlTags
from ocr_backend.labelstudio.task_data import resolve_expression


@dataclass(frozen=True)
class TaskImage:
    """One Image of a task: its control tags, and the references to the files of its pages, in order.

    A reference is a value of the task's data: a URL, a path of Label Studio or a data: URI.
    """

    control_tags: ControlTags
    references: list[object]


def task_images(data: Mapping[str, object], control_tags: ControlTags) -> list[TaskImage]:
    """The images of a task, at least one, in the order of the label config and of the Repeater's list.

    If there are several Image tags, those without data are left out, as Label Studio shows them empty.

    Raises:
        ImageError: the data lacks a value that the label config names, or there is no page.
    """
    tags_of_each = control_tags.of_each_image
    if len(tags_of_each) == 1:
        return _images_of(data, tags_of_each[0])
    images: list[TaskImage] = []
    errors: list[ImageError] = []
    for tags in tags_of_each:
        try:
            images += [image for image in _images_of(data, tags) if any(image.references)]
        except ImageError as error:
            errors.append(error)
    if not images:
        raise errors[0] if errors else ImageError("refused", "the task's data names no image")
    return images


def _images_of(data: Mapping[str, object], control_tags: ControlTags) -> list[TaskImage]:
    repeater = control_tags.repeater
    if repeater is None:
        return [_task_image(data, control_tags)]
    items = resolve_expression(repeater.on, data)
    if not isinstance(items, list) or not items:
        raise ImageError(
            "refused",
            f"the task's data has no list with entries at {_key(repeater.on)}, "
            "which the Repeater of the label config needs",
        )
    return [_task_image(data, control_tags.at_index(index)) for index in range(len(items))]


def _task_image(data: Mapping[str, object], control_tags: ControlTags) -> TaskImage:
    value = resolve_expression(control_tags.image_value, data)
    if not isinstance(value, list):
        return TaskImage(control_tags, [value])
    if not value:
        raise ImageError("refused", f"the list of pages under {_key(control_tags.image_value)} is empty")
    # Without valueList, Label Studio shows the first of a list.
    return TaskImage(control_tags, value if control_tags.has_several_pages else value[:1])


def _key(expression: str) -> str:
    return repr(expression.removeprefix("$"))
