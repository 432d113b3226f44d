"""Alerts last while reasons change, stay silent in quiet traffic, and name the reason in annotations."""

from pathlib import Path

import pytest

from alert_rule_tests import firing, rule_test, run
from alert_series import (
    OCRBACKEND,
    VARIANT,
    VARIANT_INFO,
    autoscaler,
    condition,
    job,
    replicas,
    requests,
    variant,
)
from ocr_operator.api.reason_groups import INFORMATIONAL, NORMAL
from ocr_operator.api.reasons import Reason
from ocr_operator.monitoring.alerts import ALERTS

pytestmark = pytest.mark.prometheus


def test_an_unready_ocrbackend_is_alerted_for_every_reason_that_needs_action(tmp_path: Path) -> None:
    """Each reason has its own OCRBackend; Evicted and RolledBack are among them."""
    reasons = sorted(set(Reason) - NORMAL)
    alerted = sorted(set(reasons) - INFORMATIONAL - {Reason.PAUSED})
    assert {Reason.EVICTED, Reason.ROLLED_BACK} < set(alerted)
    series = [
        condition("Ready", "false", reason).replace('"ocr"', f'"{reason.lower()}"') for reason in reasons
    ]
    name = "OCRBackendNotReady"
    expected = [firing(name, f'namespace="labs",ocrbackend="{reason.lower()}"') for reason in alerted]
    run([rule_test(1, dict.fromkeys(series, "1x60"), {0: [], 40: expected}, name)], 1, tmp_path)


ALTERNATING = "1 1 stale _ " * 30, "stale _ 1 1 " * 30
"""Two series of which one is present at any time, for two minutes each."""


@pytest.mark.parametrize(
    ("name", "series", "labels"),
    [
        pytest.param(
            "OCRVariantDown",
            {
                replicas("desired"): "2x120",
                replicas("ready"): "0x120",
                variant("OOMKilled"): ALTERNATING[0],
                variant("CrashLooping"): ALTERNATING[1],
            },
            VARIANT,
            id="two reasons",
        ),
        pytest.param(
            "OCRVariantDown",
            {
                replicas("desired"): "2x120",
                replicas("ready"): "0x120",
                variant("OOMKilled"): ALTERNATING[0],
                variant("Starting"): ALTERNATING[1],
            },
            VARIANT,
            id="a restart after each failure",
        ),
        pytest.param(
            "OCRVariantDown",
            {replicas("desired"): "2x120", replicas("ready"): "0x120", variant("Starting"): "1x120"},
            VARIANT,
            id="a start without end",
        ),
        pytest.param(
            "OCRModelsNotReady",
            {
                condition("ModelsReady", "false", "DownloadFailed"): ALTERNATING[0],
                condition("ModelsReady", "false", "Downloading"): ALTERNATING[1],
            },
            OCRBACKEND,
            id="attempts of a download",
        ),
        pytest.param(
            "OCRBackendNotReady",
            {
                condition("Ready", "false", "ImagePullFailed"): ALTERNATING[0],
                condition("Ready", "false", "CrashLooping"): ALTERNATING[1],
            },
            OCRBACKEND,
            id="an object with two reasons",
        ),
        pytest.param(
            "OCRBackendNotReady",
            {condition("Ready", "false", "RollingOut"): "1x120"},
            OCRBACKEND,
            id="a rollout without end",
        ),
    ],
)
def test_an_alert_keeps_firing_while_the_reason_changes(
    name: str, series: dict[str, str], labels: str, tmp_path: Path
) -> None:
    expected = [firing(name, labels)]
    run([rule_test(1, series, dict.fromkeys((80, 83, 100), expected), name)], 1, tmp_path)


@pytest.mark.parametrize(
    ("name", "series"),
    [
        pytest.param(
            "OCRPredictionsFailing",
            {requests(200): "0+0x60", requests(500): "0x10 1x3 2x50"},
            id="two failed requests in quiet traffic",
        ),
        pytest.param(
            "OCRPredictionsFailing",
            {requests(200): "0+1x60", requests(500): "0x10 20x50"},
            id="one burst of errors",
        ),
        pytest.param(
            "OCRVariantDown",
            {
                replicas("desired"): "1x60",
                replicas("ready"): "0x17 1x43",
                variant("Unschedulable"): "1x1 stale",
                variant("Starting"): "_ _ 1x15 stale",
            },
            id="a short failure and a start of a quarter of an hour",
        ),
        pytest.param(
            "OCRVariantDown",
            {
                replicas("desired"): "1x60",
                replicas("ready"): "0x60",
                variant("OOMKilled", "Suspended"): "1x60",
            },
            id="a suspended variant",
        ),
        pytest.param(
            "OCRVariantDown",
            {replicas("desired"): "0x60", replicas("ready"): "0x60", variant("OOMKilled"): "1x60"},
            id="a variant scaled to zero",
        ),
        pytest.param(
            "OCRBackendNotReady",
            {condition("Ready", "false", "RollingOut"): "1x45"},
            id="a rollout of three quarters of an hour",
        ),
        pytest.param("OCRPrelabelJobFailed", job("prelabel", failed=1, active=1), id="a Job that retries"),
    ],
)
def test_an_alert_stays_silent(name: str, series: dict[str, str], tmp_path: Path) -> None:
    run([rule_test(1, series, dict.fromkeys(range(0, 60, 2), []), name)], 1, tmp_path)


def test_all_requests_failing_in_quiet_traffic_are_alerted(tmp_path: Path) -> None:
    name = "OCRPredictionsFailing"
    growth = " ".join(str(minute // 3) for minute in range(61))
    checks = [rule_test(1, {requests(500): growth}, {60: [firing(name, VARIANT)]}, name)]
    run(checks, 1, tmp_path)


def test_each_dead_operator_is_alerted(tmp_path: Path) -> None:
    name, labels = "OCROperatorDown", 'job="ocr-backend-operator",namespace="%s",pod="op-%s"'
    alive = {f"up{{{labels % ('system', 'a')}}}": "1x60"}
    down = [firing(name, 'namespace="labs"')]
    checks = [
        rule_test(1, alive | {f"up{{{labels % ('labs', 'b')}}}": "1x20 0x40"}, {20: [], 40: down}, name),
        rule_test(1, alive | {f"up{{{labels % ('labs', 'b')}}}": "1x20 stale"}, {20: [], 40: down}, name),
        rule_test(1, {"unrelated": "1x60"}, {40: [firing(name, "")]}, name),
    ]
    run(checks, 1, tmp_path)


@pytest.mark.parametrize(
    ("name", "series", "labels", "summary", "runbook"),
    [
        pytest.param(
            "OCRVariantDown",
            {replicas("desired"): "2x60", replicas("ready"): "0x60", variant("OOMKilled"): "1x60"},
            {"namespace": "labs", "ocrbackend": "ocr", "variant": "chinese"},
            "labs/ocr chinese has no ready pod: OOMKilled",
            "docs/reasons.md#oomkilled",
            id="a variant",
        ),
        pytest.param(
            "OCRBackendNotReady",
            {condition("Ready", "false", "ImagePullFailed"): "1x60"},
            {"namespace": "labs", "ocrbackend": "ocr"},
            "labs/ocr is not ready: ImagePullFailed",
            "docs/reasons.md#imagepullfailed",
            id="an OCRBackend",
        ),
    ],
)
def test_the_annotations_name_the_reason(
    name: str, series: dict[str, str], labels: dict[str, str], summary: str, runbook: str, tmp_path: Path
) -> None:
    [alert] = [alert for alert in ALERTS if alert.name == name]
    description = f"{alert.meaning} {alert.action}"
    annotations = {"summary": summary, "description": description, "runbook": runbook}
    expected = {"exp_labels": labels | {"severity": alert.severity}, "exp_annotations": annotations}
    inputs = [{"series": key, "values": values} for key, values in series.items()]
    check = {"eval_time": "40m", "alertname": name, "exp_alerts": [expected]}
    run([{"interval": "1m", "input_series": inputs, "alert_rule_test": [check]}], 1, tmp_path)


def test_the_autoscaler_that_keda_creates_is_that_of_the_variant(tmp_path: Path) -> None:
    name = "OCRAutoscalerAtMaximum"
    replicas_of_keda = {"status_current_replicas": 4, "spec_max_replicas": 4, "spec_min_replicas": 1}
    series = {VARIANT_INFO: "1x60"} | {
        autoscaler(metric, "keda-hpa-ocr-chinese"): f"{value}x60"
        for metric, value in replicas_of_keda.items()
    }
    expected = [firing(name, f'{VARIANT},horizontalpodautoscaler="ocr-chinese"')]
    run([rule_test(1, series, {60: expected}, name)], 1, tmp_path)
