"""The operator's own configuration, fixed at its start: default images and timeouts.

Pure; `cli` fills it from the command line, `pod_template` and `plan` read it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageReference:
    """A container image: repository, and `tag` or `digest` (`sha256:…`); the digest takes precedence."""

    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag}" if self.tag else self.repository


def parse_image_reference(reference: str) -> ImageReference:
    """The parts of a reference such as `host:5000/group/name:tag` or `name@sha256:…`."""
    name, _, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    # A colon before the last slash separates a host from its port.
    if not colon or "/" in tag:
        return ImageReference(name, digest=digest)
    return ImageReference(repository, tag, digest)


@dataclass(frozen=True)
class OperatorConfig:
    """Defaults for fields that a spec leaves out, and the operator's own timeouts.

    `surge_wait_seconds`: how long a new pod waits for a device before an old pod is stopped to free one.
    `max_concurrent_rollouts`: of OCRBackends that serve; 0 for no limit. `has_image_volumes`: whether the
    cluster can mount images as volumes. `assigns_user_ids`: whether the cluster assigns user and group ids to
    pods, as OpenShift does.
    """

    cpu_image: ImageReference
    paddle_image: ImageReference
    gpu_image: ImageReference
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    surge_wait_seconds: float = 60.0
    max_concurrent_rollouts: int = 0
    has_image_volumes: bool = True
    assigns_user_ids: bool = False
