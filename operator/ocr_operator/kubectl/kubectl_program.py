"""The kubectl program, run with the user's flags; kubectl itself handles kubeconfigs and authentication.

Decides nothing. The only module of this room that starts processes.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Json = dict[str, Any]

_TIMEOUT_SECONDS = 60
_FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ")


class KubectlError(Exception):
    """kubectl is missing or failed; the text is kubectl's own."""


class Kubectl:
    """kubectl with flags such as `--namespace=labs` on every call."""

    def __init__(self, flags: tuple[str, ...] = ()) -> None:
        self._flags = flags

    def command(self, *arguments: str) -> str:
        """The call as a user would type it."""
        return " ".join(["kubectl", *self._flags, *arguments])

    def run(self, *arguments: str) -> str:
        """Run kubectl and return its output.

        Raises:
            KubectlError: kubectl failed or did not end within a minute.
        """
        try:
            completed = subprocess.run(
                ["kubectl", *self._flags, *arguments],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise KubectlError("kubectl not found on the PATH; install it") from error
        except subprocess.TimeoutExpired as error:
            raise KubectlError(
                f"no response within {_TIMEOUT_SECONDS} s: {self.command(*arguments)}"
            ) from error
        if completed.returncode:
            raise KubectlError(completed.stderr.strip() or completed.stdout.strip())
        return completed.stdout

    def get(self, kind: str, name: str) -> Json | None:
        """The object; None if it does not exist."""
        output = self.run("get", kind, name, "--output=json", "--ignore-not-found")
        return json.loads(output) if output.strip() else None

    def list(self, kind: str, *selectors: str) -> list[Json]:
        """The objects of a kind in the namespace."""
        items: list[Json] = json.loads(self.run("get", kind, "--output=json", *selectors))["items"]
        return items

    @contextmanager
    def port_forward(self, service: str, port: int) -> Iterator[int]:
        """A local port that is forwarded to a Service's port while the context lasts."""
        arguments = ["kubectl", *self._flags, "port-forward", f"service/{service}", f":{port}"]
        with subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield _local_port(process)
            finally:
                process.terminate()


def _local_port(process: subprocess.Popen[str]) -> int:
    output = process.stdout.readline() if process.stdout else ""
    if match := _FORWARDING.match(output):
        return int(match[1])
    process.terminate()
    raise KubectlError(process.stderr.read().strip() if process.stderr else output)
