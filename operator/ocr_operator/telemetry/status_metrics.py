"""The status of every OCRBackend as metrics, named as kube-state-metrics names those of built-in kinds.

The statuses are read at each scrape, so the metrics report what `kubectl` shows, and nothing of deleted
objects. `cli` registers the collector.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ocr_operator.api.names import NamespacedName

Json = Mapping[str, Any]
Statuses = Iterable[tuple[NamespacedName, Json]]

_BACKEND_LABELS = ("namespace", "ocrbackend")
_VARIANT_LABELS = (*_BACKEND_LABELS, "language", "model_type")


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


@dataclass(frozen=True)
class _Families:
    """The metrics of one scrape."""

    conditions: GaugeMetricFamily = field(
        default_factory=lambda: _gauge(
            "ocrbackend_status_condition",
            "1 for each condition of each OCRBackend",
            *(*_BACKEND_LABELS, "condition", "status", "reason"),
        )
    )
    variants: GaugeMetricFamily = field(
        default_factory=lambda: _gauge(
            "ocrbackend_status_variant",
            "1 for each variant, with its phase and reason",
            *(*_VARIANT_LABELS, "phase", "reason"),
        )
    )
    replicas: GaugeMetricFamily = field(
        default_factory=lambda: _gauge(
            "ocrbackend_status_variant_replicas",
            "Pods of each variant: desired, updated, ready",
            *(*_VARIANT_LABELS, "state"),
        )
    )
    models: GaugeMetricFamily = field(
        default_factory=lambda: _gauge(
            "ocrbackend_status_variant_models",
            "1 for each variant that downloads models, with the state of the download",
            *(*_VARIANT_LABELS, "state"),
        )
    )
    models_bytes: GaugeMetricFamily = field(
        default_factory=lambda: _gauge(
            "ocrbackend_status_variant_models_bytes",
            "Bytes of the models that a variant downloads: there so far, and all",
            *(*_VARIANT_LABELS, "amount"),
        )
    )

    def __iter__(self) -> Iterator[GaugeMetricFamily]:
        return iter((self.conditions, self.variants, self.replicas, self.models, self.models_bytes))

    def add_status(self, key: NamespacedName, status: Json) -> None:
        for condition in status.get("conditions") or []:
            labels = [*key, condition["type"], condition["status"].lower(), condition["reason"]]
            self.conditions.add_metric(labels, 1)
        for variant in status.get("variants") or []:
            self._add_variant([*key, variant["language"], variant["modelType"]], variant)

    def _add_variant(self, labels: list[str], variant: Json) -> None:
        self.variants.add_metric([*labels, variant["phase"], variant["reason"]], 1)
        for state, number in (variant.get("replicas") or {}).items():
            self.replicas.add_metric([*labels, state], number)
        models = variant.get("models") or {}
        if "state" in models:
            self.models.add_metric([*labels, models["state"]], 1)
        for name, amount in (("bytes", "downloaded"), ("totalBytes", "total")):
            if models.get(name):
                self.models_bytes.add_metric([*labels, amount], models[name])


class StatusCollector(Collector):
    """Conditions, variants, pods and model downloads of all OCRBackends."""

    def __init__(self, statuses: Callable[[], Statuses]) -> None:
        self._statuses = statuses

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The metrics without series, for the registration."""
        return iter(_Families())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics as of now."""
        families = _Families()
        for key, status in self._statuses():
            families.add_status(key, status)
        return iter(families)
