"""An OCRBackend as the operator thinks of it: the object's JSON turned into values, defaults filled in.

Pure; knows no Kubernetes object but this one. The schema has refused what is malformed; what only the
backend's own rules can tell is kept as `BackendSpec.problems`, so that one bad variant stops no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_backend.config.settings import Settings, SettingsError
from ocr_operator.api import settings_fields
from ocr_operator.api.names import NamespacedName
from ocr_operator.api.operator_config import ImageName, OperatorConfig

VariantKey = tuple[str, str]
"""(language, modelType)."""

Json = Mapping[str, Any]

STORAGE_SIZE, ACCESS_MODE = "5Gi", "ReadWriteOnce"
"""Of a volume of our own, where the spec says nothing else."""


@dataclass(frozen=True)
class Autoscaling:
    """Bounds for a HorizontalPodAutoscaler; `target_cpu` is percent of the requested CPU."""

    min_replicas: int
    max_replicas: int
    target_cpu: int


@dataclass(frozen=True)
class Accelerator:
    """Devices that one pod asks for."""

    resource_name: str
    count: int
    runtime_class: str | None


@dataclass(frozen=True)
class Storage:
    """Where the models lie: a claim of our own (`size`) or an existing one (`existing_claim`).

    `is_retained`: our own one outlives the OCRBackend. `is_fetched_to`: models from a hub come to it.
    """

    size: str
    storage_class: str | None
    access_mode: str
    existing_claim: str
    is_retained: bool
    is_fetched_to: bool


@dataclass(frozen=True)
class ModelsImage:
    """An image that holds models. `pull_policy`: None where Kubernetes' own default holds."""

    reference: str
    pull_policy: str | None
    pull_secrets: tuple[str, ...]


@dataclass(frozen=True)
class Monitoring:
    """`service_monitor`: Never, Auto (where the API exists) or Always; `labels` are the ServiceMonitor's."""

    service_monitor: str
    interval_seconds: int
    labels: Json


@dataclass(frozen=True)
class NetworkPolicy:
    """Who may reach the pods: peers as in a Kubernetes NetworkPolicy; none: the pods of the namespace."""

    allow_from: tuple[Json, ...]


@dataclass(frozen=True)
class Variant:
    """One language in one size. `replicas` means nothing where an autoscaler decides."""

    settings: Settings
    replicas: int
    autoscaling: Autoscaling | None
    resources: Json | None
    extra_env: tuple[Json, ...]
    accelerator: Accelerator | None
    placement: Json

    @property
    def key(self) -> VariantKey:
        """What tells this variant from the others of its family."""
        return self.settings.language, self.settings.model_type

    @property
    def needed_replicas(self) -> int:
        """Pods that must serve before the variant counts as ready."""
        return self.autoscaling.min_replicas if self.autoscaling else self.replicas


@dataclass(frozen=True)
class BackendSpec:
    """One OCRBackend. `order` has all variants of the spec; those in `problems` are not in `variants`."""

    key: NamespacedName
    uid: str
    generation: int
    is_paused: bool
    order: tuple[VariantKey, ...]
    variants: tuple[Variant, ...]
    problems: Mapping[VariantKey, str]
    image: Json
    storage: Storage | None
    models_image: ModelsImage | None
    label_studio: Json
    pod_template: Json
    monitoring: Monitoring
    network_policy: NetworkPolicy | None
    progress_deadline_seconds: int
    surge: str
    max_parallel_variants: int
    auto_rollback: bool

    def image_of(self, variant: Variant, config: OperatorConfig) -> ImageName:
        """The image of a variant's pods: the spec's parts over the operator's default for the device."""
        default = config.gpu_image if variant.accelerator else config.cpu_image
        repository = self.image.get("repository") or default.repository
        tag, digest = self.image.get("tag", ""), self.image.get("digest", "")
        # The default's tag says nothing about another repository, its digest nothing about another tag.
        if not tag and not digest and repository == default.repository:
            tag, digest = default.tag, default.digest
        return ImageName(repository, tag, digest)


def family(backend: Json) -> BackendSpec:
    """The values behind an OCRBackend's JSON."""
    metadata, spec = backend["metadata"], backend["spec"]
    given = spec["variants"]
    variants, problems = _variants(spec, given)
    rollout = spec.get("rollout") or {}
    return BackendSpec(
        key=NamespacedName(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=metadata["generation"],
        is_paused=bool(spec.get("paused")),
        order=tuple((one["language"], one["modelType"]) for one in given),
        variants=variants,
        problems=problems,
        image=spec.get("image") or {},
        storage=_storage(spec.get("models") or {}),
        models_image=_models_image(spec.get("models") or {}),
        label_studio=spec.get("labelStudio") or {},
        pod_template=spec.get("podTemplate") or {},
        monitoring=_monitoring(spec.get("monitoring") or {}),
        network_policy=_network_policy(spec.get("networkPolicy") or {}),
        progress_deadline_seconds=rollout.get("progressDeadlineSeconds", 900),
        surge=rollout.get("surge", "Auto"),
        max_parallel_variants=rollout.get("maxParallelVariants", 1),
        auto_rollback=rollout.get("autoRollback", True),
    )


def _variants(spec: Json, given: Sequence[Json]) -> tuple[tuple[Variant, ...], dict[VariantKey, str]]:
    variants, problems = [], {}
    for one in given:
        try:
            variants.append(_variant(spec, one))
        except SettingsError as error:
            problems[one["language"], one["modelType"]] = _in_terms_of_the_spec(error)
    return tuple(variants), problems


def _in_terms_of_the_spec(error: SettingsError) -> str:
    """The problems with the names of the spec's fields in the place of the environment's."""
    return "; ".join(
        f"{settings_fields.PATHS.get(problem.env, problem.env)}: {problem.said}" for problem in error.problems
    )


def _variant(spec: Json, given: Json) -> Variant:
    scaling = given.get("autoscaling")
    accelerator = _accelerator(given.get("accelerator") or spec.get("accelerator"))
    chosen = {
        **settings_fields.values(settings_fields.FAMILY_FIELDS, spec),
        **settings_fields.values(settings_fields.KEY_FIELDS, given),
        **settings_fields.values(settings_fields.OPTION_FIELDS, given),
        **settings_fields.values(settings_fields.MODEL_FIELDS, given),
    }
    return Variant(
        settings=Settings(**chosen, use_gpu=accelerator is not None),
        replicas=given.get("replicas", 1),
        autoscaling=_autoscaling(scaling) if scaling else None,
        resources=given.get("resources"),
        extra_env=_extra_env(spec, given),
        accelerator=accelerator,
        placement=given.get("placement") or spec.get("placement") or {},
    )


def _extra_env(spec: Json, given: Json) -> tuple[Json, ...]:
    """The family's variables and the variant's over them, in order of name."""
    both = ((one.get("options") or {}).get("extraEnv") or [] for one in (spec, given))
    by_name = {entry["name"]: entry for entries in both for entry in entries}
    return tuple(by_name[name] for name in sorted(by_name))


def _autoscaling(given: Json) -> Autoscaling:
    return Autoscaling(
        min_replicas=given.get("minReplicas", 1),
        max_replicas=given["maxReplicas"],
        target_cpu=given.get("targetCPUUtilization", 80),
    )


def _accelerator(given: Json | None) -> Accelerator | None:
    if not given:
        return None
    return Accelerator(given["resourceName"], given.get("count", 1), given.get("runtimeClassName"))


def _storage(models: Json) -> Storage | None:
    """None where an image holds the models."""
    if models.get("source") in ("Builtin", "Image"):
        return None
    storage = models.get("storage") or {}
    return Storage(
        size=storage.get("size", STORAGE_SIZE),
        storage_class=storage.get("storageClassName"),
        access_mode=storage.get("accessMode", ACCESS_MODE),
        existing_claim=storage.get("existingClaim", ""),
        is_retained=models.get("reclaimPolicy") == "Retain",
        is_fetched_to=models.get("source", "Hub") == "Hub",
    )


def _models_image(models: Json) -> ModelsImage | None:
    given = models.get("image")
    if models.get("source") != "Image" or not given:
        return None
    secrets = tuple(secret["name"] for secret in given.get("pullSecrets") or [])
    return ModelsImage(given["reference"], given.get("pullPolicy"), secrets)


def _monitoring(given: Json) -> Monitoring:
    return Monitoring(
        service_monitor=given.get("serviceMonitor", "Never"),
        interval_seconds=given.get("intervalSeconds", 30),
        labels=given.get("labels") or {},
    )


def _network_policy(given: Json) -> NetworkPolicy | None:
    return NetworkPolicy(tuple(given.get("allowFrom") or ())) if given.get("enabled") else None
