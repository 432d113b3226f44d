"""The status of every OCRBackend as metrics, named as kube-state-metrics names those of built-in kinds.

The statuses are read at each scrape, so the metrics report what `kubectl` shows, and nothing of deleted
objects. `cli` registers the collector.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ocr_operator.api.names import NamespacedName

Json = Mapping[str, Any]
Statuses = Iterable[tuple[NamespacedName, Json]]

_BACKEND_LABELS = ("namespace", "ocrbackend")
_VARIANT_LABELS = (*_BACKEND_LABELS, "variant")
_PREFIX = "ocrbackend_status_"

_FAMILIES = {
    "condition": (
        "1 for each condition of each OCRBackend",
        (*_BACKEND_LABELS, "condition", "status", "reason"),
    ),
    "variant": ("1 for each variant, with its phase and reason", (*_VARIANT_LABELS, "phase", "reason")),
    "variant_info": (
        "1 for each variant, with its language and model type",
        (*_VARIANT_LABELS, "language", "model_type"),
    ),
    "variant_replicas_desired": ("Desired number of pods of each variant", _VARIANT_LABELS),
    "variant_replicas_updated": ("Pods of the target revision of each variant", _VARIANT_LABELS),
    "variant_replicas_ready": ("Ready pods of any revision of each variant", _VARIANT_LABELS),
    "variant_models": (
        "1 for each variant that downloads models, with the state of the download",
        (*_VARIANT_LABELS, "state"),
    ),
    "variant_models_downloaded_bytes": ("Downloaded bytes of the models of each variant", _VARIANT_LABELS),
    "variant_models_total_bytes": ("Size of the models that each variant downloads", _VARIANT_LABELS),
}
"""Name without prefix -> description and labels."""


class _Scrape:
    """The metrics of one scrape."""

    def __init__(self) -> None:
        self.families = {
            name: GaugeMetricFamily(f"{_PREFIX}{name}", text, labels=labels)
            for name, (text, labels) in _FAMILIES.items()
        }

    def add_status(self, key: NamespacedName, status: Json) -> None:
        for condition in status.get("conditions") or []:
            labels = [*key, condition["type"], condition["status"].lower(), condition["reason"]]
            self._add("condition", labels)
        for variant in status.get("variants") or []:
            self._add_variant([*key, variant["name"]], variant)

    def _add_variant(self, labels: list[str], variant: Json) -> None:
        self._add("variant", [*labels, variant["phase"], variant["reason"]])
        self._add("variant_info", [*labels, variant["language"], variant["modelType"]])
        replicas, models = variant.get("replicas") or {}, variant.get("models") or {}
        for state in ("desired", "updated", "ready"):
            if state in replicas:
                self._add(f"variant_replicas_{state}", labels, replicas[state])
        if "state" in models:
            self._add("variant_models", [*labels, models["state"]])
        if "bytes" in models:
            self._add("variant_models_downloaded_bytes", labels, models["bytes"])
        if models.get("totalBytes"):
            self._add("variant_models_total_bytes", labels, models["totalBytes"])

    def _add(self, name: str, labels: list[str], value: float = 1) -> None:
        self.families[name].add_metric(labels, value)


class StatusCollector(Collector):
    """Conditions, variants, pods and model downloads of all OCRBackends."""

    def __init__(self, statuses: Callable[[], Statuses]) -> None:
        self._statuses = statuses

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The metrics without series, for the registration."""
        return iter(_Scrape().families.values())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics as of now."""
        scrape = _Scrape()
        for key, status in self._statuses():
            scrape.add_status(key, status)
        return iter(scrape.families.values())
