"""Runs networks with ONNX Runtime, on the CPU or the first GPU.

The one place that imports onnxruntime for reading; `engines` makes it for `direct_reader`.
"""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr.inference_runtime import Network, Shape, is_large, no_network


class OnnxRuntime:
    """A `Runtime`; each network runs on the thread that asks it."""

    engine = "onnxruntime"

    def __init__(self, use_gpu: bool) -> None:
        self._use_gpu = use_gpu
        # Measured on the CPU, where more at once are no quicker; a GPU has room for them (guess).
        self.batch = 32 if use_gpu else 8

    def loaded(self, model: Model) -> tuple[Network, Shape]:
        """The network of a folder as a function, and the shape of its answer.

        Raises:
            ModelError: the file is no network, or there is no usable GPU.
        """
        session = self._session(model)
        name, answer = session.get_inputs()[0].name, session.get_outputs()[0]
        giving_back = onnxruntime.RunOptions()
        giving_back.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

        def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            how = giving_back if is_large(batch) and not self._use_gpu else None
            return np.asarray(session.run([answer.name], {name: batch}, how)[0], np.float32)

        return run, answer.shape

    def _session(self, model: Model) -> Any:
        # More threads per network than one only make them wait for each other: measured, half as much again.
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # it would keep a plan, and memory, for every shape ever seen
        options.log_severity_level = 3
        providers: list[Any] = [("CUDAExecutionProvider", {"device_id": 0})] if self._use_gpu else []
        try:
            session = onnxruntime.InferenceSession(
                str(model.weights), options, providers=[*providers, "CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own errors have no common class
            raise no_network(model) from error
        if self._use_gpu and session.get_providers()[0] != "CUDAExecutionProvider":
            raise ModelError("PADDLEOCR_USE_GPU=true, but onnxruntime found no usable GPU; see the log above")
        return session
