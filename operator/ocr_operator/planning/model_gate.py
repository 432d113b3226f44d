"""Which variants have to wait for their models, and for which of them they are published.

Pure. `plan` asks it before it writes what makes pods; without models on the volume those could only fail.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ocr_operator.api.names import (
    LANGUAGE_LABEL,
    MODEL_TYPE_LABEL,
    REVISION_LABEL,
    ObjectReference,
    claim_name,
    download_job_name,
)
from ocr_operator.api.spec import BackendSpec, VariantKey
from ocr_operator.manifests import download_job, model_sets
from ocr_operator.manifests.metadata import Child
from ocr_operator.observed.observation import ObservedObject, ObservedPod


@dataclass(frozen=True)
class Gate:
    """Who may go on. `published`: ids of the sets of models that lie whole on the volume.

    `waiting`: variants that need another set. `outdated`: finished Jobs that are no record any more, since
    their volume is gone, or the pod that told what they published. They are made again, and fetch only what
    is not there.
    """

    published: frozenset[str]
    waiting: frozenset[VariantKey]
    outdated: frozenset[ObjectReference]

    def holds_up(self, child: Child, there: ObservedObject | None) -> bool:
        """Whether a child waits for models: what makes pods, in a revision that does not run yet."""
        if child["kind"] not in ("Deployment", "HorizontalPodAutoscaler"):
            return False
        labels = child["metadata"]["labels"]
        if (labels[LANGUAGE_LABEL], labels[MODEL_TYPE_LABEL]) not in self.waiting:
            return False
        return there is None or (child["kind"] == "Deployment" and there.revision != revision_of(child))


def gate(
    family: BackendSpec,
    children: Iterable[ObservedObject],
    pods: Iterable[ObservedPod],
    recorded: Collection[str],
) -> Gate:
    """The gate of a family, by the Jobs, their pods and the claim that are there.

    `recorded`: names of Jobs of which the status tells what they published.
    """
    ours = [child for child in children if child.owner_uid == family.uid and not child.is_deleting]
    claims = (child for child in children if child.ref.kind == "PersistentVolumeClaim")
    claim = next((one for one in claims if one.ref.name == claim_name(family.key.name)), None)
    finished = [one for one in ours if one.ref.kind == "Job" and download_job.is_finished(one)]
    told = {*recorded, *(download_job_name(family.key.name, pod.models) for pod in pods if pod.models)}
    outdated = frozenset(
        one.ref for one in finished if download_job.is_outdated(one, claim) or one.ref.name not in told
    )
    done = {one.ref.name for one in finished if one.ref not in outdated}
    wanted = model_sets.model_sets(family.variants)
    published = frozenset(one.id for one in wanted if download_job_name(family.key.name, one.id) in done)
    without = (variant for one in wanted if one.id not in published for variant in one.variants)
    return Gate(published, frozenset(variant.key for variant in without), outdated)


def revision_of(child: Child) -> str:
    """The revision of a Deployment's or Job's pods."""
    found: str = child["spec"]["template"]["metadata"]["labels"][REVISION_LABEL]
    return found
