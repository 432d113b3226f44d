"""Each alert fires for its cause and only for its cause, checked by promtool."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from ocr_operator.api.reason_groups import INFORMATIONAL, NORMAL
from ocr_operator.api.reasons import Reason
from ocr_operator.monitoring.alerts import ALERTS
from prometheus_process import promtool

pytestmark = pytest.mark.prometheus

RULES = Path(__file__).parents[2] / "chart" / "files" / "alerts.yaml"

OCRBACKEND = 'namespace="labs",ocrbackend="ocr"'
VARIANT = f'{OCRBACKEND},language="ch",model_type="mobile"'
POD = f'job="ocr-backend",{VARIANT},pod="ocr-1"'
OPERATOR = 'job="ocr-backend-operator",namespace="system",pod="op-1"'


def condition(kind: str, status: str, reason: str) -> str:
    return (
        f'ocrbackend_status_condition{{{OCRBACKEND},condition="{kind}",status="{status}",reason="{reason}"}}'
    )


def replicas(state: str) -> str:
    return f'ocrbackend_status_variant_replicas{{{VARIANT},state="{state}"}}'


def variant(reason: str) -> str:
    return f'ocrbackend_status_variant{{{VARIANT},phase="Failed",reason="{reason}"}}'


def buckets(slow: str) -> dict[str, str]:
    """Histogram of predict requests; `slow` is the growth of all requests, of which 10 take at most 50 s."""
    name = f'ocr_request_seconds_bucket{{{POD},path="/predict",le="%s"}}'
    return {name % "50": "0+10x200", name % "100": slow, name % "+Inf": slow}


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
        "",
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
        f'{VARIANT},reason="OOMKilled"',
        calm={replicas("desired"): "2x60", replicas("ready"): "0x60", variant("Starting"): "1x60"},
    ),
    "OCRModelsNotReady": Case(
        {condition("ModelsReady", "false", "DownloadFailed"): "1x60"},
        f'{OCRBACKEND},reason="DownloadFailed"',
        calm={condition("ModelsReady", "false", "Downloading"): "1x60"},
    ),
    "OCRBackendNotReady": Case(
        {condition("Ready", "false", "ImagePullFailed"): "1x60"},
        f'{OCRBACKEND},reason="ImagePullFailed"',
        calm={
            condition("Ready", "false", "DownloadFailed"): "1x60",
            condition("ModelsReady", "false", "DownloadFailed"): "1x60",
        },
    ),
    "OCRBackendNotScraped": Case(
        {replicas("ready"): "1x60", f"up{{{POD}}}": "0x60"},
        VARIANT,
        calm={replicas("ready"): "1x60", f"up{{{POD}}}": "1x60"},
    ),
    "OCRPredictionsFailing": Case(
        {
            f'ocr_requests_total{{{POD},path="/predict",status="200"}}': "0+90x60",
            f'ocr_requests_total{{{POD},path="/predict",status="500"}}': "0+10x60",
        },
        VARIANT,
        calm={
            f'ocr_requests_total{{{POD},path="/predict",status="200"}}': "0+90x60",
            f'ocr_requests_total{{{POD},path="/predict",status="400"}}': "0+90x60",
            f'ocr_requests_total{{{POD},path="/health",status="503"}}': "0+90x60",
        },
    ),
    "OCRPredictionsSlow": Case(buckets("0+20x60"), VARIANT, calm=buckets("0+10x60")),
    "OCRImagesNotRead": Case(
        {
            f'ocr_tasks_total{{{POD},outcome="read"}}': "0+50x60",
            f'ocr_tasks_total{{{POD},outcome="unreachable"}}': "0+10x60",
            f'ocr_tasks_total{{{POD},outcome="broken"}}': "0+10x60",
        },
        VARIANT,
        calm={
            f'ocr_tasks_total{{{POD},outcome="read"}}': "0+50x60",
            f'ocr_tasks_total{{{POD},outcome="late"}}': "0+50x60",
            f'ocr_tasks_total{{{POD},outcome="refused"}}': "0+10x60",
        },
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
}


def test_promtool_accepts_the_rules_and_every_alert_has_a_case() -> None:
    done = promtool("check", "rules", "--lint-fatal", RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(CASES) == [alert.name for alert in ALERTS]


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_only_for_its_cause_after_its_duration(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    [alert] = [alert for alert in ALERTS if alert.name == name]
    expected = f'ALERTS{{alertname="{name}",alertstate="firing",severity="{alert.severity}"'
    expected += f",{case.labels}}}" if case.labels else "}"
    checks = [
        _test(case.minutes, case.series, {0: [], case.at: [{"labels": expected, "value": 1}]}, name),
        _test(case.minutes, case.calm, {case.at: []}, name),
    ]
    _run(checks, case.minutes, tmp_path)


def test_an_unready_ocrbackend_is_alerted_for_every_reason_that_needs_action(
    tmp_path: Path,
) -> None:
    """Each reason has its own OCRBackend; Evicted and RolledBack are among them."""
    reasons = sorted(set(Reason) - NORMAL)
    alerted = sorted(set(reasons) - INFORMATIONAL - {Reason.PAUSED})
    assert {Reason.EVICTED, Reason.ROLLED_BACK} < set(alerted)
    series = [
        condition("Ready", "false", reason).replace('"ocr"', f'"{reason.lower()}"') for reason in reasons
    ]
    name, severity = "OCRBackendNotReady", "warning"
    selector = f'alertname="{name}",alertstate="firing",severity="{severity}",namespace="labs"'
    expected = [
        {"labels": f'ALERTS{{{selector},ocrbackend="{reason.lower()}",reason="{reason}"}}', "value": 1}
        for reason in alerted
    ]
    _run([_test(1, dict.fromkeys(series, "1x60"), {0: [], 60: expected}, name)], 1, tmp_path)


def _run(checks: list[dict[str, object]], minutes: int, folder: Path) -> None:
    document = {"rule_files": [str(RULES)], "evaluation_interval": f"{minutes}m", "tests": checks}
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(document))
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def _test(
    minutes: int, series: dict[str, str], expected: dict[int, list[object]], name: str
) -> dict[str, object]:
    query = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    return {
        "interval": f"{minutes}m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {"expr": query, "eval_time": f"{sample * minutes}m", "exp_samples": samples}
            for sample, samples in expected.items()
        ],
    }
