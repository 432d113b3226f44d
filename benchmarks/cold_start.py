"""Time of a start, from a filled model folder until /readyz answers 200, compared with plain PaddleOCR.

Run as `python benchmarks/cold_start.py [RUNS]`. Each run starts, in turn: the server with the builtin
models, which it unpacks; the server with each engine and a model folder; the same stages in a process that
prints the end of each stage; and PaddleOCR with the same models in its cache, until it has read the same
image. Prints a Markdown table of medians and ratios. `benchmarks/README.md` holds results.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ocr_backend.models import builtin_models

MODELS = {"detection": "PP-OCRv6_small_det", "recognition": "PP-OCRv6_small_rec"}
ENGINES = ("openvino", "onnxruntime")
PORT = 9290
_TIMEOUT_SECONDS = 300
_POLL_SECONDS = 0.005

# Each program prints when its stages end, by the monotonic clock that all processes of a machine share.
_STAGES = """
import time; moments = [time.monotonic()]
from ocr_backend.models import golden_sample
from ocr_backend.ocr import engine_factory
from ocr_backend.pipeline import worker
from ocr_backend.web import app
from ocr_backend.config.settings import from_env
import os; settings = from_env(os.environ); moments.append(time.monotonic())
with engine_factory.resolve_models(settings) as (plan, folders):
    moments.append(time.monotonic())
    reader = engine_factory.create_reader(plan.engine, folders, settings); moments.append(time.monotonic())
golden_sample.check(reader, settings.language); moments.append(time.monotonic())
print(*moments)
"""
_STOCK = """
import sys, time; moments = [time.monotonic()]
from paddleocr import PaddleOCR
moments.append(time.monotonic())
reader = PaddleOCR(text_detection_model_name=sys.argv[1], text_recognition_model_name=sys.argv[2],
                   use_doc_orientation_classify=False, use_doc_unwarping=False,
                   use_textline_orientation=False, engine="onnxruntime", device="cpu")
moments.append(time.monotonic())
from ocr_backend.models import golden_sample
(page,) = reader.predict(golden_sample.default_image()); moments.append(time.monotonic())
assert "".join(page["rec_texts"]).replace(" ", "") == golden_sample.TEXT
print(*moments)
"""
STAGES = ("interpreter", "imports", "models verified", "networks loaded", "golden sample read")
STOCK_STAGES = ("interpreter", "imports", "networks loaded", "golden sample read")


def main(runs: int) -> None:
    """Measures, and prints the table."""
    with TemporaryDirectory(prefix="ocr-cold-start-") as name:
        root = Path(name)
        with builtin_models.folders(MODELS) as folders:
            for model in folders.values():
                shutil.copytree(model.folder, root / "official_models" / model.folder.name)
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(runs):
            for program, stage, seconds in _one_run(root):
                times.setdefault((program, stage), []).append(seconds)
    medians = {key: statistics.median(seconds) for key, seconds in times.items()}
    stock = medians["PaddleOCR", "all"]
    print(f"\n{runs} runs, {os.cpu_count()} cores\n")
    print("| What starts | Stage | Seconds, median | Time of PaddleOCR, relative |")
    print("| --- | --- | --- | --- |")
    for (program, stage), seconds in medians.items():
        ratio = f"{stock / seconds:.1f}" if stage == "all" else ""
        print(f"| {program} | {stage} | {seconds:.2f} | {ratio} |")


def _one_run(root: Path) -> Iterator[tuple[str, str, float]]:
    builtin = {**_environment(root, ENGINES[0]), "OCR_MODEL_SOURCE": "builtin"}
    yield f"server, {ENGINES[0]}, builtin models", "all", _until_ready(builtin)
    for engine in ENGINES:
        yield f"server, {engine}", "all", _until_ready(_environment(root, engine))
        start = time.monotonic()
        moments = _run_stages(_STAGES, (), _environment(root, engine))
        yield from _durations(f"stages, {engine}", STAGES, [start, *moments])
    start = time.monotonic()
    cache = {**os.environ, "PADDLE_PDX_CACHE_HOME": str(root), "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "1"}
    moments = _run_stages(_STOCK, tuple(MODELS.values()), cache)
    yield from _durations("PaddleOCR", STOCK_STAGES, [start, *moments])


def _environment(root: Path, engine: str) -> dict[str, str]:
    settings = {
        "PADDLEOCR_VERSION": "PP-OCRv6",
        "PADDLEOCR_MODEL_TYPE": "mobile",
        "OCR_MODEL_SOURCE": "dir",
        "MODEL_DIR": str(root),
        "OCR_ENGINE": engine,
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION": "false",
        "OCR_PORT": str(PORT),
        "LOG_LEVEL": "ERROR",
    }
    return {**os.environ, **settings}


def _durations(
    program: str, stages: tuple[str, ...], moments: list[float]
) -> Iterator[tuple[str, str, float]]:
    """Seconds of each stage and of all; `moments` are the start and the end of each stage."""
    for stage, start, end in zip(stages, moments, moments[1:], strict=False):
        yield program, stage, end - start
    yield program, "all", moments[-1] - moments[0]


def _run_stages(code: str, arguments: tuple[str, ...], variables: dict[str, str]) -> list[float]:
    """The moments that the program prints."""
    command = [sys.executable, "-c", code, *arguments]
    completed = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    return [float(moment) for moment in completed.stdout.split()]


def _until_ready(variables: dict[str, str]) -> float:
    """Seconds from the start of a server until /readyz answers 200."""
    start = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "ocr_backend", "serve"], env=variables) as server:
        try:
            while not _is_ready():
                if server.poll() is not None or time.monotonic() - start > _TIMEOUT_SECONDS:
                    raise SystemExit("the server did not become ready")
                time.sleep(_POLL_SECONDS)
            return time.monotonic() - start
        finally:
            server.terminate()


def _is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
