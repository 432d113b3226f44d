"""The docs on troubleshooting: each test causes a problem, and the message names the fix."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import documents
import stand_in_models
from backend_process import BUILTIN, SERVE, clean_environment
from fake_reader import FakeReader, line
from loopback import RefusingProxy, serving
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import from_env
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader
from scripted_server import Reply
from stand_in_hub import StandInHub

UPLOAD = "/data/upload/1/image.png"
LOCAL = "/data/local-files/?d=scans/image.png"


@pytest.fixture
def predict(client_with) -> Callable[..., dict]:
    """`predict(variables, address)`: the response for a task with an image at this address."""

    def answer(variables: dict[str, str], address: str) -> dict:
        body = {"tasks": [{"id": 7, "data": {"image": address}}]}
        return dict(client_with(variables).post("/predict", json=body).json)

    return answer


@pytest.fixture
def startup_error() -> Callable[[dict[str, str]], str]:
    """`startup_error(variables)`: standard error of a backend that does not start."""

    def stderr(variables: dict[str, str]) -> str:
        env = {**clean_environment(), **variables, "OCR_HOST": "127.0.0.1"}
        completed = subprocess.run(SERVE, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert completed.returncode not in (0, None)
        return completed.stderr

    return stderr


class TestImagesCannotBeRead:
    """Images visible in Label Studio but the backend can't read them."""

    @pytest.mark.parametrize("address", [UPLOAD, LOCAL, "s3://bucket/image.png"])
    def test_files_of_label_studio_need_its_url_and_key(self, predict, caplog, address):
        answer = predict({}, address)
        assert answer["results"] == [[]]
        assert answer["unread"][0]["reason"].endswith("set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY")
        assert "task 7: image refused" in caplog.text
        assert "set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY" in caplog.text

    def test_a_wrong_key_is_reported(self, predict, web, caplog):
        web.on(UPLOAD, Reply(status=401))
        answer = predict({"LABEL_STUDIO_URL": web.url, "LABEL_STUDIO_API_KEY": "old"}, UPLOAD)
        assert (
            "answered 401; set LABEL_STUDIO_API_KEY to a token that is valid" in answer["unread"][0]["reason"]
        )
        assert "task 7" in caplog.text

    def test_an_unreachable_address_is_reported(self, predict, caplog):
        with serving(RefusingProxy()) as server:
            closed_url = server.url
        answer = predict({"LABEL_STUDIO_URL": closed_url}, UPLOAD)
        assert answer["unread"][0]["reason"] == f"{closed_url}{UPLOAD} cannot be reached"

    def test_a_mounted_local_file_is_read(self, predict, png, tmp_path):
        (tmp_path / "scans").mkdir()
        assert predict({"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path)}, LOCAL)["results"] == [[]]
        (tmp_path / "scans" / "image.png").write_bytes(png)
        (prediction,) = predict({"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path)}, LOCAL)["results"]
        assert prediction["result"]

    def test_a_local_file_under_another_address_of_label_studio_is_read(self, predict, web, png, tmp_path):
        (tmp_path / "a.png").write_bytes(png)
        address = "http://localhost:8080/data/local-files/?d=a.png"
        (prediction,) = predict({"LOCAL_FILES_DOCUMENT_ROOT": str(tmp_path)}, address)["results"]
        assert prediction["result"]
        web.serve("/data/local-files/", png)
        (prediction,) = predict({"LABEL_STUDIO_URL": web.url}, address)["results"]
        assert prediction["result"]

    def test_an_image_on_a_private_address_needs_to_be_allowed(self, predict, web, png):
        address = web.serve("/image.png", png)
        answer = predict({"OCR_FETCH_ALLOW": ""}, address)
        assert "which is not public" in answer["unread"][0]["reason"]
        assert "OCR_FETCH_ALLOW" in answer["unread"][0]["reason"]
        assert predict({"OCR_FETCH_ALLOW": "127.0.0.1"}, address)["unread"] == []

    def test_a_repeater_without_a_list_is_reported(self, client_with, data_uri):
        config = """
        <View><Repeater on="$doc">
          <Image name="i_{{idx}}" value="$doc[{{idx}}]"/><Rectangle name="b_{{idx}}" toName="i_{{idx}}"/>
          <TextArea name="t_{{idx}}" toName="i_{{idx}}"/>
        </Repeater></View>
        """
        body = {"tasks": [{"id": 7, "data": {"doc": data_uri}}], "label_config": config}
        (unread,) = client_with({}).post("/predict", json=body).json["unread"]
        assert "has no list with entries at 'doc'" in unread["reason"]


class TestEmptyPredictions:
    """The backend returns empty predictions."""

    def test_a_request_without_a_task_is_refused(self, client_with):
        answer = client_with({}).post("/predict", json={"tasks": []})
        assert answer.status_code == 400
        assert "it must be a list of at least one task" in answer.json["detail"]

    def test_the_log_counts_the_outcomes_of_the_tasks(self, client_with, data_uri, caplog):
        caplog.set_level(logging.INFO)
        urls = [data_uri, "data:,no image", UPLOAD]
        body = {"tasks": [{"id": number, "data": {"image": url}} for number, url in enumerate(urls)]}
        client_with({}, FakeReader(lambda image: [])).post("/predict", json=body)
        assert "3 tasks in" in caplog.text
        assert "1 no_text, 1 broken, 1 refused" in caplog.text

    def test_a_lower_threshold_keeps_lines_with_a_lower_score(self, client_with, as_task, png):
        def result(threshold: str) -> list:
            reader = FakeReader(lambda image: [line("faint", 0.4)])
            client = client_with({"PADDLEOCR_SCORE_THRESHOLD": threshold}, reader)
            return list(client.post("/predict", json=as_task(png)).json["results"][0]["result"])

        assert result("0.5") == []
        assert result("0.3")

    def test_a_missing_data_key_is_reported_with_the_existing_keys(self, client_with, data_uri):
        body = {"tasks": [{"id": 1, "data": {"photo": data_uri}}]}
        answer = client_with({}).post("/predict", json=body).json
        assert answer["unread"][0]["reason"] == "the task's data has no 'image'; it has photo"


@pytest.fixture(scope="module")
def paddle_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stand-ins for the models of PaddleOCR(ocr_version="PP-OCRv5", lang="ch"), in paddle format."""
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

    @pytest.mark.e2e  # needs no cluster, but almost a minute: it imports paddle three times
    def test_the_code_of_the_guide_downloads_models_for_the_backend(self, guide, hub, tmp_path):
        (block,) = [block for block in documents.blocks(guide) if block.language == "python"]
        with serving(RefusingProxy()) as outside:
            others = {name.upper(): text for name, text in outside.variables.items()}
            env = {**clean_environment(), **outside.variables, **others}
            env |= {"MODEL_DIR": str(tmp_path), "PADDLE_PDX_HUGGING_FACE_ENDPOINT": hub.url}
            command = [sys.executable, "-c", block.text]
            completed = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            assert completed.returncode == 0, completed.stderr
            download_count = len(hub.downloads)
            reader = open_reader(from_env({"MODEL_DIR": str(tmp_path), "OCR_MODEL_MIRROR": hub.url}))
            reader.close()
        assert download_count > 0
        assert len(hub.downloads) == download_count, "the second start must not download"
        assert [model.name for model in reader.models][:2] == ["PP-OCRv5_server_det", "PP-OCRv5_server_rec"]

    def test_missing_models_of_a_folder_are_not_downloaded(self, tmp_path):
        with pytest.raises(ModelError, match="set OCR_MODEL_SOURCE=hub to download them"):
            open_reader(from_env({"OCR_MODEL_SOURCE": "dir", "MODEL_DIR": str(tmp_path)}))


@pytest.mark.model
class TestOtherProblems:
    """Problems in docs/troubleshooting.md."""

    def test_an_unreachable_hub_is_reported_with_two_fixes(self, startup_error, tmp_path):
        with serving(RefusingProxy()) as outside:
            proxies = outside.variables | {name.upper(): text for name, text in outside.variables.items()}
            stderr = startup_error({**proxies, "MODEL_DIR": str(tmp_path)})
        assert "cannot be downloaded from" in stderr
        assert "OCR_MODEL_MIRROR" in stderr
        assert "OCR_MODEL_SOURCE=dir" in stderr

    def test_a_model_folder_without_write_access_is_reported(self, startup_error, tmp_path):
        (tmp_path / "file").touch()
        stderr = startup_error({"MODEL_DIR": str(tmp_path / "file" / "models")})
        assert f"no models can be kept in MODEL_DIR={tmp_path}/file/models" in stderr
        assert "set MODEL_DIR to a folder that can be written" in stderr

    def test_all_wrong_settings_are_reported_together(self, startup_error):
        stderr = startup_error({"PADDLEOCR_LANG": "koreen", "PADDLEOCR_LANGUAGE": "ch", "THREADS": "many"})
        assert "PADDLEOCR_LANG: 'koreen' is not one of ch, en, japan, korean" in stderr
        assert "PADDLEOCR_LANGUAGE: no setting has this name" in stderr
        assert "THREADS: 'many' is not a whole number" in stderr

    def test_builtin_models_need_their_version_and_model_type(self, startup_error):
        assert "set PADDLEOCR_MODEL_TYPE=mobile, and PADDLEOCR_VERSION=PP-OCRv6 with" in startup_error(
            {"OCR_MODEL_SOURCE": "builtin"}
        )

    def test_a_port_in_use_is_reported(self, startup_error):
        with serving(RefusingProxy()) as other:
            stderr = startup_error({**BUILTIN, "OCR_PORT": str(other.server_port)})
        assert "in use" in stderr
        assert str(other.server_port) in stderr

    def test_setup_refuses_a_label_config_that_takes_neither_boxes_nor_text(self, client_with):
        schema = '<View><Image name="i" value="$image"/><Labels name="l" toName="i"/></View>'
        answer = client_with({}).post("/setup", json={"schema": schema})
        assert answer.status_code == 400
        assert "no tag that draws boxes on the image" in answer.json["detail"]
