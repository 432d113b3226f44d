"""A running cluster for tests and the demo: files, tools and waiting. It does not start or stop clusters."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ocr_cluster import sandbox, waiting
from ocr_cluster.errors import ClusterError
from ocr_cluster.inside import PATH
from ocr_cluster.record import Record

T = TypeVar("T")


@dataclass(frozen=True)
class Cluster:
    """A running cluster. `lifeline`: the process whose stdin keeps an ephemeral cluster alive."""

    record: Record
    lifeline: subprocess.Popen[str] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Name of the cluster."""
        return self.record.name

    @property
    def folder(self) -> Path:
        """The run folder: logs, audit log, data. It is removed with the cluster."""
        return self.record.folder

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the administrator, with all certificates embedded."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """Every request to the API server, one JSON object per line, at level Metadata."""
        return self.folder / "audit.log"

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{self.record.addresses.node}:6443"

    def kubectl(self, *arguments: str, input: str | None = None, seconds: float = 120) -> str:
        """Output of kubectl for this cluster; raises `ClusterError` with its error output if it fails."""
        return self._tool("kubectl", *arguments, input=input, seconds=seconds)

    def helm(
        self, *arguments: str, input: str | None = None, seconds: float = 300, program: str = "helm"
    ) -> str:
        """Output of Helm 4, or of Helm 3 (`program="helm3"`: light clusters only), for this cluster.

        Raises `ClusterError` with its error output if it fails.
        """
        return self._tool(program, *arguments, input=input, seconds=seconds)

    def get(self, *arguments: str) -> Any:
        """The result of `kubectl get`, parsed; an empty dict if the object does not exist."""
        output = self.kubectl("get", *arguments, "--output=json", "--ignore-not-found")
        return json.loads(output) if output else {}

    def apply(self, *documents: Any) -> None:
        """Applies the objects."""
        self.kubectl("apply", "--filename=-", input="\n---\n".join(json.dumps(each) for each in documents))

    def wait(self, condition: Callable[[], T], description: str, seconds: float = 60) -> T:
        """The first true value of the condition; `ClusterError` with the cluster's state at the deadline."""
        return waiting.until(condition, f"{description} in cluster {self.name}", seconds, self.diagnostics)

    def enter(self, *command: str) -> list[str]:
        """The command, wrapped to run in the cluster's namespaces: its addresses, its private /run and /var.

        For servers that pods must reach: the node's address exists only in the cluster's network.
        """
        return sandbox.enter(self.record.supervisor.pid, ["env", f"PATH={PATH}", *command])

    def diagnostics(self) -> str:
        """Facts about problems: dead components, pods, recent warnings."""
        parts = [self.exits()]
        for arguments in (
            ("pods", "--all-namespaces", "--output=wide"),
            ("events", "--all-namespaces", "--field-selector=type=Warning", "--sort-by=.lastTimestamp"),
        ):
            try:
                parts.append("\n".join(self.kubectl("get", *arguments, seconds=20).splitlines()[-20:]))
            except ClusterError as error:
                parts.append(str(error))
        return "\n".join(part for part in parts if part)

    def exits(self) -> str:
        """One line for each component that has died."""
        log = self.folder / "exits.log"
        return log.read_text().strip() if log.exists() else ""

    def is_running(self) -> bool:
        """Whether the cluster's supervisor is alive."""
        return self.record.supervisor.is_alive()

    def _tool(self, name: str, *arguments: str, input: str | None, seconds: float) -> str:
        """Runs a tool with this cluster's kubeconfig and home, so that it can reach no other cluster."""
        command = [str(self.folder / "bin" / name), f"--kubeconfig={self.kubeconfig}", *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home")}
        try:
            result = subprocess.run(
                command, input=input, capture_output=True, text=True, env=environment, timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise ClusterError(f"{name} {' '.join(arguments)} did not end in {seconds:.0f} s") from error
        if result.returncode:
            output = result.stderr.strip() or result.stdout.strip()
            raise ClusterError(f"{name} {' '.join(arguments)}: {output}")
        return result.stdout
