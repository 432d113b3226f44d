"""Predict requests for a predictor without HTTP, and what their outcomes contain."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ocr_backend.labelstudio.request_bodies import PredictRequest, Task
from ocr_backend.pipeline.predictor import Predictor, TaskOutcome

MakePredictor = Callable[..., Predictor]
"""`make_predictor(reader, **settings)`."""

PAGES_CONFIG = """
<View>
  <Image name="scan" valueList="$pages"/>
  <Rectangle name="box" toName="scan"/>
  <TextArea name="words" toName="scan" perRegion="true"/>
</View>
"""
REPEATER_CONFIG = """
<View><Repeater on="$doc" indexFlag="{{idx}}">
  <Image name="page_{{idx}}" value="$doc[{{idx}}].page"/>
  <Rectangle name="bbox_{{idx}}" toName="page_{{idx}}"/>
  <TextArea name="words_{{idx}}" toName="page_{{idx}}" perRegion="true"/>
</Repeater></View>
"""


def soon(seconds: float = 30) -> float:
    """A deadline."""
    return time.monotonic() + seconds


def tasks(*references: object) -> list[Task]:
    """Tasks with one image each."""
    return [Task(number, {"image": reference}) for number, reference in enumerate(references, 1)]


def tasks_body(*references: object) -> dict[str, Any]:
    """The body of /predict for tasks with one image each."""
    return {"tasks": [{"id": task.id, "data": task.data} for task in tasks(*references)]}


def predict(
    predictor: Predictor, tasks: Sequence[Task], label_config: str = "", deadline: float | None = None
) -> list[TaskOutcome]:
    """The outcomes of tasks; without a deadline, they have time enough."""
    request = PredictRequest(tuple(tasks), label_config)
    return predictor.predict(request, soon() if deadline is None else deadline).outcomes


def predict_regions(
    predictor: Predictor,
    task: Task,
    context: Mapping[str, Any],
    label_config: str = "",
    deadline: float | None = None,
) -> TaskOutcome:
    """The outcome of an interactive request for one task."""
    request = PredictRequest((task,), label_config, dict(context))
    (outcome,) = predictor.predict(request, soon() if deadline is None else deadline).outcomes
    return outcome


def names(outcomes: Sequence[TaskOutcome]) -> list[str]:
    """The names of outcomes."""
    return [outcome.outcome for outcome in outcomes]


def text_results(outcome: TaskOutcome) -> list[dict[str, Any]]:
    """The results with text."""
    assert outcome.prediction is not None
    return [result for result in outcome.prediction["result"] if result["type"] == "textarea"]


def texts(outcome: TaskOutcome) -> list[str]:
    """The texts in the order of the results."""
    return [result["value"]["text"][0] for result in text_results(outcome)]


def box(name: str = "DRAWN1", x: float = 10, **fields: Any) -> dict[str, Any]:
    """A drawn box of the guide's label config, in percent of the image."""
    value = {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0}
    return {
        "id": name,
        "type": "rectangle",
        "from_name": "bbox",
        "to_name": "image",
        "value": value,
        **fields,
    }
