"""Every reason with which a kubelet says that a container waits for good gives the pod a cause."""

from collections.abc import Callable

import pytest

from ocr_operator.api.reasons import Reason
from ocr_operator.observed.pod_causes import pod_cause
from ocr_operator.observed.pods import ObservedPod

_REASONS = {
    "ErrImagePull": Reason.IMAGE_PULL_FAILED,
    "ImagePullBackOff": Reason.IMAGE_PULL_FAILED,
    "ErrImageNeverPull": Reason.IMAGE_PULL_FAILED,
    "InvalidImageName": Reason.IMAGE_PULL_FAILED,
    "ImageInspectError": Reason.IMAGE_PULL_FAILED,
    "RegistryUnavailable": Reason.IMAGE_PULL_FAILED,
    "SignatureValidationFailed": Reason.IMAGE_PULL_FAILED,
    "CreateContainerConfigError": Reason.CONTAINER_NOT_CREATED,
    "CreateContainerError": Reason.CONTAINER_NOT_CREATED,
    "RunContainerError": Reason.CONTAINER_NOT_CREATED,
}


@pytest.mark.parametrize(("waiting_reason", "reason"), _REASONS.items())
def test_a_container_that_waits_for_good_is_a_cause(
    pod: Callable[..., ObservedPod], waiting_reason: str, reason: Reason
) -> None:
    cause = pod_cause(pod({}, state={"waiting": {"reason": waiting_reason}}))
    assert cause is not None
    assert cause.reason is reason
