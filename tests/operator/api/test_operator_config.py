"""Image references are parsed and written."""

import pytest

from ocr_operator.api.operator_config import ImageReference, parse_image_reference

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        pytest.param("backend", ImageReference("backend"), id="a name only"),
        pytest.param("group/backend:1.0", ImageReference("group/backend", "1.0"), id="a tag"),
        pytest.param("host:5000/backend", ImageReference("host:5000/backend"), id="a port is not a tag"),
        pytest.param("host:5000/backend:1.0", ImageReference("host:5000/backend", "1.0"), id="port and tag"),
        pytest.param(f"backend@{DIGEST}", ImageReference("backend", digest=DIGEST), id="a digest"),
        pytest.param(f"b:1@{DIGEST}", ImageReference("b", "1", DIGEST), id="tag and digest"),
    ],
)
def test_a_reference_is_parsed(reference: str, parts: ImageReference) -> None:
    assert parse_image_reference(reference) == parts


def test_the_digest_takes_precedence_over_the_tag() -> None:
    assert str(ImageReference("backend", "1.0", DIGEST)) == f"backend@{DIGEST}"


def test_a_reference_without_version_is_the_repository() -> None:
    assert str(ImageReference("host:5000/backend")) == "host:5000/backend"
