"""The real Prometheus and promtool from Debian's package, unpacked into the cache, not installed.

Knows nothing about the targets. Needs root only for `apt-get update`.
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
from user_cache import cache_folder, created_once

_SECONDS_TO_START = 60
Sample = dict[str, Any]


def program(name: str) -> Path:
    """The path of `prometheus` or `promtool`."""
    return created_once(cache_folder() / "prometheus", _unpack) / "usr" / "bin" / name


def _unpack(folder: Path) -> None:
    subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
    subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, check=True, capture_output=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "--extract", package, folder], check=True)
        package.unlink()


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The result of promtool, whatever its exit status."""
    return subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str

    def query(self, expression: str, time: float | None = None) -> list[Sample]:
        """Samples now or at a time in s since 1970, each with `metric` and `value`."""
        return self._samples("query", query=expression, **({} if time is None else {"time": time}))

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Sample]:
        """Series, each with `metric` and `values`, between two times in s since 1970."""
        return self._samples("query_range", query=expression, start=start, end=end, step=step)

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        alerts = self._get("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def alerts(self, name: str) -> list[Sample]:
        """The firing alerts of a name, with labels and annotations."""
        alerts = self._get("alerts")["alerts"]
        return [
            alert for alert in alerts if (alert["labels"]["alertname"], alert["state"]) == (name, "firing")
        ]

    def fired(self) -> list[dict[str, str]]:
        """Labels of each alert that fires or has fired in the last hour."""
        samples = self.query('max_over_time(ALERTS{alertstate="firing"}[1h])')
        return [sample["metric"] for sample in samples]

    def targets(self) -> list[dict[str, str]]:
        """Labels of each target, including those that are down."""
        return [target["labels"] for target in self._get("targets")["activeTargets"]]

    def reload(self) -> None:
        """Reloads its configuration and rules; needs `--web.enable-lifecycle`."""
        response = requests.post(f"{self.url}/-/reload", timeout=30)
        if not response.ok:
            raise AssertionError(response.text)

    def _samples(self, path: str, **arguments: object) -> list[Sample]:
        samples: list[Sample] = self._get(path, **arguments)["result"]
        return samples

    def _get(self, path: str, **arguments: object) -> Any:
        method = requests.post if path.startswith("query") else requests.get
        body = method(f"{self.url}/api/v1/{path}", data=arguments, timeout=30).json()
        if body["status"] != "success":
            raise AssertionError(f"{json.dumps(arguments)}: {body.get('error')}")
        return body["data"]


@contextmanager
def running_prometheus(folder: Path, config: Path, arguments: Sequence[str] = ()) -> Iterator[Prometheus]:
    """A Prometheus with this configuration, ready until the end of the context."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *arguments,
    ]
    log = folder / "prometheus.log"
    with serving_process(command, {"HOME": str(folder)}, log, f"{url}/-/ready", _SECONDS_TO_START):
        yield Prometheus(url)
