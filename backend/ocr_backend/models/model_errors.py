"""Why a model cannot be used: one class for each reaction; a message names the model and what to do.

`commands.exit_codes` gives each class its exit status. Standard library only.
"""

from pathlib import Path


class ModelError(RuntimeError):
    """A model is missing or broken, or its source cannot be reached; a later try may succeed.

    `problem` is the message without the advice. The advice names environment variables, which means nothing
    to users of an OCRBackend.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(f"{problem}; {advice}" if advice else problem)
        self.problem = problem


class ModelNotFoundError(ModelError):
    """The source answers, but does not have the model."""


class ModelMismatchError(ModelError):
    """The source sent something else than it lists: another size, another checksum, or no model."""


class VolumeError(ModelError):
    """MODEL_DIR is full or not writable."""


def broken_folder(folder: Path, problem: str) -> str:
    """The message for an official model folder that cannot be used."""
    return f"the model folder {folder} is broken: {problem}; replace it with the complete official folder"


def unusable_custom_folder(variable: str, folder: Path, problem: str) -> str:
    """The message for a custom model folder that cannot be used; an environment variable names the folder."""
    return (
        f"{variable} names the model folder {folder}, which cannot be used: {problem}; "
        "see docs/custom-models.md"
    )


def unreadable(error: OSError, folder: Path) -> str:
    """The problem of a file in a folder that the system refuses to read."""
    return f"{Path(error.filename or folder).name} cannot be read: {error.strerror}"
