"""How many cores this process may use: what the container's limits and the scheduler leave of the machine's.

Reads /sys and /proc, knows nothing of the backend; `engines` asks it.
"""

import math
import os
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Whole cores, at least 1: the lesser of CPU affinity and the quota of every control group above us."""
    quotas = [quota for quota in (_quota_v2(root), _quota_v1(root)) if quota is not None]
    return max(1, math.floor(min([len(os.sched_getaffinity(0)), *quotas])))


def _quota_v2(root: Path) -> float | None:
    """Cores of the tightest `cpu.max` (quota and period in microseconds) from our group upwards."""
    quotas = []
    for folder in group_folders(root, "", root / "sys/fs/cgroup"):
        fields = text(folder / "cpu.max").split()
        if len(fields) == 2 and fields[0] != "max":
            quotas.append(int(fields[0]) / int(fields[1]))
    return min(quotas, default=None)


def _quota_v1(root: Path) -> float | None:
    quotas = []
    for mount in ("sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"):
        for folder in group_folders(root, "cpu", root / mount):
            quota, period = text(folder / "cpu.cfs_quota_us"), text(folder / "cpu.cfs_period_us")
            if quota and period and int(quota) > 0:
                quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def group_folders(root: Path, controller: str, mount: Path) -> list[Path]:
    """The folder of our control group and those above it, as far as they are visible here."""
    # Lines are `number:controllers:path`; version 2 has the one line without controllers.
    lines = (line.split(":", 2) for line in text(root / "proc/self/cgroup").splitlines())
    paths = (path for _, controllers, path in lines if controller in controllers.split(","))
    # In a container the path may be the host's, of which only the mount itself is visible.
    own = mount / next(paths, "/").strip("/")
    return [mount] + [folder for folder in (own, *own.parents) if mount in folder.parents]


def text(file: Path) -> str:
    """Content of a small file, without the ends of its lines; empty where it cannot be read."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""
