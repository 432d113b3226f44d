"""Predictions of a Label Studio project, as the tests of prelabel compare them."""

from label_studio_project import Project
from label_studio_regions import regions_of


def texts(project: Project, task: int) -> list[list[str]]:
    """The texts of each prediction that is stored for a task."""
    return [
        [region.text for region in regions_of(prediction["result"])]
        for prediction in project.predictions(task)
    ]


def store(project: Project, task: int, version: str) -> int:
    """Id of a prediction without regions, as another model may have stored it."""
    body = {"task": task, "result": [], "model_version": version, "score": 0.5}
    stored: int = project.api.call("POST", "predictions/", json=body)["id"]
    return stored


def prediction_counts(project: Project, tasks: list[int]) -> list[int]:
    """The number of predictions of each task."""
    return [len(project.predictions(task)) for task in tasks]
