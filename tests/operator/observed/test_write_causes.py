"""Failed writes, and the reason that each gets."""

import pytest

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.write_causes import refusal_reason, write_cause


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        pytest.param(
            403, "exceeded quota: small, requested: services=1", Reason.QUOTA_EXCEEDED, id="a quota"
        ),
        pytest.param(403, "cannot patch resource", Reason.FORBIDDEN, id="a missing permission"),
        pytest.param(
            422, "spec.template.spec.affinity: Invalid value", Reason.INVALID, id="an invalid field"
        ),
        pytest.param(
            422,
            "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
            Reason.VOLUME_DIFFERS,
            id="a smaller claim",
        ),
        pytest.param(409, "the uid does not match", Reason.API_ERROR, id="the object was replaced"),
        pytest.param(503, "unavailable", Reason.API_ERROR, id="a server error"),
        pytest.param(None, "no response", Reason.API_ERROR, id="no response"),
    ],
)
def test_a_refused_write_has_a_reason(status: int | None, message: str, reason: Reason) -> None:
    cause = write_cause(status, message, "Service labs/ocr-ch-mobile")
    assert cause.reason is reason
    assert cause.message.startswith(f"Service labs/ocr-ch-mobile: {message}")


def test_a_forbidden_write_is_refused_by_a_quota_or_a_policy() -> None:
    assert refusal_reason("exceeded quota: x") is Reason.QUOTA_EXCEEDED
    assert refusal_reason("denied by policy x") is Reason.FORBIDDEN
