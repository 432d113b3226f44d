"""The schema of an OCRBackend's spec: every field with its description, default, limits and rules.

Pure. `crd` wraps it, and the chart's values are validated with the same schema. Settings of the backend and
languages come from the backend's tables.
"""

from ocr_operator.api import defaults
from ocr_operator.api.settings_fields import SHARED_FIELDS
from ocr_operator.crd import (
    image_schema,
    network_monitoring_schema,
    placement_schema,
    pod_template_schema,
    spec_rules,
)
from ocr_operator.crd.models_schema import models
from ocr_operator.crd.schema_types import (
    Schema,
    array,
    boolean,
    integer,
    list_map,
    rule,
    rules,
    secret,
    secret_key,
    string_enum,
    struct,
    url_rule,
    with_defaults,
)
from ocr_operator.crd.setting_schema import setting_schema
from ocr_operator.crd.variant_schema import env, options, variant

MAX_VARIANTS = 16
"""A guess of what one OCRBackend needs at most. The API server estimates the cost of the rules from it."""


def spec_schema() -> Schema:
    """Schema of `spec`."""
    return struct(
        "Desired state. Only `variants` is required.",
        {
            "paused": boolean("Suspend reconciliation; status is still updated.", default=False),
            "image": image_schema.image(),
            **_settings(()),
            "variants": array(
                "Languages and model types to run, each with its own Deployment and Service.",
                variant(),
                MAX_VARIANTS,
                minItems=1,
                **list_map("name"),
            ),
            "options": options(),
            "env": env(),
            "labelStudio": _label_studio(),
            "server": struct("HTTP server of each pod and its limits.", _settings(("server",))),
            "models": models(_settings(("models",))),
            "accelerator": placement_schema.accelerator(),
            "placement": placement_schema.placement(),
            "rollout": _rollout(),
            "monitoring": network_monitoring_schema.monitoring(),
            "networkPolicy": network_monitoring_schema.network_policy(),
            "podTemplate": pod_template_schema.pod_template(),
        },
        required=["variants"],
        **rules(*spec_rules.spec_rules()),
    )


def _settings(parents: tuple[str, ...]) -> dict[str, Schema]:
    return {field.name: setting_schema(field) for field in SHARED_FIELDS if field.parents == parents}


def _label_studio() -> Schema:
    settings = _settings(("labelStudio",))
    return struct(
        "Label Studio: its URL, its credentials, and the names in its label config.",
        {
            **settings,
            "url": settings["url"] | rules(url_rule("labelStudio.url")),
            "apiKeySecretRef": secret_key(
                "Key of a Secret in the same namespace that holds an access token of Label Studio, personal "
                "or legacy."
            ),
            "basicAuthSecretRef": secret(
                "User and password that Label Studio must send: a Secret of type kubernetes.io/basic-auth, "
                "with the keys username and password."
            ),
            "mapping": struct(
                "Names of the control tags to use if the label config has several.",
                _settings(("labelStudio", "mapping")),
            ),
        },
        **rules(
            rule(
                "!(has(self.readNewTasks) && self.readNewTasks) || "
                "(has(self.url) && self.url != '' && has(self.apiKeySecretRef))",
                "labelStudio.readNewTasks needs labelStudio.url and labelStudio.apiKeySecretRef",
            )
        ),
    )


def _rollout() -> Schema:
    rollout = struct(
        "How new revisions are rolled out.",
        {
            "surge": string_enum(
                "Always: start a new pod before the old one stops. Never: stop the old pod first. Auto: as "
                "Always, but stop an old pod if its device, CPU or memory is needed for the new one.",
                ["Auto", "Always", "Never"],
                default=defaults.SURGE,
            ),
            **_settings(("rollout",)),
            "progressDeadlineSeconds": integer(
                "Seconds after which a variant that is not ready counts as failed.",
                30,
                3600,
                default=defaults.PROGRESS_DEADLINE_SECONDS,
            ),
            "maxParallelVariants": integer(
                "Maximum number of variants that are rolled out at the same time; the others keep serving "
                "their previous revision. A variant that does not serve yet never waits, and one that "
                "exceeds progressDeadlineSeconds no longer blocks the others.",
                1,
                16,
                default=defaults.MAX_PARALLEL_VARIANTS,
            ),
            "autoRollback": boolean(
                "Roll back to the last good revision if the new one is not ready within "
                "progressDeadlineSeconds. A later change of the spec that results in another revision is "
                "rolled out again.",
                default=defaults.AUTO_ROLLBACK,
            ),
        },
    )
    return with_defaults(rollout)
