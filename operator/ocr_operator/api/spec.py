"""An OCRBackend as values: the dataclasses that the rest of the operator works with.

Pure; knows no Kubernetes object but this one. `spec_parser` builds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocr_backend.config.settings import Settings
from ocr_operator.api.names import SCALED_OBJECT, SERVICE_MONITOR, GroupVersionKind, NamespacedName
from ocr_operator.api.operator_config import ImageReference, OperatorConfig

VariantName = str
"""Identifies a variant within its OCRBackend."""

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Autoscaling:
    """Who sets `replicas`. `mode`: CPU (a HorizontalPodAutoscaler), Queue (KEDA) or External (another).

    `max_replicas`: 0 if unknown. `target_cpu`: percent of the requested CPU. `target_queue_length`: images
    that wait for each inference slot, by the Prometheus at `prometheus_address`.
    """

    mode: str
    min_replicas: int
    max_replicas: int
    target_cpu: int
    target_queue_length: int
    prometheus_address: str


@dataclass(frozen=True)
class Accelerator:
    """Devices that each pod requests."""

    resource_name: str
    count: int
    runtime_class: str | None


@dataclass(frozen=True)
class Storage:
    """The volume of the models: a managed claim (`size`) or one of the user (`claim_name`).

    `is_retained`: the managed claim outlives the OCRBackend. `is_download_target`: models come from a hub.
    """

    size: str
    storage_class: str | None
    access_mode: str
    claim_name: str
    is_retained: bool
    is_download_target: bool


@dataclass(frozen=True)
class ModelsImage:
    """An image that holds models. `pull_policy`: None for the default of Kubernetes."""

    reference: str
    pull_policy: str | None
    pull_secrets: tuple[str, ...]


@dataclass(frozen=True)
class Monitoring:
    """`service_monitor`: Never, Auto (if the cluster has the API) or Always; `labels` are for that object."""

    service_monitor: str
    interval_seconds: int
    labels: Json


@dataclass(frozen=True)
class NetworkPolicy:
    """Peers that may connect to the pods, as Kubernetes writes them; None: all pods of the namespace."""

    allow_from: tuple[Json, ...] | None


@dataclass(frozen=True)
class Variant:
    """One variant, with what it inherits from the spec.

    `replicas` is unused if there is an autoscaler. `is_suspended`: it runs no pods.
    """

    name: VariantName
    settings: Settings
    replicas: int
    autoscaling: Autoscaling | None
    resources: Json | None
    env: tuple[Json, ...]
    accelerator: Accelerator | None
    placement: Json
    image: Json
    pod_template: Json
    is_suspended: bool = False

    @property
    def needed_replicas(self) -> int:
        """Pods that must be ready before the variant counts as ready."""
        if self.is_suspended:
            return 0
        return self.autoscaling.min_replicas if self.autoscaling else self.replicas

    @property
    def max_replicas(self) -> int:
        """Pods that it may run at most; that of an external autoscaler is unknown and counts as many."""
        if self.is_suspended or not self.autoscaling:
            return self.needed_replicas
        return self.autoscaling.max_replicas or 2

    def image_reference(self, config: OperatorConfig) -> ImageReference:
        """The image of the pods: the operator's default for device and models, overridden by the spec."""
        default = self._default_image(config)
        repository = self.image.get("repository") or default.repository
        tag, digest = self.image.get("tag", ""), self.image.get("digest", "")
        # The default tag does not apply to another repository, the default digest not to another tag.
        if not tag and not digest and repository == default.repository:
            tag, digest = default.tag, default.digest
        return ImageReference(repository, tag, digest)

    def _default_image(self, config: OperatorConfig) -> ImageReference:
        if self.accelerator:
            return config.gpu_image
        return config.paddle_image if self.settings.needs_paddle else config.cpu_image


@dataclass(frozen=True)
class RolloutRequests:
    """What a user requests by annotations: `retry` and `rollback` are tokens, such as a time; empty for none.

    Each token is honoured once. `VARIANT=TOKEN` concerns one variant.
    """

    retry: str = ""
    rollback: str = ""

    def of_variant(self, name: VariantName) -> "RolloutRequests":
        """The requests that concern this variant."""
        return RolloutRequests(_token_of(name, self.retry), _token_of(name, self.rollback))


def _token_of(name: VariantName, text: str) -> str:
    variant, separator, token = text.rpartition("=")
    return token if not separator or variant == name else ""


@dataclass(frozen=True)
class BackendSpec:
    """One OCRBackend.

    `models_by_variant`: language code and model type of all variants, in the order of the spec.
    `invalid_variants`:
    those that the backend would reject, with the error; they are not in `variants`, so that one invalid
    variant does not stop the others.
    """

    key: NamespacedName
    uid: str
    generation: int
    is_paused: bool
    models_by_variant: Mapping[VariantName, tuple[str, str]]
    variants: tuple[Variant, ...]
    invalid_variants: Mapping[VariantName, str]
    storage: Storage | None
    download_resources: Json | None
    models_image: ModelsImage | None
    label_studio: Json
    monitoring: Monitoring
    network_policy: NetworkPolicy | None
    progress_deadline_seconds: int
    surge: str
    max_parallel_variants: int
    auto_rollback: bool
    requests: RolloutRequests = RolloutRequests()

    @property
    def variant_names(self) -> tuple[VariantName, ...]:
        """All variants, in the order of the spec."""
        return tuple(self.models_by_variant)

    @property
    def optional_kinds(self) -> frozenset[GroupVersionKind]:
        """Kinds that not every cluster serves and that the spec requests."""
        scales_on_queue = any(
            variant.autoscaling and variant.autoscaling.mode == "Queue" for variant in self.variants
        )
        is_requested = {
            SERVICE_MONITOR: self.monitoring.service_monitor != "Never",
            SCALED_OBJECT: scales_on_queue,
        }
        return frozenset(kind for kind, requested in is_requested.items() if requested)
