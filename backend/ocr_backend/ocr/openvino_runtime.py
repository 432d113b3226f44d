"""Runs networks with OpenVINO on the CPU, by default in bfloat16 where the CPU computes in it.

The one place that imports openvino; `engines` makes it for `direct_reader`. Networks must be loaded after a
fork: compiled before, they hang in the children (measured).
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import openvino
from numpy.typing import NDArray

from ocr_backend.models.model_folder import Model
from ocr_backend.ocr.inference_runtime import Network, Shape, is_large, no_network

logger = logging.getLogger(__name__)


class OpenVino:
    """A `Runtime` for `slots` threads at a time; `is_exact` computes in float32 whatever the CPU can."""

    engine = "openvino"
    batch = 1
    """It prepares for each new shape, and single lines have few (measured: a sixth less time than with 8)."""

    def __init__(self, slots: int, is_exact: bool) -> None:
        self._core = openvino.Core()
        self._how = {
            "NUM_STREAMS": str(slots),
            "INFERENCE_NUM_THREADS": str(slots),
            # Other processes share the cores, and another container's first core is ours too.
            "ENABLE_CPU_PINNING": "NO",
            **({"INFERENCE_PRECISION_HINT": "f32"} if is_exact else {}),
        }

    def loaded(self, model: Model) -> tuple[Network, Shape]:
        """The network of a folder as a function, and the shape of its answer.

        Raises:
            ModelError: the file is no network.
        """
        try:
            compiled = self._core.compile_model(str(model.weights), "CPU", self._how)
        except RuntimeError as error:
            raise no_network(model) from error
        own = threading.local()
        memory = _Memory(compiled.release_memory)

        def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
            with memory.used(is_large(batch)):
                if not hasattr(own, "request"):
                    own.request = compiled.create_infer_request()
                own.request.infer({0: batch}, share_inputs=True)
                answer: NDArray[np.float32] = own.request.get_output_tensor(0).data
                if is_large(batch):
                    answer = answer.copy()
                    del own.request
                return answer

        shape = compiled.output(0).get_partial_shape()
        axes = [] if shape.rank.is_dynamic else list(shape)
        return run, [axis.get_length() if axis.is_static else None for axis in axes]

    def precision(self) -> str:
        """What it computes in: "bf16" or "f32"."""
        chosen = self._core.get_property("CPU", "INFERENCE_PRECISION_HINT")
        return "f32" if "INFERENCE_PRECISION_HINT" in self._how else chosen.to_string()


class _Memory:
    """Gives the memory of a network back after large batches; OpenVINO lets it only while none runs."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release
        self._changed = threading.Condition()
        self._running = 0
        self._is_swollen = False

    @contextmanager
    def used(self, much: bool) -> Iterator[None]:
        """Lets the network run within the context; after `much` was used, others wait until that is back."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_swollen)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._is_swollen |= much
                if self._is_swollen and self._running == 0:
                    self._give_back()

    def _give_back(self) -> None:
        try:
            self._release()
        except RuntimeError as error:  # the next large batch gives it back
            logger.warning("memory of a network cannot be given back: %s", error)
        finally:
            self._is_swollen = False
            self._changed.notify_all()
