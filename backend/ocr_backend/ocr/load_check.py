"""Loads one network on the CPU to check that its file is valid and that it fits its description.

For `models verify` and custom models of PaddleOCR; the readers load networks themselves. Imports a runtime
only when a model is checked.
"""

from importlib.util import find_spec

import numpy as np

from ocr_backend.models import paddle_weights
from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr import detection, recognition
from ocr_backend.ocr.inference_runtime import OutputShape, Runtime
from ocr_backend.system.signal_handlers import preserved_signal_handlers

_PAGE_SIZE = (64, 64)  # px; detectors and page classifiers take any multiple of 32
_LINE_SIZE = (recognition.HEIGHT, 320)


class _InvalidNetworkError(Exception):
    """The files do not hold a network that runs."""


def load_problem(model: Model) -> str | None:
    """What is wrong with a model's network, or None; the model's format must be one that `can_load`."""
    try:
        if model.model_format == "paddle":
            output_shape = _paddle_output_shape(model)
        else:
            output_shape = _installed_runtime().load_network(model)[1]
    except _InvalidNetworkError as error:
        return str(error)
    except ModelError:
        return f"{model.weights.name} is not a valid network"
    if model.role == "recognition":
        decoder = recognition.Decoder(model)
        return recognition.shape_problem(model.config, decoder.classes, output_shape)
    return detection.shape_problem(output_shape) if model.role == "detection" else None


def can_load(model_format: str) -> bool:
    """Whether a library is installed that loads networks of this format."""
    packages = ("paddle",) if model_format == "paddle" else ("onnxruntime", "openvino")
    return any(find_spec(package) is not None for package in packages)


def _installed_runtime() -> Runtime:
    if find_spec("onnxruntime") is not None:
        from ocr_backend.ocr.onnx_runtime import OnnxRuntime

        return OnnxRuntime(use_gpu=False)
    from ocr_backend.ocr.openvino_runtime import OpenVino

    return OpenVino(slots=1, is_exact=True)


def _paddle_output_shape(model: Model) -> OutputShape:
    """The shape of a network's output, which Paddle knows only after a run."""
    if not paddle_weights.is_complete(model.weights):
        raise _InvalidNetworkError(f"{model.weights.name} is damaged or incomplete")
    with preserved_signal_handlers():
        from paddle import inference

    graph = next(file for file in model.files if file != model.weights)
    config = inference.Config(str(graph), str(model.weights))
    config.disable_gpu()
    config.disable_glog_info()
    size = _LINE_SIZE if model.role == "recognition" else _PAGE_SIZE
    try:
        predictor = inference.create_predictor(config)
        name = predictor.get_input_names()[0]
        predictor.get_input_handle(name).copy_from_cpu(np.zeros((1, 3, *size), np.float32))
        predictor.run()
        output = predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()
    except Exception as error:  # Paddle raises RuntimeErrors, ValueErrors and its own
        message = f"{graph.name} and {model.weights.name} are not a valid network"
        raise _InvalidNetworkError(message) from error
    return tuple(output.shape)
