"""A real Prometheus with the monitors and rules of a cluster.

`prometheus_operator` makes the configuration files; this module updates them when the cluster changes.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import prometheus_operator
from ocr_cluster.cluster import Cluster
from prometheus_process import Prometheus, running_prometheus
from shortened_rules import shortened

_KINDS = "pods,services,podmonitors,servicemonitors,prometheusrules"
_INTERVAL = "1s"
_POLL_SECONDS = 0.5


@contextmanager
def monitored(cluster: Cluster, folder: Path) -> Iterator[Prometheus]:
    """Prometheus with its data in this folder, until the end of the context. Its rules are shortened.

    The cluster must have the CRDs of the Prometheus operator.
    """
    files = _Files(cluster, folder)
    files.write()
    stopped = Event()
    with (
        running_prometheus(folder, folder / "prometheus.yml", ["--web.enable-lifecycle"]) as prometheus,
        ThreadPoolExecutor(1) as pool,
    ):

        def update_files() -> None:
            while not stopped.wait(_POLL_SECONDS):
                if files.write():
                    prometheus.reload()

        update = pool.submit(update_files)
        try:
            yield prometheus
        finally:
            stopped.set()
        update.result()


class _Files:
    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder

    def write(self) -> bool:
        """Writes the files; returns whether Prometheus must reload. It watches target files itself."""
        objects = self._cluster.get(_KINDS, "--all-namespaces")["items"]
        for name, targets in prometheus_operator.discovered_targets(objects).items():
            self._replace(name, targets)
        rules = shortened(prometheus_operator.groups(objects))
        config = prometheus_operator.configuration(
            objects, self._folder, self._folder / "rules.yml", _INTERVAL
        )
        # A list, so that both are written.
        return any([self._replace("rules.yml", rules), self._replace("prometheus.yml", config)])

    def _replace(self, name: str, content: object) -> bool:
        """Writes the file; returns whether its content has changed."""
        file, text = self._folder / name, json.dumps(content, indent=1, sort_keys=True)
        if file.exists() and file.read_text("utf-8") == text:
            return False
        temporary = file.with_suffix(".new")
        temporary.write_text(text, "utf-8")
        temporary.replace(file)
        return True
