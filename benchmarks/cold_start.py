"""How long a start takes, from a filled model folder to an answer of /readyz, beside stock PaddleOCR.

Run as `python benchmarks/cold_start.py [RUNS]`. Each run starts, in turns: the server with the builtin
models, which it lays out anew; the server with each engine on a model folder; the same stages in a process
that tells when each of them ends; and PaddleOCR from a cache with equal models, until it has read the same
image. Prints a markdown table of medians and ratios. `benchmarks/README.md` keeps results.
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
_LONGEST_SECONDS = 300
_LOOK_SECONDS = 0.005

# Each prints the moments at which its stages end, on the clock that all processes of a machine share.
_STAGES = """
import time; told = [time.monotonic()]
from ocr_backend.models import golden_sample
from ocr_backend.ocr import engine_factory
from ocr_backend.pipeline import worker
from ocr_backend.web import app
from ocr_backend.config.settings import from_env
import os; settings = from_env(os.environ); told.append(time.monotonic())
with engine_factory.brought(settings) as (plan, found):
    told.append(time.monotonic())
    reader = engine_factory._made(plan.engine, found, settings); told.append(time.monotonic())
golden_sample.check(reader); told.append(time.monotonic())
print(*told)
"""
_STOCK = """
import sys, time; told = [time.monotonic()]
from paddleocr import PaddleOCR
told.append(time.monotonic())
reader = PaddleOCR(text_detection_model_name=sys.argv[1], text_recognition_model_name=sys.argv[2],
                   use_doc_orientation_classify=False, use_doc_unwarping=False,
                   use_textline_orientation=False, engine="onnxruntime", device="cpu")
told.append(time.monotonic())
from ocr_backend.models import golden_sample
(page,) = reader.predict(golden_sample.default_image()); told.append(time.monotonic())
assert "".join(page["rec_texts"]).replace(" ", "") == golden_sample.TEXT
print(*told)
"""
STAGES = ("interpreter", "imports", "models verified", "networks loaded", "golden sample read")
STOCK_STAGES = ("interpreter", "imports", "networks loaded", "golden sample read")


def main(runs: int) -> None:
    """Measures, and prints the table."""
    with TemporaryDirectory(prefix="ocr-cold-start-") as place:
        root = Path(place)
        with builtin_models.folders(MODELS) as found:
            for model in found.values():
                shutil.copytree(model.folder, root / "official_models" / model.folder.name)
        taken: dict[tuple[str, str], list[float]] = {}
        for _ in range(runs):
            for who, stage, seconds in _one_run(root):
                taken.setdefault((who, stage), []).append(seconds)
    medians = {key: statistics.median(seconds) for key, seconds in taken.items()}
    stock = medians["PaddleOCR", "all"]
    print(f"\n{runs} runs, {os.cpu_count()} cores\n")
    print("| What starts | Stage | Seconds, median | PaddleOCR's whole start against it |")
    print("| --- | --- | --- | --- |")
    for (who, stage), seconds in medians.items():
        ratio = f"{stock / seconds:.1f}" if stage == "all" else ""
        print(f"| {who} | {stage} | {seconds:.2f} | {ratio} |")


def _one_run(root: Path) -> Iterator[tuple[str, str, float]]:
    builtin = {**_environment(root, ENGINES[0]), "OCR_MODEL_SOURCE": "builtin"}
    yield f"server, {ENGINES[0]}, builtin models", "all", _until_ready(builtin)
    for engine in ENGINES:
        yield f"server, {engine}", "all", _until_ready(_environment(root, engine))
        begun = time.monotonic()
        told = _told(_STAGES, (), _environment(root, engine))
        yield from _named(f"stages, {engine}", begun, STAGES, told)
    begun = time.monotonic()
    cache = {**os.environ, "PADDLE_PDX_CACHE_HOME": str(root), "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "1"}
    yield from _named("PaddleOCR", begun, STOCK_STAGES, _told(_STOCK, tuple(MODELS.values()), cache))


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


def _named(
    who: str, begun: float, stages: tuple[str, ...], told: list[float]
) -> Iterator[tuple[str, str, float]]:
    for stage, before, after in zip(stages, [begun, *told], told, strict=False):
        yield who, stage, after - before
    yield who, "all", told[-1] - begun


def _told(code: str, arguments: tuple[str, ...], variables: dict[str, str]) -> list[float]:
    command = [sys.executable, "-c", code, *arguments]
    answer = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    return [float(moment) for moment in answer.stdout.split()]


def _until_ready(variables: dict[str, str]) -> float:
    """Seconds from the start of a server to the first /readyz that says yes."""
    begun = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "ocr_backend", "serve"], env=variables) as server:
        try:
            while not _is_ready():
                if server.poll() is not None or time.monotonic() - begun > _LONGEST_SECONDS:
                    raise SystemExit("the server did not become ready")
                time.sleep(_LOOK_SECONDS)
            return time.monotonic() - begun
        finally:
            server.terminate()


def _is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
