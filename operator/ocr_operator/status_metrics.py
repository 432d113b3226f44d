"""The state of every OCRBackend as numbers, named as kube-state-metrics names those of built-in kinds.

Reads statuses when it is scraped, so that it can show nothing else than `kubectl` does, and nothing of
objects that are gone. `cli` registers it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ocr_operator.names import Key

Statuses = Iterable[tuple[Key, Mapping[str, Any]]]


class StatusCollector(Collector):
    """One series of value 1 for each condition and each variant, and the numbers of a variant's pods."""

    def __init__(self, statuses: Callable[[], Statuses]) -> None:
        self._statuses = statuses

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The metrics without series: what registering asks for."""
        return iter((_conditions(), _variants(), _replicas()))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics as of now."""
        conditions, variants, replicas = _conditions(), _variants(), _replicas()
        for key, status in self._statuses():
            for one in status.get("conditions") or []:
                conditions.add_metric([*key, one["type"], one["status"].lower(), one["reason"]], 1)
            for one in status.get("variants") or []:
                variants.add_metric([*key, *(one[name] for name in _VARIANT)], 1)
                for state, number in (one.get("replicas") or {}).items():
                    replicas.add_metric([*key, one["language"], one["modelType"], state], number)
        return iter((conditions, variants, replicas))


_VARIANT = ("language", "modelType", "phase", "reason")


def _conditions() -> GaugeMetricFamily:
    labels = ["namespace", "ocrbackend", "condition", "status", "reason"]
    return GaugeMetricFamily(
        "ocrbackend_status_condition", "Each condition of each OCRBackend", labels=labels
    )


def _replicas() -> GaugeMetricFamily:
    labels = ["namespace", "ocrbackend", "language", "model_type", "state"]
    return GaugeMetricFamily(
        "ocrbackend_status_variant_replicas", "Pods of each variant: desired, updated, ready", labels=labels
    )


def _variants() -> GaugeMetricFamily:
    labels = ["namespace", "ocrbackend", "language", "model_type", "phase", "reason"]
    return GaugeMetricFamily("ocrbackend_status_variant", "Where each variant stands, and why", labels=labels)
