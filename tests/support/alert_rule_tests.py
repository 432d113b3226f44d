"""Runs promtool's tests of the chart's alerts."""

from pathlib import Path

import yaml

from ocr_operator.monitoring.alerts import ALERTS
from prometheus_process import promtool

RULES = Path(__file__).parents[2] / "chart" / "files" / "alerts.yaml"


def firing(name: str, labels: str) -> dict[str, object]:
    """The sample of a firing alert."""
    [alert] = [alert for alert in ALERTS if alert.name == name]
    selector = f'alertname="{name}",alertstate="firing",severity="{alert.severity}"'
    return {"labels": f"ALERTS{{{selector}{',' if labels else ''}{labels}}}", "value": 1}


def run(checks: list[dict[str, object]], minutes: int, folder: Path) -> None:
    """Fails unless promtool confirms the checks. Evaluates the rules at this interval."""
    document = {"rule_files": [str(RULES)], "evaluation_interval": f"{minutes}m", "tests": checks}
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(document))
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def rule_test(
    minutes: int, series: dict[str, str], expected: dict[int, list[object]], name: str
) -> dict[str, object]:
    """The samples of an alert that are expected at these samples of the series."""
    query = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    return {
        "interval": f"{minutes}m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {"expr": query, "eval_time": f"{sample * minutes}m", "exp_samples": samples}
            for sample, samples in expected.items()
        ],
    }
