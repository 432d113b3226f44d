"""Which variants wait for their models, and which model sets are published.

Pure. `plan` asks before it writes anything that creates pods: without models on the volume they would fail.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_operator.api.names import ObjectReference, claim_name, download_job_name
from ocr_operator.api.spec import BackendSpec, VariantName
from ocr_operator.manifests import download_job
from ocr_operator.manifests.metadata import ManagedObject, variant_of
from ocr_operator.manifests.model_sets import model_sets
from ocr_operator.observed.managed_objects import ObservedObject
from ocr_operator.observed.state import Observed
from ocr_operator.planning.object_steps import revision_of

_CREATE_PODS = ("Deployment", "HorizontalPodAutoscaler", "ScaledObject")


@dataclass(frozen=True)
class ModelGate:
    """The state of all downloads.

    `published`: ids of the model sets that are complete on the volume. `waiting`: variants whose model set is
    not published. `outdated`: complete Jobs that no longer prove anything, because their volume or the report
    of what they published is gone. They run again and download only missing files.
    """

    published: frozenset[str]
    waiting: frozenset[VariantName]
    outdated: frozenset[ObjectReference]

    def blocks(self, desired: ManagedObject, existing: ObservedObject | None) -> bool:
        """Whether an object waits for models: it would create pods of a revision that does not run yet."""
        kind = desired["kind"]
        if kind not in _CREATE_PODS or variant_of(desired) not in self.waiting:
            return False
        return existing is None or (kind == "Deployment" and existing.revision != revision_of(desired))


def model_gate(spec: BackendSpec, observed: Observed) -> ModelGate:
    """The gate, from the observed Jobs, their pods and the claim."""
    complete = [
        existing
        for existing in observed.objects
        if existing.owner_uid == spec.uid
        and not existing.is_deleting
        and existing.ref.kind == "Job"
        and download_job.is_complete(existing)
    ]
    outdated = frozenset(_outdated(spec, observed, complete))
    complete_names = {job.ref.name for job in complete if job.ref not in outdated}
    published, waiting = set(), set()
    for model_set in model_sets(spec.variants):
        if download_job_name(spec.key.name, model_set.id) in complete_names:
            published.add(model_set.id)
        else:
            waiting |= {variant.name for variant in model_set.variants}
    return ModelGate(frozenset(published), frozenset(waiting), outdated)


def _outdated(
    spec: BackendSpec, observed: Observed, complete: Iterable[ObservedObject]
) -> Iterable[ObjectReference]:
    claims = (existing for existing in observed.objects if existing.ref.kind == "PersistentVolumeClaim")
    claim = next((claim for claim in claims if claim.ref.name == claim_name(spec.key.name)), None)
    reported = observed.recorded_jobs | {
        download_job_name(spec.key.name, pod.model_set) for pod in observed.pods if pod.model_set
    }
    for job in complete:
        if download_job.is_outdated(job, claim) or job.ref.name not in reported:
            yield job.ref
