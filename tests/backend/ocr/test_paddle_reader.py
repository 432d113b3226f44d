"""Models in Paddle's own form on a real paddlepaddle: threads, batches, memory, and how a process ends.

The networks are stand-ins, saved with `paddle.jit.save` as PaddleX lays them out: dark px are a line, and
each reads as the first character. That text comes out right is shown with real weights elsewhere.
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
from ocr_backend.ocr.paddle_reader import parameters

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle"),
]

MANY = [chr(0x4E00 + number) for number in range(8000)]
"""Characters of a recogniser with 37 MB of weights."""
WEIGHTS_MIB = 4608 * len(MANY) / 2**20


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """MODEL_DIR with a detector and a recogniser in paddle form, and the latter in onnx form too."""
    made = tmp_path_factory.mktemp("paddle")
    for form in ("paddle", "onnx"):
        stand_in_models.detector(made, "PP-OCRv5_mobile_det", form)
        stand_in_models.recogniser(made, "PP-OCRv5_mobile_rec", form, MANY)
    return made


@pytest.fixture(scope="module")
def opened(root):
    """Makes a reader of the stand-ins."""
    readers = []

    def make(engine):
        # PaddleOCR takes the onnx form where both are there: this folder has the other alone.
        alone = root / "alone"
        alone.mkdir(exist_ok=True)
        for folder in root.glob("PP-OCRv5_mobile_???"):
            if not (alone / folder.name).exists():
                (alone / folder.name).symlink_to(folder)
        where = alone if engine == "paddle" else root
        readers.append(
            open_reader(
                Settings(
                    model_type="mobile",
                    model_source="dir",
                    model_dir=str(where),
                    engine=engine,
                    use_textline_orientation=False,
                    slots=2,
                )
            )
        )
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture(scope="module")
def reader(opened):
    return opened("paddle")


def page(number):
    """White, with so many dark squares, each of another size; their lines are of as many widths."""
    white = np.full((500, 600, 3), 255, np.uint8)
    for place in range(number):
        left, top, size = 30 + 110 * (place % 5), 30 + 90 * (place // 5), 26 + place
        white[top : top + 32, left : left + size] = 0
    return white


PAGES = [page(number) for number in (1, 4, 6, 7, 13)]
"""At most six lines share a run of PaddleOCR's recogniser."""


def test_more_lines_than_a_batch_are_each_read_once_as_the_other_engine_reads_them(opened, reader):
    other = opened("onnxruntime")
    for number, image in zip((1, 4, 6, 7, 13), PAGES, strict=True):
        lines = reader.read(image)
        assert [line.text for line in lines] == [MANY[0]] * number
        assert [line.polygon for line in lines] == [line.polygon for line in other.read(image)]


def test_callers_at_the_same_time_get_the_answers_of_one_alone(reader):
    alone = [reader.read(image) for image in PAGES]
    with ThreadPoolExecutor(8) as callers:
        together = list(callers.map(reader.read, PAGES * 6))
    assert together == alone * 6


def test_device_and_threads_are_never_paddles_defaults(reader, tmp_path):
    models = {
        part: Model(part, name, "paddle", tmp_path, {}, "")
        for part, name in (("detection", "PP-OCRv5_mobile_det"), ("recognition", "PP-OCRv5_mobile_rec"))
    }
    given = parameters(models, slots=3, use_gpu=False)
    assert {name: given[name] for name in ("device", "engine", "cpu_threads", "enable_mkldnn")} == {
        "device": "cpu",
        "engine": "paddle_static",
        "cpu_threads": 3,
        "enable_mkldnn": True,
    }
    assert parameters(models, slots=1, use_gpu=True)["device"] == "gpu:0"
    # And PaddleX hands them on to each of its networks.
    pipeline = reader._ocr.paddlex_pipeline._pipeline
    for network in (pipeline.text_det_model, pipeline.text_rec_model):
        how = network.runner._config
        assert (how["device_type"], how["cpu_threads"], how["run_mode"]) == ("cpu", 2, "mkldnn")


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
kept = []
for turn in range(4):
    reader = open_reader(settings)
    assert [line.text for line in reader.read(image)] == [chr(0x4E00)]
    reader.close()
    kept.append(reader)
    print(resident())
"""


def test_a_closed_reader_gives_its_memory_back_and_the_process_ends(opened, reader, root):
    answer = subprocess.run(
        [sys.executable, "-c", RELOADING, str(root / "alone")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    first, *_, last = map(float, answer.stdout.split())
    # Three further networks were loaded, and the readers themselves are still there.
    assert last - first < WEIGHTS_MIB


def test_a_server_reads_with_paddle_and_ends_when_it_is_told_to(reader, root, tmp_path):
    variables = {
        "PADDLEOCR_MODEL_TYPE": "mobile",
        "OCR_MODEL_SOURCE": "dir",
        "MODEL_DIR": str(root / "alone"),
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
        "OCR_GOLDEN_CHECK": "false",
    }
    with backend_process(variables, tmp_path / "log") as backend:
        told = requests.get(f"{backend.url}/ui/settings.json", timeout=30).json()
        assert told["engine"] == "paddle"
        backend.process.terminate()
        assert backend.process.wait(60) == 0
    log = (tmp_path / "log").read_text()
    assert "stopping: what is being read is answered" in log
    assert "Traceback" not in log
