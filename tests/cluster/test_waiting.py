import pytest

from ocr_cluster import waiting
from ocr_cluster.errors import ClusterError


def test_the_first_true_value_is_returned():
    values = iter([0, "", "ready"])
    assert waiting.until(lambda: next(values), "it", 10) == "ready"


def test_the_error_at_the_deadline_contains_the_diagnostics():
    with pytest.raises(ClusterError, match=r"waited 0 s for it; last value: \[\]\nthe pod is gone"):
        waiting.until(list, "it", 0, lambda: "the pod is gone")


def test_an_error_in_the_condition_ends_the_wait():
    def broken():
        raise ValueError("never comes true")

    with pytest.raises(ValueError, match="never comes true"):
        waiting.until(broken, "it", 10)
