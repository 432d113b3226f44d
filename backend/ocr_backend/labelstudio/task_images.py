"""The Image tags that Label Studio shows for a task, with the values in its data that stand for their pages.

Pure. One Image, or one for each entry of a Repeater's list; an Image with `valueList` has several pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_backend.errors import ImageError
from ocr_backend.labelstudio.label_config import ControlTags
from ocr_backend.labelstudio.task_data import value_at


@dataclass(frozen=True)
class TaskImage:
    """`controls` are named as they are at this Image; `values` stand for its pages, in order."""

    controls: ControlTags
    values: list[object]


def images_of_task(data: Mapping[str, object], controls: ControlTags) -> list[TaskImage]:
    """The Images of a task, at least one, in the order of its Repeater's list.

    Raises:
        ImageError: the data lacks what the configuration points to, or there is no page.
    """
    repeater = controls.repeater
    if repeater is None:
        return [_shown(data, controls)]
    entries = value_at(repeater.on, data)
    if not isinstance(entries, list) or not entries:
        raise ImageError(
            "refused",
            f"the task's data has no list with entries at {_said(repeater.on)}, "
            "on which the Repeater of the labelling configuration stands",
        )
    return [_shown(data, controls.filled(number)) for number in range(len(entries))]


def _shown(data: Mapping[str, object], controls: ControlTags) -> TaskImage:
    value = value_at(controls.image_value, data)
    if not isinstance(value, list):
        return TaskImage(controls, [value])
    if not value:
        raise ImageError("refused", f"the list of pages under {_said(controls.image_value)} is empty")
    # Without valueList, Label Studio shows the first of a list.
    return TaskImage(controls, value if controls.several_pages else value[:1])


def _said(pointer: str) -> str:
    return repr(pointer.removeprefix("$"))
