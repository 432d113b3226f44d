"""What this container uses: memory that cannot be taken back, its limit, and time on the cores.

Reads /sys and /proc, knows nothing of the backend; `pod_metrics` asks it.
"""

from pathlib import Path

from ocr_backend.system.cgroup_memory import group_limits
from ocr_backend.system.cpu_quota import group_folders, text


def memory_bytes(root: Path = Path("/")) -> int | None:
    """Bytes in use without files that the kernel can drop, as the kubelet counts; None where nothing tells.

    Source: the kubelet's working set (usage less `inactive_file`), by which pods are evicted.
    """
    v2 = group_folders(root, "", root / "sys/fs/cgroup")
    v1 = group_folders(root, "memory", root / "sys/fs/cgroup/memory")
    for folders, usage, inactive in (
        (v2, "memory.current", "inactive_file"),
        (v1, "memory.usage_in_bytes", "total_inactive_file"),
    ):
        for folder in _own_first(folders):
            if used := text(folder / usage):
                return max(0, int(used) - _field(folder / "memory.stat", inactive))
    return None


def memory_limit_bytes(root: Path = Path("/")) -> int | None:
    """The tightest limit above this process; None where there is none."""
    return min(group_limits(root), default=None)


def cpu_seconds(root: Path = Path("/")) -> float | None:
    """Seconds that all processes of the container have been on a core; None where nothing tells."""
    for folder in _own_first(group_folders(root, "", root / "sys/fs/cgroup")):
        if used := _field(folder / "cpu.stat", "usage_usec"):
            return used / 1e6
    for mount in ("sys/fs/cgroup/cpuacct", "sys/fs/cgroup/cpu,cpuacct"):
        for folder in _own_first(group_folders(root, "cpuacct", root / mount)):
            if said := text(folder / "cpuacct.usage"):
                return int(said) / 1e9
    return None


def _own_first(folders: list[Path]) -> list[Path]:
    """Our group, those above it, and last the mount: in a container only that is visible, and is ours."""
    return [*folders[1:], *folders[:1]]


def _field(file: Path, name: str) -> int:
    """Number of a field in a file of `name number` lines; 0 where there is none."""
    fields = (line.split() for line in text(file).splitlines())
    return next((int(words[1]) for words in fields if len(words) == 2 and words[0] == name), 0)
