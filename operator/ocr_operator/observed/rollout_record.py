"""What a variant's Deployment itself remembers of its rollouts, in one annotation, so that no operator must.

Pure. `rollout` decides what is remembered; `variants` and `kubectl ocr why` read it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ocr_operator.api.names import REVISION_LABEL
from ocr_operator.api.reasons import Reason


@dataclass(frozen=True)
class LastGood:
    """The last revision that has served with all its pods, and the template that makes it."""

    revision: str
    template: Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A revision that is being rolled out, and since when (RFC 3339)."""

    revision: str
    since: str


@dataclass(frozen=True)
class RolledBack:
    """A revision that was not ready in time, why, and when it was taken back (RFC 3339)."""

    revision: str
    reason: str
    message: str
    time: str


@dataclass(frozen=True)
class Record:
    """All that is remembered; nothing before a first revision has served."""

    good: LastGood | None = None
    candidate: Candidate | None = None
    rolled_back: RolledBack | None = None

    @property
    def text(self) -> str:
        """The annotation's value, the same for the same record; empty for an empty one."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if told else ""


def record(text: str) -> Record:
    """What an annotation says; nothing, where somebody has made it say what no operator writes."""
    try:
        told = json.loads(text) if text else {}
        return Record(
            good=_good(told),
            candidate=_candidate(told),
            rolled_back=_rolled_back(told),
        )
    except (ValueError, TypeError, KeyError):
        return Record()


def _good(told: Mapping[str, Any]) -> LastGood | None:
    if "good" not in told:
        return None
    found = LastGood(**told["good"])
    if found.template["metadata"]["labels"][REVISION_LABEL] != found.revision:
        raise ValueError(found.revision)
    return found


def _candidate(told: Mapping[str, Any]) -> Candidate | None:
    if "candidate" not in told:
        return None
    found = Candidate(**told["candidate"])
    datetime.fromisoformat(found.since)
    return found


def _rolled_back(told: Mapping[str, Any]) -> RolledBack | None:
    if "rolled_back" not in told:
        return None
    found = RolledBack(**told["rolled_back"])
    # One that only a newer operator knows: the API server would refuse a status with it.
    return found if found.reason in set(Reason) else RolledBack(**{**asdict(found), "reason": _UNKNOWN})


_UNKNOWN = str(Reason.PROGRESS_DEADLINE_EXCEEDED)
