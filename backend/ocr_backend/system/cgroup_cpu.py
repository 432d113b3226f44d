"""CPU of this container: the cores that it may use and the time that it used."""

import math
import os
from itertools import chain
from pathlib import Path

from ocr_backend.system.cgroup_files import cgroup_folders, innermost_first, read_field, read_text


def usable_cores(root: Path = Path("/")) -> int:
    """Whole cores, at least 1: the lower of the CPU affinity and the quotas of all parent control groups."""
    quotas = [quota for quota in (_quota_v2(root), _quota_v1(root)) if quota is not None]
    return max(1, math.floor(min([len(os.sched_getaffinity(0)), *quotas])))


def used_seconds(root: Path = Path("/")) -> float | None:
    """CPU time of all processes in the container; None if unknown."""
    for folder in innermost_first(cgroup_folders(root, "", root / "sys/fs/cgroup")):
        if microseconds := read_field(folder / "cpu.stat", "usage_usec"):
            return microseconds / 1e6
    mounts = ("sys/fs/cgroup/cpuacct", "sys/fs/cgroup/cpu,cpuacct")
    v1 = (innermost_first(cgroup_folders(root, "cpuacct", root / mount)) for mount in mounts)
    for folder in chain.from_iterable(v1):
        if nanoseconds := read_text(folder / "cpuacct.usage"):
            return int(nanoseconds) / 1e9
    return None


def _quota_v2(root: Path) -> float | None:
    """The lowest `cpu.max` (quota and period in microseconds) in cores; None without a quota."""
    quotas = []
    for folder in cgroup_folders(root, "", root / "sys/fs/cgroup"):
        fields = read_text(folder / "cpu.max").split()
        if len(fields) == 2 and fields[0] != "max":
            quotas.append(int(fields[0]) / int(fields[1]))
    return min(quotas, default=None)


def _quota_v1(root: Path) -> float | None:
    mounts = ("sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct")
    folders = [folder for mount in mounts for folder in cgroup_folders(root, "cpu", root / mount)]
    quotas = []
    for folder in folders:
        quota, period = read_text(folder / "cpu.cfs_quota_us"), read_text(folder / "cpu.cfs_period_us")
        if quota and period and int(quota) > 0:
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)
