"""Reads images with a real `paddleocr.PaddleOCR` on given model folders.

The only module that imports paddleocr, when `engine_factory` creates a `PaddleReader`. It never downloads.
"""

import atexit
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr import orientation, reading_order, recognition
from ocr_backend.ocr.dewarp_mapping import DewarpMapping
from ocr_backend.ocr_types import Image, Line, LoadedModel, Polygon, RegionFilter, accept_all
from ocr_backend.system.signal_handlers import preserved_signal_handlers

# Role -> prefix of PaddleOCR's parameters, and the switch that must be off without the model.
_PARAMETERS = {
    "detection": ("text_detection", None),
    "recognition": ("text_recognition", None),
    "textline_orientation": ("textline_orientation", "use_textline_orientation"),
    "doc_orientation": ("doc_orientation_classify", "use_doc_orientation_classify"),
    "doc_unwarping": ("doc_unwarping", "use_doc_unwarping"),
}
# These write coloured lines to standard error, which would mix with our own log.
_NOISY_LOGGERS = ("paddlex", "paddleocr", "modelscope", "modelscope_hub", "aistudio_sdk", "huggingface_hub")


class PaddleReader:
    """A `Reader` around one PaddleOCR object.

    In paddle format its predictors are not thread-safe, so one image is read at a time, with `slots` threads
    or on the GPU. In onnx format, `slots` images are read at a time, with one thread each. One predictor for
    each slot was not faster: two with one thread each reached 0.6 to 0.9 of one with two (MobileNetV3, Paddle
    3.3, oneDNN).
    """

    engine = "paddle"

    def __init__(self, models: Mapping[str, Model], slots: int, use_gpu: bool) -> None:
        """Loads the networks.

        Raises:
            ModelError: PaddleOCR refuses a model or the device.
        """
        is_onnx = models["detection"].model_format == "onnx"
        self.slots = slots if is_onnx and not use_gpu else 1
        self.models: Sequence[LoadedModel] = tuple(
            LoadedModel(model.role, model.name, model.digest) for model in models.values()
        )
        self._free_slots = threading.BoundedSemaphore(self.slots)
        try:
            with preserved_signal_handlers():
                self._ocr = _import_paddleocr()(**paddleocr_parameters(models, slots, use_gpu))
        except Exception as error:  # PaddleX raises bare Exceptions, RuntimeErrors, AssertionErrors, ...
            folders = ", ".join(str(model.folder) for model in models.values())
            raise ModelError(f"PaddleOCR cannot load {folders}: {error}") from error
        _keep_every_box(self._ocr)

    def read(self, image: Image, region_filter: RegionFilter = accept_all) -> list[Line]:
        """Lines with text that the filter accepts, in reading order, with any score."""
        with self._free_slots:
            (result,) = self._ocr.predict(np.ascontiguousarray(image))
        accepted = [line for line in lines(result, *image.shape[:2]) if region_filter(line.polygon)]
        return reading_order.in_reading_order(accepted)

    def close(self) -> None:
        """Frees the networks; no call may follow."""
        self._ocr.close()
        del self._ocr


def paddleocr_parameters(models: Mapping[str, Model], slots: int, use_gpu: bool) -> dict[str, Any]:
    """The arguments of PaddleOCR: name and folder of every model, and always device and threads."""
    parameters: dict[str, Any] = {"device": "gpu:0" if use_gpu else "cpu"}
    if models["detection"].model_format == "onnx":
        parameters |= {"engine": "onnxruntime", "engine_config": {"intra_op_num_threads": 1}}
    else:
        parameters |= {"engine": "paddle_static", "cpu_threads": slots, "enable_mkldnn": not use_gpu}
    for role, (prefix, switch) in _PARAMETERS.items():
        if switch:
            parameters[switch] = role in models
        if role in models:
            parameters[f"{prefix}_model_name"] = models[role].official_name
            parameters[f"{prefix}_model_dir"] = str(models[role].folder)
    return parameters


def _keep_every_box(ocr: Any) -> None:
    """PaddleX drops the boxes after the thousandth, from the top of a page; nothing but this changes it."""
    pipeline = getattr(ocr.paddlex_pipeline, "_pipeline", ocr.paddlex_pipeline)
    pipeline.text_det_model.post_op.max_candidates = sys.maxsize


def lines(result: Mapping[str, Any], height: int, width: int) -> list[Line]:
    """Lines of PaddleOCR's result for an image of this size, placed on that image."""
    preprocessed = result.get("doc_preprocessor_res") or {}
    degrees = max(0, int(preprocessed.get("angle", 0)))
    is_flattened = bool((preprocessed.get("model_settings") or {}).get("use_doc_unwarping"))
    dewarping = DewarpMapping(preprocessed["output_img"], preprocessed["rot_img"]) if is_flattened else None
    placed_lines = []
    for corners, text, score in _text_lines(result):
        corners = corners if dewarping is None else dewarping.to_original(corners)
        placed_lines.append(Line(orientation.rotate_back(corners, degrees, height, width), text, score))
    return placed_lines


def _text_lines(result: Mapping[str, Any]) -> Iterator[tuple[Polygon, str, float]]:
    """Corners on the preprocessed page, text and score of each line with text."""
    texts, scores = result["rec_texts"], result["rec_scores"]
    # As long as the other lists: PaddleOCR leaves no line out for its score by default.
    flips = result.get("textline_orientation_angles") or [0] * len(texts)
    for box, text, score, flip in zip(result["rec_polys"], texts, scores, flips, strict=True):
        corners = recognition.corners_as_read(np.asarray(box, np.int32))
        if text.strip():
            yield recognition.flipped_corners(corners) if int(flip) == 1 else corners, text, float(score)


def _import_paddleocr() -> Any:
    """The class PaddleOCR, imported so that it writes only into a private temporary folder."""
    if "PADDLE_PDX_CACHE_HOME" not in os.environ:  # paddlex reads it at import, and creates folders in it
        cache = tempfile.mkdtemp(prefix="ocr-paddlex-")
        atexit.register(shutil.rmtree, cache, ignore_errors=True)
        os.environ["PADDLE_PDX_CACHE_HOME"] = cache
    # Without it PaddleX silently uses the CPU if there is no GPU.
    os.environ.setdefault("PADDLE_PDX_DISABLE_DEVICE_FALLBACK", "True")
    from paddleocr import PaddleOCR

    for name in _NOISY_LOGGERS:
        log = logging.getLogger(name)
        log.handlers.clear()
        log.propagate = True
        log.setLevel(logging.WARNING)
    return PaddleOCR
