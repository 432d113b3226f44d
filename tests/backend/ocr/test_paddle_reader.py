"""Models in paddle format on a real paddlepaddle: threads, batches, memory, and the end of the process.

The networks are stand-ins, saved with `paddle.jit.save` in PaddleX's layout: dark pixels are a line, and each
line reads as the first character. Other tests read real text with real weights.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests

import stand_in_models
from backend_process import backend_process
from ocr_backend.config.settings import Settings
from ocr_backend.models.model_folder import Model
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr.paddle_reader import paddleocr_parameters

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle"),
]

CHARACTERS = [
    *(chr(0x4E00 + number) for number in range(8000)),
    *(
        char
        for char in stand_in_models.characters("PP-OCRv5_mobile_rec")
        if not 0x4E00 <= ord(char) < 0x4E00 + 8000
    ),
]
"""Characters of a recogniser with 37 MB of weights."""
WEIGHTS_MIB = 4608 * len(CHARACTERS) / 2**20


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """MODEL_DIR with a detector and a recogniser in both formats."""
    folder = tmp_path_factory.mktemp("paddle")
    for model_format in ("paddle", "onnx"):
        stand_in_models.detector(folder, "PP-OCRv5_mobile_det", model_format)
        stand_in_models.recogniser(folder, "PP-OCRv5_mobile_rec", model_format, CHARACTERS)
    return folder


@pytest.fixture(scope="module")
def open_stand_ins(root):
    """Opens a reader with the stand-ins."""
    readers = []

    def open_with(engine):
        # PaddleOCR prefers the onnx format: this folder has only the paddle format.
        paddle_only = root / "paddle-only"
        paddle_only.mkdir(exist_ok=True)
        for folder in root.glob("PP-OCRv5_mobile_???"):
            if not (paddle_only / folder.name).exists():
                (paddle_only / folder.name).symlink_to(folder)
        model_dir = paddle_only if engine == "paddle" else root
        readers.append(
            open_reader(
                Settings(
                    model_type="mobile",
                    model_source="dir",
                    model_dir=str(model_dir),
                    engine=engine,
                    use_textline_orientation=False,
                    slots=2,
                )
            )
        )
        return readers[-1]

    yield open_with
    for reader in readers:
        reader.close()


@pytest.fixture(scope="module")
def reader(open_stand_ins):
    return open_stand_ins("paddle")


def page(number):
    """White, with so many dark squares of different sizes; each is a line of another width."""
    white = np.full((500, 600, 3), 255, np.uint8)
    for index in range(number):
        left, top, size = 30 + 110 * (index % 5), 30 + 90 * (index // 5), 26 + index
        white[top : top + 32, left : left + size] = 0
    return white


PAGES = [page(number) for number in (1, 4, 6, 7, 13)]
"""PaddleOCR's recogniser reads at most six lines in one run."""


def test_more_lines_than_a_batch_are_read_as_by_the_other_engine(open_stand_ins, reader):
    other = open_stand_ins("onnxruntime")
    for number, image in zip((1, 4, 6, 7, 13), PAGES, strict=True):
        lines = reader.read(image)
        assert [line.text for line in lines] == [CHARACTERS[0]] * number
        assert [line.polygon for line in lines] == [line.polygon for line in other.read(image)]


def test_concurrent_callers_get_the_results_of_a_single_one(reader):
    alone = [reader.read(image) for image in PAGES]
    with ThreadPoolExecutor(8) as callers:
        together = list(callers.map(reader.read, PAGES * 6))
    assert together == alone * 6


def test_device_and_threads_are_never_paddles_defaults(reader, tmp_path):
    models = {
        role: Model(role, name, "paddle", tmp_path, {}, "")
        for role, name in (("detection", "PP-OCRv5_mobile_det"), ("recognition", "PP-OCRv5_mobile_rec"))
    }
    parameters = paddleocr_parameters(models, slots=3, use_gpu=False)
    assert {name: parameters[name] for name in ("device", "engine", "cpu_threads", "enable_mkldnn")} == {
        "device": "cpu",
        "engine": "paddle_static",
        "cpu_threads": 3,
        "enable_mkldnn": True,
    }
    assert paddleocr_parameters(models, slots=1, use_gpu=True)["device"] == "gpu:0"
    # PaddleX passes them on to each of its networks.
    pipeline = reader._ocr.paddlex_pipeline._pipeline
    for network in (pipeline.text_det_model, pipeline.text_rec_model):
        config = network.runner._config
        assert (config["device_type"], config["cpu_threads"], config["run_mode"]) == ("cpu", 2, "mkldnn")


WITHOUT_GPU = """
import sys
from ocr_backend.config.settings import Settings
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import resolve_models
from ocr_backend.ocr.paddle_reader import PaddleReader

settings = Settings(model_type="mobile", model_source="dir", model_dir=sys.argv[1], engine="paddle",
                    use_textline_orientation=False)
with resolve_models(settings) as (_, models):
    try:
        PaddleReader(models, slots=1, use_gpu=True)
    except ModelError as error:
        print(error)
"""


def test_without_a_gpu_paddle_does_not_read_on_the_cpu_instead(reader, root):
    """In a process of its own: PaddleX reads its variables only when it is imported."""
    command = [sys.executable, "-c", WITHOUT_GPU, str(root / "paddle-only")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "device (GPU) is not available" in process.stdout


RELOADING = """
import resource, sys
from pathlib import Path
import numpy
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.config.settings import Settings

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

settings = Settings(model_type="mobile", model_source="dir", model_dir=sys.argv[1], engine="paddle",
                    use_textline_orientation=False, slots=2)
image = numpy.full((100, 100, 3), 255, numpy.uint8)
image[30:62, 20:52] = 0
readers = []
for turn in range(4):
    reader = open_reader(settings)
    assert [line.text for line in reader.read(image)] == [chr(0x4E00)]
    reader.close()
    readers.append(reader)
    print(resident())
"""


def test_a_closed_reader_releases_its_memory_and_the_process_ends(reader, root):
    process = subprocess.run(
        [sys.executable, "-c", RELOADING, str(root / "paddle-only")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    first, *_, last = map(float, process.stdout.split())
    # Three more networks were loaded, and the readers still exist.
    assert last - first < WEIGHTS_MIB


def test_a_server_with_paddle_stops_on_sigterm(reader, root, tmp_path):
    variables = {
        "PADDLEOCR_MODEL_TYPE": "mobile",
        "OCR_MODEL_SOURCE": "dir",
        "MODEL_DIR": str(root / "paddle-only"),
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
        "OCR_GOLDEN_CHECK": "false",
    }
    with backend_process(variables, tmp_path / "log") as backend:
        settings = requests.get(f"{backend.url}/ui/settings.json", timeout=30).json()
        assert settings["engine"] == "paddle"
        backend.process.terminate()
        assert backend.process.wait(60) == 0
    log = (tmp_path / "log").read_text()
    assert "stopping: finishing the images that are being read" in log
    assert "Traceback" not in log
