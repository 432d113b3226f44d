"""Label Studio from PyPI as a container image, built from what its tests have in the user's cache.

The tests of clusters and of compose load the archive.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from label_studio import LOCK, empty_database
from ocr_cluster import cache, images
from user_cache import Say, install_into

_DOCKERFILE = Path(__file__).with_name("label-studio.Dockerfile")
_PYTHON = "3.11"
"""The Python version of the base image."""


def archived(say: Say) -> images.Image:
    """The image; builds it if the Dockerfile or the packages have changed."""
    contents = {file.name: file.read_bytes() for file in (_DOCKERFILE, LOCK)}
    return images.build_other("label-studio", images.key(contents), _DOCKERFILE, lambda: _build_context(say))


@contextmanager
def _build_context(say: Say) -> Iterator[Path]:
    """The folder that the Dockerfile copies from."""
    with tempfile.TemporaryDirectory(prefix=".label-studio-", dir=cache.images()) as scratch:
        folder = Path(scratch)
        install_into(folder / "packages", LOCK, _PYTHON, say)
        shutil.copytree(empty_database(say), folder / "data")
        yield folder
