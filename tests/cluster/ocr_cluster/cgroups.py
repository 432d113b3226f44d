"""Control groups of a cluster's pods, version 1 and 2: created for the kubelet, removed with the cluster.

Ends no processes: callers of `remove` have ended those in the groups.
"""

import errno
from collections.abc import Iterable
from pathlib import Path

from ocr_cluster import waiting
from ocr_cluster.errors import ClusterError

_ROOT = Path("/sys/fs/cgroup")
_CONTROLLERS = ("cpuset", "cpu", "memory", "pids")


def make(name: str, root: Path = _ROOT) -> None:
    """Creates the group in every hierarchy, with the controllers that the kubelet needs."""
    try:
        for hierarchy in _hierarchies(root):
            (_make_unified if hierarchy == root else _make)(hierarchy, name)
    except OSError as error:
        raise ClusterError(
            f"pods need control groups, which cannot be created on this machine: {error}"
        ) from error


def remove(name: str, root: Path = _ROOT) -> None:
    """Removes the group and all groups in it from every hierarchy; waits until they are empty."""
    groups = [hierarchy / name for hierarchy in _hierarchies(root)]
    waiting.until(lambda: _try_remove(groups), f"the control groups {name} to be empty", 30)


def _hierarchies(root: Path) -> list[Path]:
    """The mounted hierarchies: one in version 2, one per set of controllers in version 1."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted({path.resolve() for path in root.iterdir() if (path / "cgroup.procs").exists()})


def _make(hierarchy: Path, name: str) -> None:
    """Creates the group in a hierarchy of version 1."""
    group = hierarchy / name
    group.mkdir(exist_ok=True)
    if (group / "cpuset.cpus").exists():
        # The kernel leaves these empty, and refuses processes in such a group.
        for file in ("cpuset.cpus", "cpuset.mems"):
            (group / file).write_text((hierarchy / file).read_text())


def _make_unified(root: Path, name: str) -> None:
    """Creates the group in version 2, where a group has the controllers that its parent enables."""
    control = root / "cgroup.subtree_control"
    for controller in sorted(set(_CONTROLLERS) - set(control.read_text().split())):
        control.write_text(f"+{controller}")
    (root / name).mkdir(exist_ok=True)


def _try_remove(groups: Iterable[Path]) -> bool:
    is_removed = True
    for group in groups:
        for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            is_removed &= _rmdir(folder)
        is_removed &= _rmdir(group)
    return is_removed


def _rmdir(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.ENOTEMPTY, errno.ENOENT):
            raise
        return error.errno == errno.ENOENT
    return True
