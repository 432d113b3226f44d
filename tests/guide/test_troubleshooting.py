"""The troubleshooting entries of the docs: each symptom is made, and the answer names the cure."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import documents
import stand_in_models
from backend_process import BUILTIN, SERVE, clean_environment
from fake_reader import FakeReader, line
from loopback import Outside, serving
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import from_env
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader
from scripted_server import Reply
from server_process import free_port
from stand_in_hub import StandInHub

UPLOAD = "/data/upload/1/image.png"
LOCAL = "/data/local-files/?d=scans/image.png"


@pytest.fixture
def asked(client_with) -> Callable[..., dict]:
    """`asked(variables, address)`: the answer for a task with an image there."""

    def answer(variables: dict[str, str], address: str) -> dict:
        body = {"tasks": [{"id": 7, "data": {"image": address}}]}
        return dict(client_with(variables).post("/predict", json=body).json)

    return answer


@pytest.fixture
def refusal() -> Callable[[dict[str, str]], str]:
    """`refusal(variables)`: what a start says that ends by itself."""

    def said(variables: dict[str, str]) -> str:
        env = {**clean_environment(), **variables, "OCR_HOST": "127.0.0.1"}
        done = subprocess.run(SERVE, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode not in (0, None)
        return done.stderr

    return said


class TestBeginHere:
    """docs/troubleshooting.md, its first section."""

    def test_the_page_that_is_shown_is_the_one_that_doctor_prints(self, guide):
        page = guide.with_name("troubleshooting.md")
        (shown,) = [block.text for block in documents.blocks(page) if block.language == "text"]
        commands = documents.script(page, "doctor")
        with serving(Outside()) as ended:  # a port on which nobody listens
            port, free = str(ended.server_port), str(free_port())
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        done = subprocess.run(
            ["bash", "-uo", "pipefail", "-c", commands.replace("8080", port)],
            env={"PATH": path, "TMPDIR": "/tmp", "OCR_PORT": free},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        printed = done.stdout.replace(", OCR_PORT", "")
        assert _without_numbers(printed) == _without_numbers(shown)

    def test_every_argument_of_doctor_is_listed(self, guide):
        page = guide.with_name("troubleshooting.md").read_text("utf-8")
        listed = re.findall(r"^\| `(--\w+)", page, re.MULTILINE)
        command = [sys.executable, "-m", "ocr_backend", "doctor", "--help"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert listed == [name for name in re.findall(r"^  (--\w+)", told, re.MULTILINE) if name != "--help"]


def _without_numbers(page: str) -> str:
    return re.sub(r"\d+(\.\d+)*", "N", page)


class TestImagesCannotBeRead:
    """Images visible in Label Studio but the backend can't read them."""

    @pytest.mark.parametrize("address", [UPLOAD, LOCAL, "s3://bucket/image.png"])
    def test_what_label_studio_keeps_needs_its_url_and_key(self, asked, caplog, address):
        answer = asked({}, address)
        assert answer["results"] == [[]]
        assert answer["unread"][0]["reason"].endswith("set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY")
        assert "task 7: image refused" in caplog.text
        assert "set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY" in caplog.text

    def test_a_wrong_key_is_named(self, asked, web, caplog):
        web.on(UPLOAD, Reply(status=401))
        answer = asked({"LABEL_STUDIO_URL": web.url, "LABEL_STUDIO_API_KEY": "old"}, UPLOAD)
        assert (
            "answered 401; set LABEL_STUDIO_API_KEY to a token that is valid" in answer["unread"][0]["reason"]
        )
        assert "task 7" in caplog.text

    def test_an_address_that_the_backend_cannot_reach_is_named(self, asked, caplog):
        with serving(Outside()) as ended:
            nowhere = ended.url
        answer = asked({"LABEL_STUDIO_URL": nowhere}, UPLOAD)
        assert answer["unread"][0]["reason"] == f"{nowhere}{UPLOAD} cannot be reached"

    def test_a_file_that_the_container_sees_is_read(self, asked, png, tmp_path):
        (tmp_path / "scans").mkdir()
        assert asked({"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path)}, LOCAL)["results"] == [[]]
        (tmp_path / "scans" / "image.png").write_bytes(png)
        (prediction,) = asked({"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path)}, LOCAL)["results"]
        assert prediction["result"]

    def test_an_image_on_a_private_address_needs_to_be_allowed(self, asked, web, png):
        address = web.serve("/image.png", png)
        answer = asked({"OCR_FETCH_ALLOW": ""}, address)
        assert "which is not public" in answer["unread"][0]["reason"]
        assert "OCR_FETCH_ALLOW" in answer["unread"][0]["reason"]
        assert asked({"OCR_FETCH_ALLOW": "127.0.0.1"}, address)["unread"] == []

    def test_a_repeater_on_something_else_than_a_list_is_named(self, client_with, inline):
        config = """
        <View><Repeater on="$doc">
          <Image name="i_{{idx}}" value="$doc[{{idx}}]"/><Rectangle name="b_{{idx}}" toName="i_{{idx}}"/>
          <TextArea name="t_{{idx}}" toName="i_{{idx}}"/>
        </Repeater></View>
        """
        body = {"tasks": [{"id": 7, "data": {"doc": inline}}], "label_config": config}
        (unread,) = client_with({}).post("/predict", json=body).json["unread"]
        assert "has no list with entries at 'doc'" in unread["reason"]


class TestEmptyPredictions:
    """The backend returns empty predictions."""

    def test_a_request_without_a_task_is_refused(self, client_with):
        answer = client_with({}).post("/predict", json={"tasks": []})
        assert answer.status_code == 400
        assert "it must be a list of at least one task" in answer.json["detail"]

    def test_the_log_tells_what_became_of_the_tasks(self, client_with, inline, caplog):
        caplog.set_level(logging.INFO)
        urls = [inline, "data:,no image", UPLOAD]
        body = {"tasks": [{"id": number, "data": {"image": url}} for number, url in enumerate(urls)]}
        client_with({}, FakeReader(lambda image: [])).post("/predict", json=body)
        assert "3 tasks in" in caplog.text
        assert "1 no_text, 1 broken, 1 refused" in caplog.text

    def test_a_lower_threshold_keeps_unsure_lines(self, client_with, as_task, png):
        def result(threshold: str) -> list:
            reader = FakeReader(lambda image: [line("faint", 0.4)])
            client = client_with({"PADDLEOCR_SCORE_THRESHOLD": threshold}, reader)
            return list(client.post("/predict", json=as_task(png)).json["results"][0]["result"])

        assert result("0.5") == []
        assert result("0.3")

    def test_a_key_that_the_tasks_lack_is_told_with_those_they_have(self, client_with, inline):
        body = {"tasks": [{"id": 1, "data": {"photo": inline}}]}
        answer = client_with({}).post("/predict", json=body).json
        assert answer["unread"][0]["reason"] == "the task's data has no 'image'; it has photo"


@pytest.fixture(scope="module")
def paddle_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stand-ins for the models of PaddleOCR(ocr_version="PP-OCRv5", lang="ch"), in paddle form."""
    root = tmp_path_factory.mktemp("paddle")
    stand_in_models.detector(root, "PP-OCRv5_server_det", "paddle")
    stand_in_models.recogniser(root, "PP-OCRv5_server_rec", "paddle")
    pages, lines = stand_in_models.PAGE_LABELS, stand_in_models.LINE_LABELS
    stand_in_models.classifier(root, model_catalog.DOC_ORIENTATION, "paddle", pages, "0")
    stand_in_models.classifier(root, model_catalog.TEXTLINE_ORIENTATION, "paddle", lines, "0_degree")
    stand_in_models.flattener(root, model_catalog.DOC_UNWARPING, "paddle")
    return root


@pytest.fixture
def hub(paddle_models: Path) -> Iterator[StandInHub]:
    with serving(StandInHub()) as server:
        for folder in paddle_models.iterdir():
            server.put(folder)
        yield server


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle")
class TestModelLoadingIsSlow:
    """Model loading is slow."""

    @pytest.mark.e2e  # needs no cluster, but most of a minute: it imports paddle three times
    def test_the_guides_lines_put_the_models_where_the_backend_finds_them(self, guide, hub, tmp_path):
        (block,) = [block for block in documents.blocks(guide) if block.language == "python"]
        with serving(Outside()) as outside:
            others = {name.upper(): text for name, text in outside.variables.items()}
            env = {**clean_environment(), **outside.variables, **others}
            env |= {"MODEL_DIR": str(tmp_path), "PADDLE_PDX_HUGGING_FACE_ENDPOINT": hub.url}
            command = [sys.executable, "-c", block.text]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            was_asked = len(hub.downloads)
            reader = open_reader(from_env({"MODEL_DIR": str(tmp_path), "OCR_MODEL_MIRROR": hub.url}))
            reader.close()
        assert was_asked > 0
        assert len(hub.downloads) == was_asked, "the second start must fetch nothing"
        assert [model.name for model in reader.models][:2] == ["PP-OCRv5_server_det", "PP-OCRv5_server_rec"]

    def test_a_folder_without_the_models_is_no_reason_to_use_the_network(self, tmp_path):
        with pytest.raises(ModelError, match="set OCR_MODEL_SOURCE=hub to download them"):
            open_reader(from_env({"OCR_MODEL_SOURCE": "dir", "MODEL_DIR": str(tmp_path)}))


@pytest.mark.model
class TestMoreTroubles:
    """docs/troubleshooting.md."""

    def test_a_hub_that_cannot_be_reached_is_told_with_the_ways_out(self, refusal, tmp_path):
        with serving(Outside()) as outside:
            proxies = outside.variables | {name.upper(): text for name, text in outside.variables.items()}
            said = refusal({**proxies, "MODEL_DIR": str(tmp_path)})
        assert "cannot be downloaded from" in said
        assert "OCR_MODEL_MIRROR" in said
        assert "OCR_MODEL_SOURCE=dir" in said

    def test_a_model_folder_that_cannot_be_written_to_is_named(self, refusal, tmp_path):
        (tmp_path / "file").touch()
        said = refusal({"MODEL_DIR": str(tmp_path / "file" / "models")})
        assert f"no models can be kept in MODEL_DIR={tmp_path}/file/models" in said
        assert "set MODEL_DIR to a folder that can be written" in said

    def test_all_that_is_wrong_with_the_settings_is_told_at_once(self, refusal):
        said = refusal({"PADDLEOCR_LANG": "koreen", "PADDLEOCR_LANGUAGE": "ch", "THREADS": "many"})
        assert "PADDLEOCR_LANG: 'koreen' is not one of ch, en, japan, korean" in said
        assert "PADDLEOCR_LANGUAGE: no setting has this name" in said
        assert "THREADS: 'many' is not a whole number" in said

    def test_the_small_weights_are_of_one_kind_only(self, refusal):
        assert "set PADDLEOCR_VERSION=PP-OCRv6, PADDLEOCR_MODEL_TYPE=mobile" in refusal(
            {"OCR_MODEL_SOURCE": "builtin"}
        )

    def test_a_port_that_is_taken_is_named(self, refusal):
        with serving(Outside()) as other:
            said = refusal({**BUILTIN, "OCR_PORT": str(other.server_port)})
        assert "in use" in said
        assert str(other.server_port) in said

    def test_a_configuration_without_a_place_for_text_is_told_at_connecting(self, client_with):
        schema = '<View><Image name="i" value="$image"/><Rectangle name="b" toName="i"/></View>'
        answer = client_with({}).post("/setup", json={"schema": schema})
        assert answer.status_code == 400
        assert "no TextArea for the image" in answer.json["detail"]
