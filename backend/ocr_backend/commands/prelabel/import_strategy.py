"""Whether predictions are cheaper to store in one request or one by one, from what it has taken so far.

Pure. The request that imports many makes Label Studio 1.23 count the predictions of all tasks of the project
again, however few are imported: 0.8 s for 100 in a project of 2,000 tasks, but 40 s in one of 100,000 tasks
with 20,000 predictions, where 100 single ones took 16 s (measured on SQLite). Other releases and feature
flags do better, so it is measured, not taken as known.
"""

_SINGLE_SECONDS = 0.12  # for one prediction by itself (measured 0.09 to 0.16), until it is known
_IMPORT_SECONDS_PER_TASK = 5e-5  # of the project (measured), until it is known
_IMPORT_SECONDS_PER_PREDICTION = 2e-3  # that the project has (measured), until it is known
_WORTH_A_TRIAL = 0.1  # part of what storing one by one takes otherwise (guess)


class ImportStrategy:
    """What storing takes in one project that has so many tasks and predictions."""

    def __init__(self, tasks: int, predictions: int) -> None:
        self._single = _SINGLE_SECONDS
        self._import = tasks * _IMPORT_SECONDS_PER_TASK + predictions * _IMPORT_SECONDS_PER_PREDICTION
        self._is_tried = False
        self._singly = 0.0  # seconds spent on single ones since the last import

    def prefers_import(self, number: int, left: int) -> bool:
        """Whether so many predictions are to be stored in one request, when `left` tasks are to come."""
        if self._import <= number * self._single:
            return True
        # What was slow once may have been a busy moment, so it is tried again when that costs little by now.
        otherwise = self._singly if self._is_tried else left * self._single
        return self._import <= otherwise * _WORTH_A_TRIAL

    def imported(self, seconds: float) -> None:
        """Notes what one request for many has taken; infinity where it did not come to its end."""
        self._import = seconds
        self._is_tried = True
        self._singly = 0.0

    def stored_singly(self, number: int, seconds: float) -> None:
        """Notes what so many single ones have taken."""
        if number:
            self._single = seconds / number
            self._singly += seconds
