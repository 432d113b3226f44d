"""The rollout history of a variant, in one annotation of its Deployment.

Pure. The annotation keeps the operator stateless. `planning.rollout` decides what is recorded; the status and
`kubectl ocr why` read it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ocr_operator.api.names import REVISION_LABEL
from ocr_operator.api.reason_groups import REVISION_FAULTS
from ocr_operator.api.reasons import Reason

_UNKNOWN_REASON = str(Reason.PROGRESS_DEADLINE_EXCEEDED)


FIRST_RETRY_SECONDS = 15 * 60
LONGEST_RETRY_SECONDS = 4 * 3600


@dataclass(frozen=True)
class LastGood:
    """The last revision of which all pods were ready, and its pod template."""

    revision: str
    template: Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A revision that is being rolled out, when the rollout started (RFC 3339), and earlier attempts."""

    revision: str
    since: str
    retries: int = 0


@dataclass(frozen=True)
class RolledBack:
    """A revision that was not ready in time, why, when it was rolled back (RFC 3339), and its retries."""

    revision: str
    reason: str
    message: str
    time: str
    retries: int = 0

    @property
    def next_retry(self) -> datetime | None:
        """When the revision is tried again; None if it is to blame, or a user requested the rollback."""
        if self.is_requested or Reason(self.reason) in REVISION_FAULTS:
            return None
        wait = min(FIRST_RETRY_SECONDS * 2.0**self.retries, LONGEST_RETRY_SECONDS)
        return datetime.fromisoformat(self.time) + timedelta(seconds=wait)

    @property
    def is_requested(self) -> bool:
        """Whether a user requested the rollback."""
        return self.reason == Reason.ROLLBACK_REQUESTED

    @property
    def summary(self) -> str:
        """The revision and the reason, in a sentence."""
        return f"rolled back from revision {self.revision} ({self.reason}: {self.message})"


@dataclass(frozen=True)
class Record:
    """The whole history; empty until a first revision is rolled out.

    `retry` and `rollback` are the last requests that were honoured.
    """

    good: LastGood | None = None
    candidate: Candidate | None = None
    rolled_back: RolledBack | None = None
    retry: str = ""
    rollback: str = ""

    @property
    def text(self) -> str:
        """The annotation's value, always the same for the same record; empty for an empty record."""
        fields = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if fields else ""


def record(text: str) -> Record:
    """The record in an annotation; an empty one if the text is not what an operator writes."""
    try:
        fields = json.loads(text) if text else {}
        return Record(
            good=_good(fields),
            candidate=_candidate(fields),
            rolled_back=_rolled_back(fields),
            retry=_token(fields, "retry"),
            rollback=_token(fields, "rollback"),
        )
    except (ValueError, TypeError, KeyError):
        return Record()


def _good(fields: Mapping[str, Any]) -> LastGood | None:
    if "good" not in fields:
        return None
    good = LastGood(**fields["good"])
    if good.template["metadata"]["labels"][REVISION_LABEL] != good.revision:
        raise ValueError(good.revision)
    return good


def _token(fields: Mapping[str, Any], name: str) -> str:
    return str(fields[name]) if name in fields else ""


def _candidate(fields: Mapping[str, Any]) -> Candidate | None:
    if "candidate" not in fields:
        return None
    candidate = Candidate(**fields["candidate"])
    datetime.fromisoformat(candidate.since)
    return candidate


def _rolled_back(fields: Mapping[str, Any]) -> RolledBack | None:
    if "rolled_back" not in fields:
        return None
    rolled_back = RolledBack(**fields["rolled_back"])
    if rolled_back.reason in set(Reason):
        return rolled_back
    # A newer operator wrote this reason. The API server would refuse a status with it.
    return replace(rolled_back, reason=_UNKNOWN_REASON)
