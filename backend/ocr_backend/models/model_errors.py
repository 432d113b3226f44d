"""Why a model cannot be used: one class per reaction, each message names the model and says what to do.

`commands.exits` gives each class its exit status. Standard library only.
"""


class ModelError(RuntimeError):
    """A model is missing or broken, or its source cannot be reached; trying again later may help.

    `seen`: the message without the advice, which speaks of variables: for those who set them otherwise.
    """

    def __init__(self, seen: str, advice: str = "") -> None:
        super().__init__(f"{seen}; {advice}" if advice else seen)
        self.seen = seen


class ModelNotFoundError(ModelError):
    """The source answers, and has no such model."""


class ModelMismatchError(ModelError):
    """What the source gave is not what it says that it has: another size, another checksum, no model."""


class VolumeError(ModelError):
    """MODEL_DIR is full, or cannot be written."""
