"""Uploaded pictures are fetched from Label Studio with either kind of its tokens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from label_studio_project import Project
from label_studio_regions import regions_of

pytestmark = pytest.mark.labelstudio

PASSWORD = {"auth_method": "BASIC_AUTH", "basic_auth_user": "ocr", "basic_auth_pass": "right"}


@pytest.mark.parametrize(
    ("backend_fixture", "password"),
    [
        pytest.param("backend", {}, id="legacy token"),
        pytest.param("guarded_backend", PASSWORD, id="personal access token"),
    ],
)
def test_uploads_are_fetched_with_the_token(
    request: pytest.FixtureRequest,
    project: Project,
    picture: Callable[[str], Path],
    backend_fixture: str,
    password: dict[str, str],
) -> None:
    project.connect(request.getfixturevalue(backend_fixture), **password)
    (task,) = project.upload(picture("issue_170.png"))
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    assert [region.text for region in regions_of(prediction["result"])] == ["TEST"]
