"""What is written down about a cluster in its run folder, and reading it back. Decides nothing."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ocr_cluster import cache
from ocr_cluster.addresses import Addresses

_FILE = "cluster.json"


class Process(NamedTuple):
    """A process as the machine sees it: its id, and its start (ticks since boot) to tell recycled ids."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that now has this id; `NOBODY` when there is none or it is dead already."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return NOBODY
        state, *rest = stat.rpartition(")")[2].split()
        return NOBODY if state in "ZX" else cls(pid, int(rest[18]))

    def is_alive(self) -> bool:
        """Whether this very process is still there."""
        return self != NOBODY and Process.of(self.pid) == self


NOBODY = Process(0, 0)


@dataclass(frozen=True)
class Record:
    """A cluster as it was asked for, and the process that holds it.

    `folder`: its run folder, in which everything of it lies; fixed, even if the environment changes later.
    `light`: fake nodes instead of a real one. `ephemeral`: gone as soon as the process that made it is.
    `nodes` and `node_resources` (extended resources of each) are used by a light cluster only.
    `maker` is the process that makes it, `supervisor` the one that holds it.
    `ready`: it was once seen complete.
    """

    name: str
    slot: int
    folder: Path
    light: bool = False
    ephemeral: bool = False
    nodes: int = 1
    node_resources: tuple[tuple[str, str], ...] = ()
    maker: Process = NOBODY
    supervisor: Process = NOBODY
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
    """The record of that name; None when there is none, or none that this version can read."""
    try:
        folder = cache.clusters() / name
        fields = {**json.loads((folder / _FILE).read_text()), "folder": folder}
        fields["node_resources"] = tuple((key, value) for key, value in fields["node_resources"])
        fields["maker"], fields["supervisor"] = Process(*fields["maker"]), Process(*fields["supervisor"])
        return Record(**fields)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def names() -> list[str]:
    """Names of all run folders, also of half-made clusters without a record."""
    return sorted(path.name for path in cache.clusters().iterdir() if path.is_dir())
