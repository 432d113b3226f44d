"""Each alert fires for its cause and only for its cause, checked by promtool."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alert_rule_tests import RULES, firing, rule_test, run
from alert_series import (
    OCRBACKEND,
    OPERATOR,
    POD,
    VARIANT,
    VARIANT_INFO,
    annotated_lines,
    autoscaler,
    buckets,
    condition,
    job,
    replicas,
    requests,
    tasks,
    variant,
    volume,
)
from ocr_operator.monitoring.alerts import ALERTS
from prometheus_process import promtool

pytestmark = pytest.mark.prometheus


@dataclass(frozen=True)
class Case:
    """Series (name -> promtool values) with which an alert fires at sample `at`, with `labels`.

    With the series in `calm` it must not fire. `minutes` is the interval between samples.
    """

    series: dict[str, str]
    labels: str
    at: int = 60
    minutes: int = 1
    calm: dict[str, str] = field(default_factory=dict)


CASES: dict[str, Case] = {
    "OCROperatorDown": Case(
        {f"up{{{OPERATOR}}}": "1x20 0x40"},
        'namespace="system"',
        calm={f"up{{{OPERATOR}}}": "1x60", f'up{{{OPERATOR},instance="spare"}}': "0x60"},
    ),
    "OCROperatorNotLeading": Case(
        {f'leader_election_master_status{{{OPERATOR},name="ocr"}}': "0x60"},
        'namespace="system",name="ocr"',
        calm={
            f'leader_election_master_status{{{OPERATOR},name="ocr"}}': "0x60",
            f'leader_election_master_status{{{OPERATOR},name="ocr",instance="spare"}}': "1x60",
        },
    ),
    "OCROperatorWatchStale": Case(
        {f'ocr_operator_watch_staleness_seconds{{{OPERATOR},kind="Pod"}}': "0x50 100 160 180 180x10"},
        'namespace="system",pod="op-1",kind="Pod"',
        at=54,
        calm={f'ocr_operator_watch_staleness_seconds{{{OPERATOR},kind="Pod"}}': "0 60 0 60 0 60 119x60"},
    ),
    "OCROperatorReconcileErrors": Case(
        {f'controller_runtime_reconcile_errors_total{{{OPERATOR},controller="ocrbackend"}}': "0+1x60"},
        'namespace="system"',
        calm={
            f'controller_runtime_reconcile_errors_total{{{OPERATOR},controller="ocrbackend"}}': "0x30 1x30"
        },
    ),
    "OCROperatorApiErrors": Case(
        {
            f'rest_client_requests_total{{{OPERATOR},method="GET",code="200"}}': "0+90x60",
            f'rest_client_requests_total{{{OPERATOR},method="GET",code="<error>"}}': "0+10x60",
        },
        'namespace="system"',
        calm={
            f'rest_client_requests_total{{{OPERATOR},method="GET",code="200"}}': "0+90x60",
            f'rest_client_requests_total{{{OPERATOR},method="GET",code="404"}}': "0+90x60",
            f'rest_client_requests_total{{{OPERATOR},method="GET",code="500"}}': "0+1x60",
        },
    ),
    "OCRVariantDown": Case(
        {replicas("desired"): "2x60", replicas("ready"): "0x60", variant("OOMKilled"): "1x60"},
        VARIANT,
        calm={replicas("desired"): "2x60", replicas("ready"): "0x60", variant("Paused"): "1x60"},
    ),
    "OCRModelsNotReady": Case(
        {condition("ModelsReady", "false", "DownloadFailed"): "1x60"},
        OCRBACKEND,
        calm={condition("ModelsReady", "false", "Downloading"): "1x60"},
    ),
    "OCRBackendNotReady": Case(
        {condition("Ready", "false", "ImagePullFailed"): "1x60"},
        OCRBACKEND,
        calm={
            condition("Ready", "false", "DownloadFailed"): "1x60",
            condition("ModelsReady", "false", "DownloadFailed"): "1x60",
        },
    ),
    "OCRReadinessLost": Case(
        {replicas("desired"): "2x60", replicas("ready"): "2 2 2 1 2 2 1 2 2 1 2 2 1 2x47"},
        VARIANT,
        at=20,
        calm={replicas("desired"): "4x10 3x10 2x10 1x30", replicas("ready"): "4x10 3x10 2x10 1x30"},
    ),
    "OCRBackendNotScraped": Case(
        {replicas("ready"): "1x60", f"up{{{POD}}}": "0x60"},
        VARIANT,
        calm={replicas("ready"): "1x60", f"up{{{POD}}}": "1x60"},
    ),
    "OCRPredictionsFailing": Case(
        {requests(200): "0+90x60", requests(500): "0+10x60"},
        VARIANT,
        calm={
            requests(200): "0+90x60",
            requests(400): "0+90x60",
            requests(503): "0+90x60",
            requests(500, "/health"): "0+90x60",
        },
    ),
    "OCRRequestsRejected": Case(
        {requests(200): "0+90x60", requests(503): "0+10x60"},
        VARIANT,
        calm={requests(200): "0+90x60", requests(500): "0+90x60", requests(503, "/readyz"): "0+90x60"},
    ),
    "OCRPredictionsSlow": Case(buckets("0+20x60"), VARIANT, calm=buckets("0+10x60")),
    "OCRImagesNotRead": Case(
        {tasks("read"): "0+50x60", tasks("unreachable"): "0+10x60", tasks("broken"): "0+10x60"},
        VARIANT,
        calm={tasks("read"): "0+50x60", tasks("late"): "0+50x60", tasks("refused"): "0+10x60"},
    ),
    "OCRTasksLate": Case(
        {tasks("read"): "0+50x60", tasks("late"): "0+20x60"},
        VARIANT,
        calm={tasks("read"): "0+50x60", tasks("late"): "0+5x60", tasks("failed"): "0+20x60"},
    ),
    "OCRSlotsSaturated": Case(
        {
            f"ocr_slots{{{POD}}}": "2x60",
            f"ocr_slots_busy{{{POD}}}": "2x60",
            f"ocr_images_waiting{{{POD}}}": "9x60",
        },
        VARIANT,
        calm={
            f"ocr_slots{{{POD}}}": "2x60",
            f"ocr_slots_busy{{{POD}}}": "2x60",
            f"ocr_images_waiting{{{POD}}}": "0x60",
        },
    ),
    "OCRMemoryNearLimit": Case(
        {f"ocr_memory_bytes{{{POD}}}": "95x60", f"ocr_memory_limit_bytes{{{POD}}}": "100x60"},
        f'{VARIANT},pod="ocr-1"',
        calm={f"ocr_memory_bytes{{{POD}}}": "80x60", f"ocr_memory_limit_bytes{{{POD}}}": "100x60"},
    ),
    "OCRWorkersRestarting": Case(
        {f"ocr_worker_starts_total{{{POD}}}": "2x20 2+1x40", f"ocr_workers_ready{{{POD}}}": "2x60"},
        f'{VARIANT},pod="ocr-1"',
        calm={f"ocr_worker_starts_total{{{POD}}}": "1x30 8x30", f"ocr_workers_ready{{{POD}}}": "0x30 8x30"},
    ),
    "OCRScoresDropped": Case(
        {
            f"ocr_line_score_sum{{{POD}}}": "0+90x1008 90720+70x96",
            f"ocr_line_score_count{{{POD}}}": "0+100x1104",
        },
        f'{OCRBACKEND},language="ch"',
        at=1099,
        minutes=10,
        calm={
            f"ocr_line_score_sum{{{POD}}}": "0+90x1008 90720+88x96",
            f"ocr_line_score_count{{{POD}}}": "0+100x1104",
        },
    ),
    "OCRCorrectionsRising": Case(
        {annotated_lines("accepted"): "0+9x1104", annotated_lines("changed"): "0+1x960 960+3x144"},
        VARIANT,
        at=1099,
        minutes=10,
        calm={
            annotated_lines("accepted"): "0+9x1104",
            annotated_lines("changed"): "0+1x1104",
            annotated_lines("added"): "0+1x960 960+9x144",
        },
    ),
    "OCRAutoscalerAtMaximum": Case(
        {
            VARIANT_INFO: "1x60",
            autoscaler("status_current_replicas"): "4x60",
            autoscaler("spec_max_replicas"): "4x60",
            autoscaler("spec_min_replicas"): "1x60",
        },
        f'{VARIANT},horizontalpodautoscaler="ocr-chinese"',
        calm={
            VARIANT_INFO: "1x60",
            autoscaler("status_current_replicas"): "3x60",
            autoscaler("spec_max_replicas"): "4x60",
            autoscaler("spec_min_replicas"): "1x60",
            autoscaler("status_current_replicas", "web"): "4x60",
            autoscaler("spec_max_replicas", "web"): "4x60",
            autoscaler("spec_min_replicas", "web"): "1x60",
        },
    ),
    "OCRModelsVolumeNearlyFull": Case(
        {
            condition("Ready", "true", "Available"): "1x60",
            volume("available"): "9x60",
            volume("capacity"): "100x60",
        },
        f'{OCRBACKEND},persistentvolumeclaim="ocr-models"',
        calm={
            condition("Ready", "true", "Available"): "1x60",
            volume("available"): "11x60",
            volume("capacity"): "100x60",
            volume("available", "web"): "1x60",
            volume("capacity", "web"): "100x60",
        },
    ),
    "OCRPrelabelJobFailed": Case(
        job("prelabel", failed=1, active=0, succeeded=0),
        'namespace="labs",job_name="nightly-1"',
        calm=job("backup", failed=1, active=0, succeeded=0),
    ),
}


def test_promtool_accepts_the_rules_and_every_alert_has_a_case() -> None:
    done = promtool("check", "rules", "--lint-fatal", RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(CASES) == [alert.name for alert in ALERTS]


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_only_for_its_cause_after_its_duration(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    checks = [
        rule_test(case.minutes, case.series, {0: [], case.at: [firing(name, case.labels)]}, name),
        rule_test(case.minutes, case.calm, {case.at: []}, name),
    ]
    run(checks, case.minutes, tmp_path)
