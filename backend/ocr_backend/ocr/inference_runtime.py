"""What runs a network: the seam between `direct_reader` and the runtimes.

`onnx_runtime` and `openvino_runtime` implement it, one for each library.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_backend.models.model_folder import Model, ModelError

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""`(images, 3, height, width)` -> the network's answer, which its thread must have used before it asks this
network again."""

PIXELS_TO_KEEP = 2_000_000
"""From this size of a batch on the memory that it took is given back at its end; doing so costs a tenth of
the time of small images, and nothing to speak of here (measured)."""


Shape = Sequence[object]
"""Sizes of the axes of a network's answer; None or a symbol where not fixed; empty where nothing is known."""


class Runtime(Protocol):
    """Loads networks; `engine` is its name in settings and log, `batch` how many lines share a run."""

    engine: str
    batch: int

    def loaded(self, model: Model) -> tuple[Network, Shape]:
        """The network of a folder, for several threads, and the shape of its answer.

        Raises:
            ModelError: the file is no network, or the device is not there.
        """
        ...


def is_large(batch: NDArray[np.float32]) -> bool:
    """Whether the memory that a batch takes is to be given back."""
    images, _, height, width = batch.shape
    return bool(images * height * width > PIXELS_TO_KEEP)


def no_network(model: Model) -> ModelError:
    """The error of a file that no runtime can load."""
    return model.unusable(f"{model.weights.name} is no network")
