"""Programs that build images, as command lines: docker, podman and buildah. All is pure except `usable`.

Knows no Dockerfile and no image of the product; `images` and `base_image` run these commands.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ocr_cluster import cache, debian

Command = list[str]


@dataclass(frozen=True)
class Build:
    """An image to build from a folder. `target`: a stage of the Dockerfile; the last one if empty."""

    reference: str
    folder: Path
    dockerfile: Path
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    certificates: Path | None = None

    def options(self) -> Command:
        """The options that all builders share."""
        options = ["--file", str(self.dockerfile), "--tag", self.reference]
        if self.target:
            options += ["--target", self.target]
        for name, value in self.arguments.items():
            options += ["--build-arg", f"{name}={value}"]
        if self.certificates:
            options += ["--secret", f"id=ca,src={self.certificates}"]
        return options


class Docker:
    """docker with a running daemon; BuildKit is its default builder."""

    name = "docker"

    def build(self, build: Build) -> Command:
        """Builds one image."""
        return ["docker", "build", *build.options(), str(build.folder)]

    def save(self, reference: str, archive: Path) -> Command:
        """Writes an archive in the format of `docker save`."""
        return ["docker", "save", "--output", str(archive), reference]

    def find(self, reference: str) -> Command:
        """Succeeds if the image exists."""
        return ["docker", "image", "inspect", reference]

    def pull(self, reference: str) -> Command:
        """Pulls a public image."""
        return ["docker", "pull", "--quiet", reference]

    def push(self, name: str) -> Command:
        """Pushes an image to the registry that its name begins with."""
        return ["docker", "push", "--quiet", name]

    def remove(self, reference: str) -> Command:
        """Removes an image, except layers that other images use."""
        return ["docker", "image", "rm", reference]


# chroot also works inside containers, and builds need neither limits nor an isolated network. OCI's format
# has no HEALTHCHECK.
_LOCAL_BUILD = ["--isolation", "chroot", "--format", "docker", "--layers", "--force-rm"]


class Podman:
    """podman, which has no daemon."""

    name = "podman"

    def build(self, build: Build) -> Command:
        """Builds one image."""
        return ["podman", "build", *_LOCAL_BUILD, *build.options(), str(build.folder)]

    def save(self, reference: str, archive: Path) -> Command:
        """Writes an archive in the format of `docker save`."""
        return ["podman", "save", "--format", "docker-archive", "--output", str(archive), reference]

    def find(self, reference: str) -> Command:
        """Succeeds if the image exists."""
        return ["podman", "image", "exists", reference]

    def pull(self, reference: str) -> Command:
        """Pulls a public image."""
        return ["podman", "pull", "--quiet", reference]

    def push(self, name: str) -> Command:
        """Pushes an image to the registry that its name begins with."""
        return ["podman", "push", "--quiet", name]

    def remove(self, reference: str) -> Command:
        """Removes an image, except layers that other images use."""
        return ["podman", "image", "rm", reference]


class Buildah:
    """buildah, which apt can install, with its storage in the cache folder."""

    name = "buildah"

    def build(self, build: Build) -> Command:
        """Builds one image."""
        return self._command("build", *_LOCAL_BUILD, *build.options(), str(build.folder))

    def save(self, reference: str, archive: Path) -> Command:
        """Writes an archive in the format of `docker save`."""
        return self._command("push", "--quiet", reference, f"docker-archive:{archive}:{reference}")

    def find(self, reference: str) -> Command:
        """Succeeds if the image exists."""
        return self._command("inspect", "--type", "image", reference)

    def pull(self, reference: str) -> Command:
        """Pulls a public image."""
        return self._command("pull", "--quiet", reference)

    def push(self, name: str) -> Command:
        """Pushes an image to the registry that its name begins with."""
        return self._command("push", "--quiet", name)

    def remove(self, reference: str) -> Command:
        """Removes an image, except layers that other images use."""
        return self._command("rmi", reference)

    def _command(self, *words: str) -> Command:
        """As root, with private mounts: otherwise buildah leaves its storage mounted in the cache folder."""
        storage = cache.images() / "storage"
        private = ["unshare", "--mount"] if os.geteuid() == 0 else []
        return [
            *private,
            "buildah",
            "--root",
            str(storage / "root"),
            "--runroot",
            str(storage / "run"),
            *words,
        ]


Engine = Docker | Podman | Buildah


def usable() -> Engine:
    """The first program that works here; installs buildah if none does. `ClusterError` if it cannot."""
    if _answers("docker", "info"):
        return Docker()
    if _answers("podman", "info"):
        return Podman()
    debian.ensure(["buildah"])
    return Buildah()


def _answers(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True).returncode == 0
