"""Reads files of Linux control groups (cgroups), version 1 and 2."""

from pathlib import Path


def cgroup_folders(root: Path, controller: str, mount: Path) -> list[Path]:
    """The mount, then our control group and its visible parents; the controller is "" for version 2."""
    # The lines are `number:controllers:path`; the line of version 2 has no controllers.
    lines = (line.split(":", 2) for line in read_text(root / "proc/self/cgroup").splitlines())
    paths = (path for _, controllers, path in lines if controller in controllers.split(","))
    # In a container the path may be that of the host, of which only the mount is visible.
    folder = mount / next(paths, "/").strip("/")
    return [mount] + [parent for parent in (folder, *folder.parents) if mount in parent.parents]


def innermost_first(folders: list[Path]) -> list[Path]:
    """Our control group, its parents, and last the mount, which in a container is our group."""
    return [*folders[1:], *folders[:1]]


def read_text(file: Path) -> str:
    """The content of a small file, stripped; empty if it cannot be read."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def read_field(file: Path, name: str) -> int:
    """The number of a field in a file of `name number` lines; 0 without the field."""
    fields = (line.split() for line in read_text(file).splitlines())
    return next((int(words[1]) for words in fields if len(words) == 2 and words[0] == name), 0)
