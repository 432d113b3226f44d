"""The manifest of a variant's ScaledObject: KEDA scales the pods on the images in Prometheus' metrics.

Pure; knows the names of the backend's metrics. The labels of their series are those of `relabelings`.
"""

from ocr_operator.api.names import SCALED_OBJECT, child_name
from ocr_operator.api.spec import Autoscaling, BackendSpec, Variant
from ocr_operator.manifests.metadata import ManagedObject, variant_metadata
from ocr_operator.manifests.relabelings import BACKEND_JOB


def scaled_object(spec: BackendSpec, variant: Variant, autoscaling: Autoscaling) -> ManagedObject:
    """The ScaledObject. Without samples, KEDA keeps the number of pods rather than assume that none wait."""
    api_version, kind = SCALED_OBJECT
    trigger = {
        "type": "prometheus",
        "metadata": {
            "serverAddress": autoscaling.prometheus_address,
            "query": _images_per_slot(spec, variant),
            # In each slot an image is read while the others wait.
            "threshold": str(1 + autoscaling.target_queue_length),
            "ignoreNullValues": "false",
        },
    }
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": variant_metadata(spec, variant),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": child_name(spec.key.name, variant.name),
            },
            "minReplicaCount": autoscaling.min_replicas,
            "maxReplicaCount": autoscaling.max_replicas,
            "triggers": [trigger],
        },
    }


def _images_per_slot(spec: BackendSpec, variant: Variant) -> str:
    """Images in all pods, by the slots of one pod: divided by the number of pods, images per slot.

    Images that are being read count too: otherwise more pods would empty the queue and be removed at once.
    """
    labels = {
        "job": BACKEND_JOB,
        "namespace": spec.key.namespace,
        "ocrbackend": spec.key.name,
        "variant": variant.name,
    }
    series = ",".join(f'{label}="{value}"' for label, value in labels.items())
    images = f"sum(ocr_images_waiting{{{series}}}) + sum(ocr_slots_busy{{{series}}})"
    return f"({images}) / avg(ocr_slots{{{series}}})"
