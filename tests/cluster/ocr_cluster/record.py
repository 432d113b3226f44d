"""The record of a cluster in its run folder: writing and reading it."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ocr_cluster import cache
from ocr_cluster.addresses import Addresses

_FILE = "cluster.json"


class Process(NamedTuple):
    """A process of the machine: its id, and its start (ticks since boot), since ids are reused."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has this id now; `NO_PROCESS` if there is none or it has ended."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return NO_PROCESS
        state, *rest = stat.rpartition(")")[2].split()
        return NO_PROCESS if state in "ZX" else cls(pid, int(rest[18]))

    def is_alive(self) -> bool:
        """Whether this process still runs, and not another one with the same id."""
        return self != NO_PROCESS and Process.of(self.pid) == self


NO_PROCESS = Process(0, 0)


@dataclass(frozen=True)
class Record:
    """A cluster as requested, and its processes.

    `folder`: the run folder with all its files; it does not change with the environment.
    `light`: fake nodes instead of a real one. `ephemeral`: ends with the process that created it.
    `nodes` and `node_resources` (extended resources of each node) are for light clusters.
    `creator` is the process that starts the cluster, `supervisor` the one that runs its components.
    `ready`: the start was completed.
    """

    name: str
    slot: int
    folder: Path
    light: bool = False
    ephemeral: bool = False
    nodes: int = 1
    node_resources: tuple[tuple[str, str], ...] = ()
    creator: Process = NO_PROCESS
    supervisor: Process = NO_PROCESS
    ready: bool = False

    @property
    def addresses(self) -> Addresses:
        """Addresses of the slot."""
        return Addresses(self.slot)

    def saved(self, **changes: object) -> "Record":
        """The changed record, written to its folder."""
        changed = replace(self, **changes)  # type: ignore[arg-type]
        scratch = self.folder / f"{_FILE}.new"
        scratch.write_text(json.dumps({**asdict(changed), "folder": str(self.folder)}, indent=2))
        scratch.rename(self.folder / _FILE)
        return changed


def load(name: str) -> Record | None:
    """The record of this name; None if there is none, or this version cannot read it."""
    try:
        folder = cache.clusters() / name
        fields = {**json.loads((folder / _FILE).read_text()), "folder": folder}
        fields["node_resources"] = tuple((key, value) for key, value in fields["node_resources"])
        fields["creator"], fields["supervisor"] = Process(*fields["creator"]), Process(*fields["supervisor"])
        return Record(**fields)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def names() -> list[str]:
    """Names of all run folders, also of incomplete clusters without a record."""
    return sorted(path.name for path in cache.clusters().iterdir() if path.is_dir())
