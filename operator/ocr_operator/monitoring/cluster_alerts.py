"""Alerts from metrics of the cluster: autoscalers, volumes and Jobs of this product. Pure data.

They stay silent in a cluster without kube-state-metrics or kubelet metrics.
"""

from ocr_operator.monitoring.alert_model import VARIANT_LABELS, Alert
from ocr_operator.monitoring.promql import OCRBACKEND, VARIANT

_HPA = "namespace, horizontalpodautoscaler"
_CLAIM = "namespace, persistentvolumeclaim"

_JOB = "namespace, job_name"
_PRELABEL_JOBS = (
    'label_replace(kube_pod_owner{owner_kind="Job"} and on (namespace, pod) '
    'kube_pod_container_info{container="prelabel"}, "job_name", "$1", "owner_name", "(.+)")'
)


def _autoscaler(metric: str) -> str:
    """By the name of the Deployment, before which KEDA puts a prefix."""
    return (
        f"max by ({_HPA}) (label_replace(kube_horizontalpodautoscaler_{metric}{{}}, "
        '"horizontalpodautoscaler", "$1", "horizontalpodautoscaler", "keda-hpa-(.+)"))'
    )


def _volume(metric: str) -> str:
    return f"max by ({_CLAIM}) (kubelet_volume_stats_{metric}{{}})"


CLUSTER_ALERTS = (
    Alert(
        "OCRAutoscalerAtMaximum",
        "info",
        "15m",
        # Names as in `names.child_name`.
        f"max by ({VARIANT}, horizontalpodautoscaler) (label_join(ocrbackend_status_variant_info{{}}, "
        '"horizontalpodautoscaler", "-", "ocrbackend", "variant")) '
        f"and on ({_HPA}) {_autoscaler('status_current_replicas')} >= "
        f"{_autoscaler('spec_max_replicas')} > {_autoscaler('spec_min_replicas')}",
        f"{VARIANT_LABELS} has the maximum number of pods",
        "The HorizontalPodAutoscaler of a variant has been at its maximum for 15 minutes, so more requests "
        "wait longer.",
        "Raise spec.variants[].autoscaling.maxReplicas, or give each pod more cores or an accelerator. If a "
        "whole project is being read, wait for it to finish.",
        source="kube-state-metrics",
    ),
    Alert(
        "OCRModelsVolumeNearlyFull",
        "warning",
        "15m",
        # The claim's name as in `names.claim_name`.
        f"max by ({OCRBACKEND}, persistentvolumeclaim) (label_replace(ocrbackend_status_condition"
        '{condition="Ready"}, "persistentvolumeclaim", "$1-models", "ocrbackend", "(.+)")) '
        f"and on ({_CLAIM}) {_volume('available_bytes')} / {_volume('capacity_bytes')} < 0.1",
        "The models volume of {{ $labels.namespace }}/{{ $labels.ocrbackend }} is nearly full",
        "Less than 10 % of the volume that the operator created for the models is free, so the next download "
        "may fail.",
        "Raise spec.models.storage.size if the storage class can expand volumes, or remove unused models "
        "with `ocr-backend models prune`.",
        source="kubelet",
    ),
    Alert(
        "OCRPrelabelJobFailed",
        "warning",
        "1m",
        f"max by ({_JOB}) (kube_job_status_failed{{}}) > 0 and on ({_JOB}) {_PRELABEL_JOBS} "
        f"unless on ({_JOB}) (kube_job_status_active{{}} > 0 or kube_job_status_succeeded{{}} > 0)",
        "The prelabel Job {{ $labels.namespace }}/{{ $labels.job_name }} failed",
        "A Job of the chart's `prelabel` ended without success, so tasks of its project have no new "
        "predictions.",
        "Check the log with `kubectl logs job/NAME`. The alert resolves when the Job is deleted.",
        source="kube-state-metrics",
    ),
)
