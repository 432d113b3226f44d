"""Runs networks with ONNX Runtime, on the CPU or the first GPU.

The only module that imports onnxruntime for reading; `engine_factory` creates it for `native_reader`.
"""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr.inference_runtime import Network, OutputShape, invalid_network, is_large


class OnnxRuntime:
    """A `Runtime`; each call of a network runs on the caller's thread."""

    engine = "onnxruntime"

    def __init__(self, use_gpu: bool) -> None:
        self._use_gpu = use_gpu
        # On the CPU, larger batches are not faster (measured); a GPU has room for them (guess).
        self.batch_size = 32 if use_gpu else 8

    def load_network(self, model: Model) -> tuple[Network, OutputShape]:
        """The network of a model, and the shape of its output.

        Raises:
            ModelError: the file is not a network, or there is no usable GPU.
        """
        session = self._session(model)
        input_name, output = session.get_inputs()[0].name, session.get_outputs()[0]
        release_memory = onnxruntime.RunOptions()
        release_memory.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

        def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            options = release_memory if is_large(batch) and not self._use_gpu else None
            return np.asarray(session.run([output.name], {input_name: batch}, options)[0], np.float32)

        return run, output.shape

    def _session(self, model: Model) -> Any:
        # More than one thread per network takes half as long again: the threads wait for each other
        # (measured).
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # it would keep a plan, and memory, for every input shape
        options.log_severity_level = 3
        if self._use_gpu:
            onnxruntime.preload_dlls()  # the libraries of CUDA and cuDNN in NVIDIA's wheels
        providers: list[Any] = [("CUDAExecutionProvider", {"device_id": 0})] if self._use_gpu else []
        try:
            session = onnxruntime.InferenceSession(
                str(model.weights), options, providers=[*providers, "CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own errors have no common class
            raise invalid_network(model) from error
        if self._use_gpu and session.get_providers()[0] != "CUDAExecutionProvider":
            raise ModelError("PADDLEOCR_USE_GPU=true, but onnxruntime found no usable GPU; see the log above")
        return session
