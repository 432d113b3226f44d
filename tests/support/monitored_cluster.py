"""A real Prometheus that scrapes what the monitors of a cluster choose, by the rules that lie there.

`prometheus_operator` says what the files are; here they are kept as the cluster is.
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
_SECONDS_BETWEEN_LOOKS = 0.5


@contextmanager
def monitored(cluster: Cluster, folder: Path) -> Iterator[Prometheus]:
    """Prometheus with what it keeps in a folder, until the end of the context. Its rules are shortened.

    The cluster must know the kinds of the Prometheus operator.
    """
    files = _Files(cluster, folder)
    files.write()
    stopped = Event()
    with (
        running_prometheus(folder, folder / "prometheus.yml", ["--web.enable-lifecycle"]) as prometheus,
        ThreadPoolExecutor(1) as pool,
    ):

        def follow() -> None:
            while not stopped.wait(_SECONDS_BETWEEN_LOOKS):
                if files.write():
                    prometheus.reload()

        following = pool.submit(follow)
        try:
            yield prometheus
        finally:
            stopped.set()
        following.result()


class _Files:
    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder

    def write(self) -> bool:
        """Makes the files anew; answers whether Prometheus has to be told. It watches those of targets."""
        objects = self._cluster.get(_KINDS, "--all-namespaces")["items"]
        for name, found in prometheus_operator.found_targets(objects).items():
            self._replace(name, found)
        rules = shortened(prometheus_operator.groups(objects))
        config = prometheus_operator.configuration(
            objects, self._folder, self._folder / "rules.yml", _INTERVAL
        )
        # Both are written, whatever became of the first.
        return any([self._replace("rules.yml", rules), self._replace("prometheus.yml", config)])

    def _replace(self, name: str, content: object) -> bool:
        """Whether the file was another."""
        file, text = self._folder / name, json.dumps(content, indent=1, sort_keys=True)
        if file.exists() and file.read_text("utf-8") == text:
            return False
        beside = file.with_suffix(".new")
        beside.write_text(text, "utf-8")
        beside.replace(file)
        return True
