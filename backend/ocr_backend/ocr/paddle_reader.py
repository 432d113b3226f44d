"""Reads images with a real `paddleocr.PaddleOCR`, on given model folders.

The one place that imports paddleocr, and only when `engines` makes a `PaddleReader`. It never downloads.
"""

import atexit
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr import orientation, recognition
from ocr_backend.ocr.dewarp_mapping import DewarpMapping
from ocr_backend.ocr_types import Image, Line, LoadedModel, RegionFilter, accept_all
from ocr_backend.system import signal_handlers

# Part -> beginning of PaddleOCR's parameters, and the switch that must be off without the model.
_PARAMETERS = {
    "detection": ("text_detection", None),
    "recognition": ("text_recognition", None),
    "textline_orientation": ("textline_orientation", "use_textline_orientation"),
    "doc_orientation": ("doc_orientation_classify", "use_doc_orientation_classify"),
    "doc_unwarping": ("doc_unwarping", "use_doc_unwarping"),
}
# These put coloured lines on standard error by themselves, which would stand between our own.
_OWN_LOGS = ("paddlex", "paddleocr", "modelscope", "modelscope_hub", "aistudio_sdk", "huggingface_hub")


class PaddleReader:
    """A `Reader` around one PaddleOCR object.

    In paddle form its predictors are not safe to share, so one image is read at a time, with `slots`
    threads or on the GPU; in onnx form `slots` images are, one thread each. A predictor for each slot was
    no quicker: two with one thread each gave 0.6 to 0.9 of one with two (MobileNetV3, Paddle 3.3, oneDNN).
    """

    engine = "paddle"

    def __init__(self, models: Mapping[str, Model], slots: int, use_gpu: bool) -> None:
        """Loads the networks.

        Raises:
            ModelError: PaddleOCR refuses a model or the device.
        """
        is_onnx = models["detection"].form == "onnx"
        self.slots = slots if is_onnx and not use_gpu else 1
        self.models: Sequence[LoadedModel] = tuple(
            LoadedModel(model.part, model.name, model.digest) for model in models.values()
        )
        self._free = threading.BoundedSemaphore(self.slots)
        try:
            with signal_handlers.kept():
                self._ocr = _imported()(**parameters(models, slots, use_gpu))
        except Exception as error:  # PaddleX raises bare Exceptions, RuntimeErrors, AssertionErrors, ...
            folders = ", ".join(str(model.folder) for model in models.values())
            raise ModelError(f"PaddleOCR cannot load {folders}: {error}") from error

    def read(self, image: Image, wanted: RegionFilter = accept_all) -> list[Line]:
        """Lines with text at wanted places, in reading order, whatever their score; empty without any."""
        with self._free:
            (page,) = self._ocr.predict(np.ascontiguousarray(image))
        return [line for line in lines(page, *image.shape[:2]) if wanted(line.polygon)]

    def close(self) -> None:
        """Frees the networks; no call may follow."""
        self._ocr.close()
        del self._ocr


def parameters(models: Mapping[str, Model], slots: int, use_gpu: bool) -> dict[str, Any]:
    """What PaddleOCR is made with: every model by name and folder, device and threads never by default."""
    given: dict[str, Any] = {"device": "gpu:0" if use_gpu else "cpu"}
    if models["detection"].form == "onnx":
        given |= {"engine": "onnxruntime", "engine_config": {"intra_op_num_threads": 1}}
    else:
        given |= {"engine": "paddle_static", "cpu_threads": slots, "enable_mkldnn": not use_gpu}
    for part, (beginning, switch) in _PARAMETERS.items():
        if switch:
            given[switch] = part in models
        if part in models:
            given |= {f"{beginning}_model_name": models[part].official_name}
            given |= {f"{beginning}_model_dir": str(models[part].folder)}
    return given


def lines(page: Mapping[str, Any], height: int, width: int) -> list[Line]:
    """Lines of one result of PaddleOCR, placed on the image of this size that it was given."""
    prepared = page.get("doc_preprocessor_res") or {}
    degrees = max(0, int(prepared.get("angle", 0)))
    is_flattened = bool((prepared.get("model_settings") or {}).get("use_doc_unwarping"))
    bend = DewarpMapping(prepared["output_img"], prepared["rot_img"]) if is_flattened else None
    # The list is as long as that of the lines: no line is left out for its score, see `parameters`.
    turns = page.get("textline_orientation_angles") or [0] * len(page["rec_texts"])
    found = []
    for box, text, score, turn in zip(
        page["rec_polys"], page["rec_texts"], page["rec_scores"], turns, strict=True
    ):
        corners = recognition.corners_as_read(np.asarray(box, np.int32))
        corners = recognition.from_the_end(corners) if int(turn) == 1 else corners
        corners = corners if bend is None else bend.back(corners)
        if text.strip():
            placed = orientation.turned_back(corners, degrees, height, width)
            found.append(Line(placed, text, float(score)))
    return found


def _imported() -> Any:
    """The class PaddleOCR, imported so that nothing is written but into a private temporary folder."""
    if "PADDLE_PDX_CACHE_HOME" not in os.environ:  # read when paddlex is imported, which makes folders in it
        cache = tempfile.mkdtemp(prefix="ocr-paddlex-")
        atexit.register(shutil.rmtree, cache, ignore_errors=True)
        os.environ["PADDLE_PDX_CACHE_HOME"] = cache
    # Without it PaddleX goes on with the CPU when there is no GPU, and nobody would know.
    os.environ.setdefault("PADDLE_PDX_DISABLE_DEVICE_FALLBACK", "True")
    from paddleocr import PaddleOCR

    for name in _OWN_LOGS:
        log = logging.getLogger(name)
        log.handlers.clear()
        log.propagate = True
        log.setLevel(logging.WARNING)
    return PaddleOCR
