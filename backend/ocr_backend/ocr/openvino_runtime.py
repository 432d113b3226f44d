"""Runs networks with OpenVINO on the CPU, by default in bfloat16 if the CPU supports it.

The only module that imports openvino; `engine_factory` creates it for `native_reader`. Networks must be
loaded after a fork: networks compiled before it hang in the child processes (measured).
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import openvino
from numpy.typing import NDArray

from ocr_backend.models.model_folder import Model
from ocr_backend.ocr.inference_runtime import Network, OutputShape, invalid_network, is_large

logger = logging.getLogger(__name__)

_CACHED_PRIMITIVES = 100
"""Compiled operations that each slot keeps for shapes that it has met. With OpenVINO's own limit, memory grew
with each image of a new size, up to gigabytes. If all images differ in size, this limit takes a fifth more
time (measured)."""


class OpenVino:
    """A `Runtime` for `slots` threads at a time; `is_exact` computes in float32 on every CPU."""

    engine = "openvino"
    batch_size = 1
    """OpenVINO prepares for each new shape, and single lines have few: a sixth less time than with 8
    (measured)."""

    def __init__(self, slots: int, is_exact: bool) -> None:
        self._core = openvino.Core()
        self._config = {
            "NUM_STREAMS": str(slots),
            "INFERENCE_NUM_THREADS": str(slots),
            # Other processes share the cores, and every container would be pinned to the same first ones.
            "ENABLE_CPU_PINNING": "NO",
            "CPU_RUNTIME_CACHE_CAPACITY": str(_CACHED_PRIMITIVES),
            **({"INFERENCE_PRECISION_HINT": "f32"} if is_exact else {}),
        }

    def load_network(self, model: Model) -> tuple[Network, OutputShape]:
        """The network of a model, and the shape of its output.

        Raises:
            ModelError: the file is not a network.
        """
        try:
            compiled = self._core.compile_model(str(model.weights), "CPU", self._config)
        except RuntimeError as error:
            raise invalid_network(model) from error
        of_thread = threading.local()
        memory = _NetworkMemory(compiled.release_memory)

        def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            with memory.in_use(is_large(batch)):
                if not hasattr(of_thread, "request"):
                    of_thread.request = compiled.create_infer_request()
                of_thread.request.infer({0: batch}, share_inputs=True)
                output: NDArray[np.float32] = of_thread.request.get_output_tensor(0).data
                if is_large(batch):
                    output = output.copy()
                    del of_thread.request
                return output

        shape = compiled.output(0).get_partial_shape()
        axes = [] if shape.rank.is_dynamic else list(shape)
        return run, [axis.get_length() if axis.is_static else None for axis in axes]

    def precision(self) -> str:
        """The number format of the computation: "bf16" or "f32"."""
        hint = self._core.get_property("CPU", "INFERENCE_PRECISION_HINT")
        return "f32" if "INFERENCE_PRECISION_HINT" in self._config else hint.to_string()


class _NetworkMemory:
    """Releases the memory of a network after large batches; OpenVINO allows that only while nothing runs."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release
        self._changed = threading.Condition()
        self._running = 0
        self._must_release = False

    @contextmanager
    def in_use(self, is_large_batch: bool) -> Iterator[None]:
        """Lets the network run in the context; after a large batch, others wait for the release of memory."""
        with self._changed:
            self._changed.wait_for(lambda: not self._must_release)
            self._running += 1
        try:
            yield
        finally:
            self._end(is_large_batch)

    def _end(self, is_large_batch: bool) -> None:
        with self._changed:
            self._running -= 1
            self._must_release |= is_large_batch
            if self._must_release and self._running == 0:
                self._release_memory()

    def _release_memory(self) -> None:
        try:
            self._release()
        except RuntimeError as error:  # released after the next large batch
            logger.warning("cannot release the memory of a network: %s", error)
        finally:
            self._must_release = False
            self._changed.notify_all()
