"""Image archives: writes simple ones without a build tool and reads the names in any. Knows no cluster."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from ocr_cluster.errors import ClusterError

_NAMES = ("pause", "volume", "serve", "fetch")


def write_node_image(program: Path, reference: str, target: Path) -> None:
    """Writes an archive (`docker load` format) with one layer: the program under each of its names."""
    _write(_layer(program.read_bytes()), {"Entrypoint": ["/pause"], "User": "65534:65534"}, reference, target)


def write_data_image(folder: Path, below: str, reference: str, target: Path) -> None:
    """Writes an archive of an image that has a folder's content in its folder `below`, and no program."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        layer.add(folder, below, filter=_readable)
    _write(buffer.getvalue(), {}, reference, target)


def _write(layer: bytes, runtime_config: dict[str, Any], reference: str, target: Path) -> None:
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": runtime_config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    scratch = target.with_suffix(".new")
    with tarfile.open(scratch, "w") as archive:
        for name, content in {
            "config.json": config,
            "layer.tar": layer,
            "manifest.json": json.dumps(manifest).encode(),
        }.items():
            archive.addfile(_entry(name, len(content)), io.BytesIO(content))
    scratch.rename(target)


def references(archive: Path) -> list[str]:
    """The names of the images in an archive of `docker save` or in an OCI archive.

    Raises `ClusterError` if it is neither, or if its images have no names.
    """
    try:
        with tarfile.open(archive) as files:
            names = _docker_names(files) or _oci_names(files)
    except (OSError, tarfile.TarError) as error:
        raise ClusterError(f"{archive} is not an image archive: {error}") from error
    if not names:
        raise ClusterError(f"{archive} contains no named image; save it by name, as in `docker save NAME`")
    return names


def _layer(program: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        entry = _entry(_NAMES[0], len(program))
        layer.addfile(entry, io.BytesIO(program))
        for name in _NAMES[1:]:
            link = _entry(name, 0)
            link.type, link.linkname = tarfile.LNKTYPE, _NAMES[0]
            layer.addfile(link)
    return buffer.getvalue()


def _readable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Readable for every user of the container."""
    entry.mode |= 0o555 if entry.isdir() else 0o444
    return entry


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    # Hard links need the mode too: theirs replaces the file's.
    entry.size, entry.mode = size, 0o755
    return entry


def _docker_names(files: tarfile.TarFile) -> list[str]:
    manifests = _json(files, "manifest.json") or []
    return [name for manifest in manifests for name in manifest.get("RepoTags") or []]


def _oci_names(files: tarfile.TarFile) -> list[str]:
    index = _json(files, "index.json") or {}
    annotations = [manifest.get("annotations", {}) for manifest in index.get("manifests", [])]
    names = [each.get("org.opencontainers.image.ref.name", "") for each in annotations]
    return [name for name in names if name]


def _json(files: tarfile.TarFile, name: str) -> Any:
    try:
        member = files.extractfile(name)
    except KeyError:
        return None
    return json.load(member) if member else None
