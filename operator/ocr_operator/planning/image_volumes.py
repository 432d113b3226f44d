"""Whether pods that copy their models out of an image go on doing so.

Pure. An upgraded control plane can mount images, but that alone is no reason for a rollout.
"""

from dataclasses import replace

from ocr_operator.api.names import child_name
from ocr_operator.api.operator_config import OperatorConfig
from ocr_operator.api.spec import BackendSpec, Variant
from ocr_operator.manifests.pod_template import pod_template
from ocr_operator.observed.state import Observed
from ocr_operator.planning.rollout_state import revision_of


def with_present_models_volume(
    spec: BackendSpec, variant: Variant, observed: Observed, config: OperatorConfig
) -> OperatorConfig:
    """The configuration for a variant: without image volumes while its Deployment needs no other change."""
    if not (config.has_image_volumes and spec.models_image):
        return config
    copying = replace(config, has_image_volumes=False)
    deployment = observed.deployment(child_name(spec.key.name, variant.name))
    is_copying = deployment and deployment.revision == revision_of(pod_template(spec, variant, copying))
    return copying if is_copying else config
