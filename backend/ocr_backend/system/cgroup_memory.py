"""Memory of this container: its limit, what it uses, and what is available."""

from pathlib import Path

from ocr_backend.system.cgroup_files import cgroup_folders, innermost_first, read_field, read_text

_NO_LIMIT_V1 = 2**60  # bytes; version 1 has a number near 2**63 for "no limit"


def available_bytes(root: Path = Path("/")) -> int:
    """The lower of the container's limit and the machine's available memory; 0 if both are unknown."""
    return min([*_limits(root), *_machine_available(root)], default=0)


def limit_bytes(root: Path = Path("/")) -> int | None:
    """The lowest limit of our control group and its parents; None without a limit."""
    return min(_limits(root), default=None)


def used_bytes(root: Path = Path("/")) -> int | None:
    """Memory in use without reclaimable file cache; None if unknown.

    Same as the kubelet's working set (usage minus `inactive_file`), which decides about evictions.
    """
    v2 = cgroup_folders(root, "", root / "sys/fs/cgroup")
    v1 = cgroup_folders(root, "memory", root / "sys/fs/cgroup/memory")
    files = [(folder, "memory.current", "inactive_file") for folder in innermost_first(v2)]
    files += [(folder, "memory.usage_in_bytes", "total_inactive_file") for folder in innermost_first(v1)]
    for folder, usage_file, inactive_field in files:
        if usage := read_text(folder / usage_file):
            return max(0, int(usage) - read_field(folder / "memory.stat", inactive_field))
    return None


def _limits(root: Path) -> list[int]:
    """The limits of our control group and its parents, in bytes."""
    v2 = cgroup_folders(root, "", root / "sys/fs/cgroup")
    v1 = cgroup_folders(root, "memory", root / "sys/fs/cgroup/memory")
    texts = [read_text(folder / "memory.max") for folder in v2]
    texts += [read_text(folder / "memory.limit_in_bytes") for folder in v1]
    return [int(text) for text in texts if text.isdecimal() and int(text) < _NO_LIMIT_V1]


def _machine_available(root: Path) -> list[int]:
    """Memory that is free or can be freed on the machine (proc_meminfo(5); the unit is KiB)."""
    lines = read_text(root / "proc/meminfo").splitlines()
    return [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
