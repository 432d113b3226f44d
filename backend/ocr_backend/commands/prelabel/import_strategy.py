"""Decides from measured times whether to store predictions in one request or one by one.

Pure. After each request that imports several predictions, Label Studio 1.23 counts the predictions of all
tasks of the project again, however few it imports: 0.8 s for 100 in a project of 2,000 tasks, but 40 s in one
of 100,000 tasks with 20,000 predictions, where 100 single requests took 16 s (measured on SQLite). Other
releases and feature flags are faster, so the time is measured during the run.
"""

_SINGLE_SECONDS = 0.12  # for one prediction, until measured (seen: 0.09 to 0.16)
_IMPORT_SECONDS_PER_TASK = 5e-5  # per task of the project, until measured (seen)
_IMPORT_SECONDS_PER_PREDICTION = 2e-3  # per prediction of the project, until measured (seen)
_MAX_TRIAL_COST = 0.1  # a trial import may cost this share of storing one by one (guess)


class ImportStrategy:
    """How long storing takes in a project with this number of tasks and predictions."""

    def __init__(self, tasks: int, predictions: int) -> None:
        self._seconds_per_single = _SINGLE_SECONDS
        self._import_seconds = tasks * _IMPORT_SECONDS_PER_TASK + predictions * _IMPORT_SECONDS_PER_PREDICTION
        self._is_measured = False
        self._single_seconds_since_import = 0.0

    def prefers_import(self, count: int, remaining: int) -> bool:
        """Whether to store `count` predictions in one request, when `remaining` tasks follow."""
        if self._import_seconds <= count * self._seconds_per_single:
            return True
        # A slow import may have met a busy server, so it is tried again once that costs relatively little.
        if self._is_measured:
            single_seconds = self._single_seconds_since_import
        else:
            single_seconds = remaining * self._seconds_per_single
        return self._import_seconds <= single_seconds * _MAX_TRIAL_COST

    def record_import(self, seconds: float) -> None:
        """Records the time of one import; infinity if it did not finish."""
        self._import_seconds = seconds
        self._is_measured = True
        self._single_seconds_since_import = 0.0

    def record_singles(self, count: int, seconds: float) -> None:
        """Records the time of `count` single requests."""
        if count:
            self._seconds_per_single = seconds / count
            self._single_seconds_since_import += seconds
