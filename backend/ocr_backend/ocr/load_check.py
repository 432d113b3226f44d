"""Loads a single network on the CPU, to find out whether its file is one and fits its description.

For whoever looks at model folders without reading images; the readers load them in their own way. Imports
a runtime only when a model is tried.
"""

from importlib.util import find_spec

import numpy as np

from ocr_backend.models import paddle_weights
from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr import detection, recognition
from ocr_backend.ocr.inference_runtime import Runtime, Shape
from ocr_backend.system import signal_handlers

_SQUARE = (64, 64)  # px; networks of pages and lines take any multiple of 32
_LINE = (recognition.HEIGHT, 320)


def fault(model: Model) -> str | None:
    """A sentence on what is wrong with a network, or None; to be asked where `can_try` its form."""
    try:
        answer = _paddle_answer(model) if model.form == "paddle" else _runtime().loaded(model)[1]
    except _NoNetworkError as error:
        return str(error)
    except ModelError:
        return f"{model.weights.name} is no network"
    if model.part == "recognition":
        return recognition.shape_problem(model.config, recognition.Decoder(model).classes, answer)
    return detection.shape_problem(answer) if model.part == "detection" else None


class _NoNetworkError(Exception):
    """The files hold no network that computes."""


def can_try(form: str) -> bool:
    """Whether something is installed that loads networks of a form."""
    wanted = ("paddle",) if form == "paddle" else ("onnxruntime", "openvino")
    return any(find_spec(name) is not None for name in wanted)


def _runtime() -> Runtime:
    if find_spec("onnxruntime") is not None:
        from ocr_backend.ocr.onnx_runtime import OnnxRuntime

        return OnnxRuntime(use_gpu=False)
    from ocr_backend.ocr.openvino_runtime import OpenVino

    return OpenVino(slots=1, is_exact=True)


def _paddle_answer(model: Model) -> Shape:
    """The shape of a network's answer, which Paddle tells only of one that has been run."""
    if not paddle_weights.is_whole(model.weights):
        raise _NoNetworkError(f"{model.weights.name} is damaged or incomplete")
    with signal_handlers.kept():
        from paddle import inference

    graph = next(file for file in model.files if file != model.weights)
    how = inference.Config(str(graph), str(model.weights))
    how.disable_gpu()
    how.disable_glog_info()
    size = _LINE if model.part == "recognition" else _SQUARE
    try:
        predictor = inference.create_predictor(how)
        name = predictor.get_input_names()[0]
        predictor.get_input_handle(name).copy_from_cpu(np.zeros((1, 3, *size), np.float32))
        predictor.run()
        answer = predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()
    except Exception as error:  # Paddle raises RuntimeErrors, ValueErrors and its own
        raise _NoNetworkError(f"{graph.name} and {model.weights.name} are no network") from error
    return tuple(answer.shape)
