"""The interface between `native_reader` and the libraries that run networks.

`onnx_runtime` and `openvino_runtime` implement it.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_backend.models.model_folder import Model, ModelError

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""`(images, 3, height, width)` -> output. The output is valid only until the same thread's next call."""

OutputShape = Sequence[object]
"""Sizes of the axes of a network's output; None or a symbol if variable; empty if nothing is known."""

LARGE_BATCH_PIXELS = 2_000_000
"""From this size on, the memory of a batch is released after it. Measured: that takes a tenth of the time of
small images, and next to nothing for large ones."""


class Runtime(Protocol):
    """Loads networks; `engine` is its name in settings and logs, `batch_size` the lines in one run."""

    engine: str
    batch_size: int

    def load_network(self, model: Model) -> tuple[Network, OutputShape]:
        """The network of a model, for several threads, and the shape of its output.

        Raises:
            ModelError: the file is not a network, or the device is missing.
        """
        ...


def is_large(batch: NDArray[np.float32]) -> bool:
    """Whether the memory of a batch should be released after it."""
    images, _, height, width = batch.shape
    return bool(images * height * width > LARGE_BATCH_PIXELS)


def invalid_network(model: Model) -> ModelError:
    """The error for a file that a runtime cannot load."""
    return model.unusable(f"{model.weights.name} is not a valid network")
