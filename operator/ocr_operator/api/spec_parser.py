"""Parses the JSON of an OCRBackend into a `BackendSpec` and applies the defaults.

Pure. The CRD has rejected malformed objects; what only the backend's own validation can find is kept in
`BackendSpec.invalid_variants`. Defaults are applied here too, since an object may be older than a default.
"""

from ocr_backend.config import language_names
from ocr_backend.config.settings import Settings, SettingsError
from ocr_operator.api import defaults, settings_fields
from ocr_operator.api.names import RETRY_ANNOTATION, ROLLBACK_ANNOTATION, NamespacedName
from ocr_operator.api.spec import (
    Accelerator,
    Autoscaling,
    BackendSpec,
    Json,
    ModelsImage,
    Monitoring,
    NetworkPolicy,
    RolloutRequests,
    Storage,
    Variant,
    VariantName,
)


def parse_backend(backend: Json) -> BackendSpec:
    """The values of an OCRBackend."""
    metadata, spec = backend["metadata"], backend["spec"]
    variants, invalid_variants = _variants(spec)
    models, rollout = spec.get("models") or {}, spec.get("rollout") or {}
    return BackendSpec(
        key=NamespacedName(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=metadata["generation"],
        is_paused=bool(spec.get("paused")),
        models_by_variant={
            variant["name"]: (language_names.code_of(variant["language"]), variant["modelType"])
            for variant in spec["variants"]
        },
        variants=variants,
        invalid_variants=invalid_variants,
        storage=_storage(models),
        download_resources=models.get("resources"),
        models_image=_models_image(models),
        label_studio=spec.get("labelStudio") or {},
        monitoring=_monitoring(spec.get("monitoring") or {}),
        network_policy=_network_policy(spec.get("networkPolicy") or {}),
        progress_deadline_seconds=rollout.get("progressDeadlineSeconds", defaults.PROGRESS_DEADLINE_SECONDS),
        surge=rollout.get("surge", defaults.SURGE),
        max_parallel_variants=rollout.get("maxParallelVariants", defaults.MAX_PARALLEL_VARIANTS),
        auto_rollback=rollout.get("autoRollback", defaults.AUTO_ROLLBACK),
        requests=_requests(metadata.get("annotations") or {}),
    )


def _requests(annotations: Json) -> RolloutRequests:
    return RolloutRequests(annotations.get(RETRY_ANNOTATION, ""), annotations.get(ROLLBACK_ANNOTATION, ""))


def _variants(spec: Json) -> tuple[tuple[Variant, ...], dict[VariantName, str]]:
    valid, invalid = [], {}
    for variant in spec["variants"]:
        try:
            valid.append(_variant(spec, variant))
        except SettingsError as error:
            invalid[variant["name"]] = _with_field_paths(error)
    return tuple(valid), invalid


def _with_field_paths(error: SettingsError) -> str:
    """The error, with paths of the spec's fields in place of environment variables."""
    return "; ".join(
        f"{settings_fields.FIELD_PATHS.get(problem.env, problem.env)}: {problem.message}"
        for problem in error.problems
    )


def _variant(spec: Json, variant: Json) -> Variant:
    autoscaling = variant.get("autoscaling")
    accelerator = _accelerator(_inherited(spec, variant, "accelerator"))
    values = {
        **settings_fields.setting_values(settings_fields.SHARED_FIELDS, spec),
        **settings_fields.setting_values(settings_fields.VARIANT_FIELDS, variant),
    }
    return Variant(
        name=variant["name"],
        settings=Settings(**values, use_gpu=accelerator is not None),
        replicas=variant.get("replicas", defaults.REPLICAS),
        autoscaling=_autoscaling(autoscaling) if autoscaling else None,
        resources=variant.get("resources"),
        env=_env(spec, variant),
        accelerator=accelerator,
        placement=_inherited(spec, variant, "placement"),
        image=_inherited(spec, variant, "image"),
        pod_template=_inherited(spec, variant, "podTemplate"),
        is_suspended=bool(variant.get("suspend")),
    )


def _inherited(spec: Json, variant: Json, field: str) -> Json:
    """The field of the variant if it is set, even if empty, or that of the spec."""
    value = variant.get(field)
    return (spec.get(field) or {}) if value is None else value


def _env(spec: Json, variant: Json) -> tuple[Json, ...]:
    """Variables of the spec, overridden by those of the variant, sorted by name."""
    lists = (level.get("env") or [] for level in (spec, variant))
    by_name = {entry["name"]: entry for entries in lists for entry in entries}
    return tuple(by_name[name] for name in sorted(by_name))


def _autoscaling(autoscaling: Json) -> Autoscaling:
    return Autoscaling(
        mode=autoscaling.get("mode", defaults.AUTOSCALING_MODE),
        min_replicas=autoscaling.get("minReplicas", defaults.MIN_REPLICAS),
        max_replicas=autoscaling.get("maxReplicas", 0),
        target_cpu=autoscaling.get("targetCPUUtilizationPercentage", defaults.TARGET_CPU_UTILIZATION),
        target_queue_length=autoscaling.get("targetQueueLength", defaults.TARGET_QUEUE_LENGTH),
        prometheus_address=autoscaling.get("prometheusAddress", ""),
    )


def _accelerator(accelerator: Json | None) -> Accelerator | None:
    if not accelerator or "resourceName" not in accelerator:
        return None
    count = accelerator.get("count", defaults.ACCELERATOR_COUNT)
    return Accelerator(accelerator["resourceName"], count, accelerator.get("runtimeClassName"))


def _source(models: Json) -> str:
    return str(models.get("source", settings_fields.DEFAULT_MODEL_SOURCE))


def _storage(models: Json) -> Storage | None:
    """None if the models are in an image."""
    if _source(models) in ("Builtin", "Image"):
        return None
    storage = models.get("storage") or {}
    return Storage(
        size=storage.get("size", defaults.STORAGE_SIZE),
        storage_class=storage.get("storageClassName"),
        access_mode=storage.get("accessMode", defaults.ACCESS_MODE),
        claim_name=storage.get("claimName", ""),
        is_retained=models.get("reclaimPolicy", defaults.RECLAIM_POLICY) == "Retain",
        is_download_target=_source(models) == "Hub",
    )


def _models_image(models: Json) -> ModelsImage | None:
    image = models.get("image")
    if _source(models) != "Image" or not image:
        return None
    pull_secrets = tuple(secret["name"] for secret in image.get("pullSecrets") or [])
    return ModelsImage(image["reference"], image.get("pullPolicy"), pull_secrets)


def _monitoring(monitoring: Json) -> Monitoring:
    return Monitoring(
        service_monitor=monitoring.get("serviceMonitor", defaults.SERVICE_MONITOR),
        interval_seconds=monitoring.get("intervalSeconds", defaults.SCRAPE_INTERVAL_SECONDS),
        labels=monitoring.get("labels") or {},
    )


def _network_policy(policy: Json) -> NetworkPolicy | None:
    if not policy.get("enabled"):
        return None
    allow_from = policy.get("allowFrom")
    return NetworkPolicy(None if allow_from is None else tuple(allow_from))
