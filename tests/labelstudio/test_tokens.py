"""The backend fetches uploaded images from Label Studio with both kinds of tokens, if they are valid."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_process import running_backend
from label_studio import LabelStudio
from label_studio_project import Api, Project
from label_studio_regions import regions_of
from loopback import Relay, serving
from ocr_backend.fetch.label_studio_token import jwt_claims

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
    image_path: Callable[[str], Path],
    backend_fixture: str,
    password: dict[str, str],
) -> None:
    project.connect(request.getfixturevalue(backend_fixture), **password)
    (task,) = project.upload(image_path("issue_170.png"))
    project.retrieve_predictions()
    (prediction,) = project.predictions(task)
    assert [region.text for region in regions_of(prediction["result"])] == ["TEST"]


def without_padding(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(label_studio: LabelStudio, **claims: object) -> str:
    """The personal token with other claims, signed with the secret key of Label Studio."""
    lines = (label_studio.log.parent / "data" / ".env").read_text("utf-8").splitlines()
    [key] = [line.partition("=")[2].strip("'\"") for line in lines if line.startswith("SECRET_KEY=")]
    header = label_studio.personal_token.partition(".")[0]
    payload = json.dumps({**(jwt_claims(label_studio.personal_token) or {}), **claims})
    text = f"{header}.{without_padding(payload.encode())}"
    return f"{text}.{without_padding(hmac.digest(key.encode(), text.encode(), hashlib.sha256))}"


@pytest.fixture
def token_of(label_studio: LabelStudio, api: Api) -> Callable[[str], str]:
    """`token_of(kind)`: a token of this kind; Label Studio itself has revoked the revoked one."""

    def token(kind: str) -> str:
        valid = signed(label_studio, jti=uuid.uuid4().hex)
        if kind == "revoked":
            api.call("POST", "token/blacklist/", json={"refresh": valid})
        tokens = {
            "valid": valid,
            "revoked": valid,
            "expired": signed(label_studio, jti=uuid.uuid4().hex, exp=int(time.time()) - 60),
            "forged": valid[:-4] + ("AAAA" if valid[-4:] != "AAAA" else "BBBB"),
            "wrong": "0" * 40,
            "missing": "",
        }
        return tokens[kind]

    return token


@pytest.fixture
def retrieve_with(
    settings: dict[str, str], project: Project, image_path: Callable[[str], Path]
) -> Callable[[str], tuple[int, str]]:
    """`retrieve_with(token)`: number of predictions for an upload, and why a backend did not read it."""

    def retrieve(token: str) -> tuple[int, str]:
        (task,) = project.upload(image_path("issue_170.png"))
        with (
            running_backend({**settings, "LABEL_STUDIO_API_KEY": token}) as url,
            serving(Relay(url)) as relay,
        ):
            project.connect(relay.url)
            project.retrieve_predictions()
            (answer,) = relay.to("/predict")
        reasons = [entry["reason"] for entry in json.loads(answer.answered)["unread"]]
        return len(project.predictions(task)), "; ".join(reasons)

    return retrieve


def test_label_studio_accepts_a_token_that_is_signed_here(
    token_of: Callable[[str], str], retrieve_with: Callable[[str], tuple[int, str]]
) -> None:
    # Otherwise Label Studio would refuse the tokens below for another reason.
    assert retrieve_with(token_of("valid")) == (1, "")


@pytest.mark.parametrize("kind", ["wrong", "missing", "expired", "revoked", "forged"])
def test_an_invalid_token_is_reported_and_nothing_is_stored(
    token_of: Callable[[str], str], retrieve_with: Callable[[str], tuple[int, str]], kind: str
) -> None:
    stored, reason = retrieve_with(token_of(kind))
    assert stored == 0
    assert "401" in reason
    assert "set LABEL_STUDIO_API_KEY to a token that is valid" in reason
