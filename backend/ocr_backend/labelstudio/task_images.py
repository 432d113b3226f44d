"""The images of a task: for each Image tag that Label Studio shows, the references to its pages.

Pure. There is one Image, or one for each item of a Repeater's list; an Image with `valueList` has several
pages.
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
    """The images of a task, at least one, in the order of the Repeater's list.

    Raises:
        ImageError: the data lacks a value that the label config names, or there is no page.
    """
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
