"""The kubectl program, run with the flags that the user gave: kubeconfigs and logins are its matter.

Decides nothing. The only module of this package that starts processes.
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
    """kubectl is not there or failed; the text is its own."""


class Kubectl:
    """kubectl with these flags (`--namespace=labs` and the like) on every call."""

    def __init__(self, flags: tuple[str, ...] = ()) -> None:
        self._flags = flags

    def command(self, *arguments: str) -> str:
        """The call as a person would type it."""
        return " ".join(["kubectl", *self._flags, *arguments])

    def run(self, *arguments: str) -> str:
        """Its output.

        Raises:
            KubectlError: it failed, or did not end in a minute.
        """
        try:
            done = subprocess.run(
                ["kubectl", *self._flags, *arguments],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise KubectlError("there is no kubectl on the PATH; install it") from error
        except subprocess.TimeoutExpired as error:
            raise KubectlError(
                f"no answer within {_TIMEOUT_SECONDS} s: {self.command(*arguments)}"
            ) from error
        if done.returncode:
            raise KubectlError(done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def get(self, kind: str, name: str) -> Json | None:
        """The object, or None if there is none."""
        found = self.run("get", kind, name, "--output=json", "--ignore-not-found")
        return json.loads(found) if found.strip() else None

    def list(self, kind: str, *selectors: str) -> list[Json]:
        """The objects of a kind in the namespace."""
        found: list[Json] = json.loads(self.run("get", kind, "--output=json", *selectors))["items"]
        return found

    @contextmanager
    def forwarded(self, service: str, port: int) -> Iterator[int]:
        """A port of this machine that leads to a Service's port while the context lasts."""
        arguments = ["kubectl", *self._flags, "port-forward", f"service/{service}", f":{port}"]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with process:
            try:
                said = process.stdout.readline() if process.stdout else ""
                if not (found := _FORWARDING.match(said)):
                    process.terminate()
                    raise KubectlError(process.stderr.read().strip() if process.stderr else said)
                yield int(found[1])
            finally:
                process.terminate()
