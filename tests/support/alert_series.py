"""Series of one variant, its pods, an operator and the cluster, for tests of alerts: names with labels."""

OCRBACKEND = 'namespace="labs",ocrbackend="ocr"'
VARIANT = f'{OCRBACKEND},variant="chinese"'
POD = f'job="ocr-backend",{VARIANT},language="ch",model_type="mobile",pod="ocr-1"'
OPERATOR = 'job="ocr-backend-operator",namespace="system",pod="op-1"'


def condition(kind: str, status: str, reason: str) -> str:
    """A condition of the OCRBackend."""
    return (
        f'ocrbackend_status_condition{{{OCRBACKEND},condition="{kind}",status="{status}",reason="{reason}"}}'
    )


def replicas(state: str) -> str:
    """Number of pods of the variant."""
    return f"ocrbackend_status_variant_replicas_{state}{{{VARIANT}}}"


def variant(reason: str, phase: str = "Failed") -> str:
    """Phase and reason of the variant."""
    return f'ocrbackend_status_variant{{{VARIANT},phase="{phase}",reason="{reason}"}}'


def requests(status: int, path: str = "/predict") -> str:
    """Counter of predict requests."""
    return f'ocr_requests_total{{{POD},path="{path}",status="{status}"}}'


def tasks(outcome: str) -> str:
    """Counter of tasks."""
    return f'ocr_tasks_total{{{POD},outcome="{outcome}"}}'


def annotated_lines(outcome: str) -> str:
    """Counter of the lines of annotations."""
    return f'ocr_annotated_lines_total{{{POD},model_version="v",outcome="{outcome}"}}'


def autoscaler(metric: str, name: str = "ocr-chinese") -> str:
    """A metric of a HorizontalPodAutoscaler."""
    return f'kube_horizontalpodautoscaler_{metric}{{namespace="labs",horizontalpodautoscaler="{name}"}}'


def volume(metric: str, claim: str = "ocr-models") -> str:
    """A metric of a claim's volume."""
    labels = f'job="kubelet",namespace="labs",persistentvolumeclaim="{claim}"'
    return f"kubelet_volume_stats_{metric}_bytes{{{labels}}}"


def job(container: str, **counts: int) -> dict[str, str]:
    """The Job `nightly-1` with a pod of this container."""
    pod = 'namespace="labs",pod="nightly-1-x"'
    statuses = {
        f'kube_job_status_{name}{{namespace="labs",job_name="nightly-1"}}': f"{count}x60"
        for name, count in counts.items()
    }
    return statuses | {
        f'kube_pod_owner{{{pod},owner_kind="Job",owner_name="nightly-1"}}': "1x60",
        f'kube_pod_container_info{{{pod},container="{container}"}}': "1x60",
    }


VARIANT_INFO = f'ocrbackend_status_variant_info{{{VARIANT},language="ch",model_type="mobile"}}'


def buckets(slow: str) -> dict[str, str]:
    """Histogram of predict requests; `slow` is the growth of all requests, of which 10 take at most 50 s."""
    name = f'ocr_request_seconds_bucket{{{POD},path="/predict",le="%s"}}'
    return {name % "50": "0+10x200", name % "100": slow, name % "+Inf": slow}
