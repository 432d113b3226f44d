"""The namespaces that this release leaves to other operators, as a metric. `cli` registers the collector."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class ClaimCollector(Collector):
    """One series for each namespace that another operator manages."""

    def __init__(self, managed_elsewhere: Callable[[], Mapping[str, str]]) -> None:
        self._managed_elsewhere = managed_elsewhere

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The metric without series, for the registration."""
        yield self._family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metric as of now."""
        family = self._family()
        for namespace, manager in sorted(self._managed_elsewhere().items()):
            family.add_metric([namespace, manager], 1)
        yield family

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily(
            "ocr_operator_namespace_managed_elsewhere",
            "1 for each namespace that this release leaves to another operator",
            labels=("watched_namespace", "manager"),
        )
