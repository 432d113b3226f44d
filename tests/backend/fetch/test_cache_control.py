import pytest

from ocr_backend.fetch.cache_control import cache_seconds


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", float("inf")),
        ("public", float("inf")),
        ("private, max-age=60, must-revalidate", 60),
        ('max-age="60"', 60),
        ("max-age=0", 0),
        ("max-age=soon", float("inf")),
        ("no-store, max-age=3600", 0),
        ("No-Cache", 0),
        ("public,NO-STORE", 0),
    ],
)
def test_cache_control_limits_how_long_a_file_is_cached(cache_control: str, seconds: float) -> None:
    assert cache_seconds(cache_control) == seconds
