"""How much memory this process may use: the container's limit, or what the machine has left.

Reads /sys and /proc, knows nothing of the backend; `doctor` asks it.
"""

from pathlib import Path

from ocr_backend.system.cpu_quota import group_folders, text

_NO_LIMIT_V1 = 2**60  # bytes; version 1 says a number near 2**63 where there is none


def usable_bytes(root: Path = Path("/")) -> int:
    """Bytes; 0 where nothing can be found out."""
    limits = [*group_limits(root), *_available(root)]
    return min(limits, default=0)


def group_limits(root: Path) -> list[int]:
    """Bytes that each control group from ours upwards may use, without those that have no limit."""
    said = [text(folder / "memory.max") for folder in group_folders(root, "", root / "sys/fs/cgroup")]
    mount = root / "sys/fs/cgroup/memory"
    said += [text(folder / "memory.limit_in_bytes") for folder in group_folders(root, "memory", mount)]
    return [int(number) for number in said if number.isdecimal() and int(number) < _NO_LIMIT_V1]


def _available(root: Path) -> list[int]:
    """What is free or can be freed on the machine; its unit is KiB (Linux, proc_meminfo)."""
    lines = text(root / "proc/meminfo").splitlines()
    return [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
