"""What the operator is told once, at its start: which images to run where an OCRBackend names none.

Pure; `cli` fills it from the command line, `resources` reads it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageName:
    """An image without its version, and the version: `tag` or `digest` (`sha256:…`), the digest wins."""

    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag}" if self.tag else self.repository


def image_name(reference: str) -> ImageName:
    """The parts of a reference such as `host:5000/group/name:tag` or `name@sha256:…`."""
    repository, _, digest = reference.partition("@")
    head, colon, tag = repository.rpartition(":")
    # A colon before the last slash parts a host from its port.
    if not colon or "/" in tag:
        return ImageName(repository, digest=digest)
    return ImageName(head, tag, digest)


@dataclass(frozen=True)
class OperatorConfig:
    """Defaults for what specs leave out, and the operator's own patience.

    `surge_wait_seconds`: how long a new pod may wait for a device before an old one gives way.
    `has_image_volumes`: whether the cluster mounts images as volumes.
    """

    cpu_image: ImageName
    gpu_image: ImageName
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    surge_wait_seconds: float = 60.0
    has_image_volumes: bool = True
