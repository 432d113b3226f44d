"""The state of every OCRBackend as numbers, named as kube-state-metrics names those of built-in kinds.

Reads statuses when it is scraped, so that it can show nothing else than `kubectl` does, and nothing of
objects that are gone. `cli` registers it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ocr_operator.api.names import NamespacedName

Statuses = Iterable[tuple[NamespacedName, Mapping[str, Any]]]


class StatusCollector(Collector):
    """One series of value 1 for each condition and each variant, and the numbers of a variant's pods."""

    def __init__(self, statuses: Callable[[], Statuses]) -> None:
        self._statuses = statuses

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The metrics without series: what registering asks for."""
        return iter((_conditions(), _variants(), _replicas(), _models(), _models_bytes()))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics as of now."""
        conditions, variants, replicas = _conditions(), _variants(), _replicas()
        models, models_bytes = _models(), _models_bytes()
        for key, status in self._statuses():
            for one in status.get("conditions") or []:
                conditions.add_metric([*key, one["type"], one["status"].lower(), one["reason"]], 1)
            for one in status.get("variants") or []:
                variants.add_metric([*key, *(one[name] for name in _VARIANT)], 1)
                for state, number in (one.get("replicas") or {}).items():
                    replicas.add_metric([*key, one["language"], one["modelType"], state], number)
                _add_models(models, models_bytes, key, one)
        return iter((conditions, variants, replicas, models, models_bytes))


_VARIANT = ("language", "modelType", "phase", "reason")


def _add_models(
    models: GaugeMetricFamily,
    models_bytes: GaugeMetricFamily,
    key: NamespacedName,
    variant: Mapping[str, Any],
) -> None:
    """Nothing where no models are fetched, or nothing is known of them yet."""
    told = variant.get("models") or {}
    labels = [*key, variant["language"], variant["modelType"]]
    if "state" in told:
        models.add_metric([*labels, told["state"]], 1)
    for field, amount in (("bytes", "there"), ("totalBytes", "all")):
        if told.get(field):
            models_bytes.add_metric([*labels, amount], told[field])


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


def _models() -> GaugeMetricFamily:
    labels = ["namespace", "ocrbackend", "language", "model_type", "state"]
    said = "What is done to the models of each variant that has them fetched"
    return GaugeMetricFamily("ocrbackend_status_variant_models", said, labels=labels)


def _models_bytes() -> GaugeMetricFamily:
    labels = ["namespace", "ocrbackend", "language", "model_type", "amount"]
    said = "Bytes of the models of each variant that has them fetched: there, all"
    return GaugeMetricFamily("ocrbackend_status_variant_models_bytes", said, labels=labels)


def _variants() -> GaugeMetricFamily:
    labels = ["namespace", "ocrbackend", "language", "model_type", "phase", "reason"]
    return GaugeMetricFamily("ocrbackend_status_variant", "Where each variant stands, and why", labels=labels)
