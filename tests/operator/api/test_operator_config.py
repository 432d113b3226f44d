"""References of images, taken apart and put together."""

import pytest

from ocr_operator.api.operator_config import ImageName, image_name

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        pytest.param("backend", ImageName("backend"), id="nothing but a name"),
        pytest.param("group/backend:1.0", ImageName("group/backend", "1.0"), id="a tag"),
        pytest.param("host:5000/backend", ImageName("host:5000/backend"), id="a port is no tag"),
        pytest.param("host:5000/backend:1.0", ImageName("host:5000/backend", "1.0"), id="port and tag"),
        pytest.param(f"backend@{DIGEST}", ImageName("backend", digest=DIGEST), id="a digest"),
        pytest.param(f"b:1@{DIGEST}", ImageName("b", "1", DIGEST), id="tag and digest"),
    ],
)
def test_a_reference_is_taken_apart(reference: str, parts: ImageName) -> None:
    assert image_name(reference) == parts


def test_the_digest_wins_over_the_tag() -> None:
    assert str(ImageName("backend", "1.0", DIGEST)) == f"backend@{DIGEST}"


def test_without_version_the_name_stands_alone() -> None:
    assert str(ImageName("host:5000/backend")) == "host:5000/backend"
