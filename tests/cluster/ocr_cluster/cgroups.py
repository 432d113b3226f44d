"""Control groups of a cluster's pods, in both versions: made for the kubelet, removed with the cluster.

Knows no processes: whoever removes the groups has ended their processes first.
"""

import errno
from collections.abc import Iterable
from pathlib import Path

from ocr_cluster import waiting
from ocr_cluster.errors import ClusterError

_ROOT = Path("/sys/fs/cgroup")
_CONTROLLERS = ("cpuset", "cpu", "memory", "pids")


def make(name: str, root: Path = _ROOT) -> None:
    """Makes the group in every hierarchy, with the controllers that the kubelet asks for."""
    try:
        for hierarchy in _hierarchies(root):
            (_make_unified if hierarchy == root else _make)(hierarchy, name)
    except OSError as error:
        raise ClusterError(f"pods need control groups, and none can be made here: {error}") from error


def remove(name: str, root: Path = _ROOT) -> None:
    """Removes the group and all below it from every hierarchy, waiting until the kernel lets go."""
    groups = [hierarchy / name for hierarchy in _hierarchies(root)]
    waiting.until(lambda: _removed(groups), f"the control groups {name} to empty", 30)


def _hierarchies(root: Path) -> list[Path]:
    """The mounted hierarchies: one in version 2, one per set of controllers in version 1."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted({path.resolve() for path in root.iterdir() if (path / "cgroup.procs").exists()})


def _make(hierarchy: Path, name: str) -> None:
    """Makes the group in a hierarchy of version 1."""
    group = hierarchy / name
    group.mkdir(exist_ok=True)
    if (group / "cpuset.cpus").exists():
        # The kernel leaves these empty, and no process may enter such a group.
        for file in ("cpuset.cpus", "cpuset.mems"):
            (group / file).write_text((hierarchy / file).read_text())


def _make_unified(root: Path, name: str) -> None:
    """Makes the group in version 2, where a group has the controllers that its parent passes on."""
    control = root / "cgroup.subtree_control"
    for controller in sorted(set(_CONTROLLERS) - set(control.read_text().split())):
        control.write_text(f"+{controller}")
    (root / name).mkdir(exist_ok=True)


def _removed(groups: Iterable[Path]) -> bool:
    done = True
    for group in groups:
        for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            done &= _rmdir(folder)
        done &= _rmdir(group)
    return done


def _rmdir(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.ENOTEMPTY, errno.ENOENT):
            raise
        return error.errno == errno.ENOENT
    return True
