"""The real Prometheus and its promtool, out of Debian's package: unpacked into the cache, not installed.

Knows nothing of what is scraped. Needs root only for `apt-get update`.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from server_process import free_port, serving_process
from user_cache import cache_folder, made_once

_SECONDS_TO_START = 60
Sample = dict[str, Any]


def program(name: str) -> Path:
    """`prometheus` or `promtool`."""
    return made_once(cache_folder() / "prometheus", _unpack) / "usr" / "bin" / name


def _unpack(folder: Path) -> None:
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, check=True, capture_output=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "--extract", package, folder], check=True)
        package.unlink()


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What promtool says; its exit status is not checked."""
    return subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """Samples of now or of a time in s since 1970, each with `metric` and `value`."""
        return self._asked("query", query=expression, **({} if at is None else {"time": at}))

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Sample]:
        """Series, each with `metric` and `values`, between two times in s since 1970."""
        return self._asked("query_range", query=expression, start=start, end=end, step=step)

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        alerts = self._get("alerts")["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def alerts(self, name: str) -> list[Sample]:
        """The firing alerts of a name, with labels and annotations."""
        alerts = self._get("alerts")["alerts"]
        return [one for one in alerts if one["labels"]["alertname"] == name and one["state"] == "firing"]

    def fired(self) -> list[dict[str, str]]:
        """Labels of each alert that fires, or has within the last hour."""
        return [one["metric"] for one in self.query('max_over_time(ALERTS{alertstate="firing"}[1h])')]

    def targets(self) -> list[dict[str, str]]:
        """Labels of each target, which may be down."""
        return [one["labels"] for one in self._get("targets")["activeTargets"]]

    def reload(self) -> None:
        """Has it read its configuration and rules anew; needs `--web.enable-lifecycle`."""
        answer = requests.post(f"{self.url}/-/reload", timeout=30)
        if not answer.ok:
            raise AssertionError(answer.text)

    def _asked(self, path: str, **arguments: object) -> list[Sample]:
        found: list[Sample] = self._get(path, **arguments)["result"]
        return found

    def _get(self, path: str, **arguments: object) -> Any:
        answer = requests.post if path.startswith("query") else requests.get
        said = answer(f"{self.url}/api/v1/{path}", data=arguments, timeout=30).json()
        if said["status"] != "success":
            raise AssertionError(f"{json.dumps(arguments)}: {said.get('error')}")
        return said["data"]


@contextmanager
def running_prometheus(folder: Path, config: Path, more: Sequence[str] = ()) -> Iterator[Prometheus]:
    """A server with this configuration, from when it is ready until the end of the context."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *more,
    ]
    log = folder / "prometheus.log"
    with serving_process(command, {"HOME": str(folder)}, log, f"{url}/-/ready", _SECONDS_TO_START):
        yield Prometheus(url)
