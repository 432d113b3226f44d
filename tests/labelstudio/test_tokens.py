"""Uploaded images are fetched from Label Studio with either kind of its tokens, and with no other."""

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
    """The personal token with other claims, signed with the key that Label Studio has made for itself."""
    lines = (label_studio.log.parent / "data" / ".env").read_text("utf-8").splitlines()
    [key] = [line.partition("=")[2].strip("'\"") for line in lines if line.startswith("SECRET_KEY=")]
    header = label_studio.personal_token.partition(".")[0]
    told = json.dumps({**(jwt_claims(label_studio.personal_token) or {}), **claims})
    text = f"{header}.{without_padding(told.encode())}"
    return f"{text}.{without_padding(hmac.digest(key.encode(), text.encode(), hashlib.sha256))}"


@pytest.fixture
def token_of(label_studio: LabelStudio, api: Api) -> Callable[[str], str]:
    """`token_of(kind)`: a token, of which Label Studio itself has made the name of the kind true."""

    def made(kind: str) -> str:
        another = signed(label_studio, jti=uuid.uuid4().hex)
        if kind == "revoked":
            api.call("POST", "token/blacklist/", json={"refresh": another})
        tokens = {
            "good": another,
            "revoked": another,
            "expired": signed(label_studio, jti=uuid.uuid4().hex, exp=int(time.time()) - 60),
            "forged": another[:-4] + ("AAAA" if another[-4:] != "AAAA" else "BBBB"),
            "wrong": "0" * 40,
            "missing": "",
        }
        return tokens[kind]

    return made


@pytest.fixture
def unread_with(
    settings: dict[str, str], project: Project, image_path: Callable[[str], Path]
) -> Callable[[str], tuple[int, str]]:
    """`unread_with(token)`: predictions of an upload that a backend with the token leaves, and its reason."""

    def asked(token: str) -> tuple[int, str]:
        (task,) = project.upload(image_path("issue_170.png"))
        with (
            running_backend({**settings, "LABEL_STUDIO_API_KEY": token}) as url,
            serving(Relay(url)) as relay,
        ):
            project.connect(relay.url)
            project.retrieve_predictions()
            (answer,) = relay.to("/predict")
        reasons = [one["reason"] for one in json.loads(answer.answered)["unread"]]
        return len(project.predictions(task)), "; ".join(reasons)

    return asked


def test_a_token_that_is_signed_here_is_one_that_label_studio_takes(
    token_of: Callable[[str], str], unread_with: Callable[[str], tuple[int, str]]
) -> None:
    # Else the tokens below would be refused for another reason than their name says.
    assert unread_with(token_of("good")) == (1, "")


@pytest.mark.parametrize("kind", ["wrong", "missing", "expired", "revoked", "forged"])
def test_with_a_token_that_is_not_valid_nothing_is_stored_and_the_reason_is_told(
    token_of: Callable[[str], str], unread_with: Callable[[str], tuple[int, str]], kind: str
) -> None:
    stored, reason = unread_with(token_of(kind))
    assert stored == 0
    assert "401" in reason
    assert "set LABEL_STUDIO_API_KEY to a token that is valid" in reason
