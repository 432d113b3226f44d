"""How series of this product are chosen and grouped in PromQL: jobs, labels, ratios and quantiles.

Pure. `alerts` and the dashboards write their expressions with it.
"""

from ocr_operator.manifests.relabelings import BACKEND_JOB, OPERATOR_JOB

BACKEND = f'job="{BACKEND_JOB}"'
OPERATOR = f'job="{OPERATOR_JOB}"'
FAMILY = "namespace, ocrbackend"
VARIANT = "namespace, ocrbackend, language, model_type"
POD = f"{VARIANT}, pod"

WINDOW = "$__rate_interval"
"""Grafana's: a window that fits the interval of scraping and the time that is shown."""

NOT_READ = "unreachable|refused|broken"
"""Outcomes of tasks whose image did not come, is not allowed, or is no image."""


def total(metric: str, by: str, window: str, where: str = BACKEND) -> str:
    """Growth of a counter per second over a window (`5m`, `7d@6h`: seven days, six hours ago), by labels."""
    length, _, ago = window.partition("@")
    return f"sum by ({by}) (rate({metric}{{{where}}}[{length}]{f' offset {ago}' if ago else ''}))"


def ratio(metric: str, by: str, window: str, part: str, where: str = BACKEND) -> str:
    """The share 0..1 of a counter's growth that has also the labels of `part`; absent where nothing grew."""
    whole = total(metric, by, window, where)
    return f"{total(metric, by, window, f'{where}, {part}')} / ({whole} > 0)"


def quantile(share: float, metric: str, by: str, window: str, where: str = BACKEND) -> str:
    """The value that `share` (0..1) of a histogram's observations stay below."""
    return f"histogram_quantile({share}, {total(f'{metric}_bucket', f'{by}, le', window, where)})"


def mean(metric: str, by: str, window: str, where: str = BACKEND) -> str:
    """Mean of a histogram's observations; absent where there were none."""
    count = total(f"{metric}_count", by, window, where)
    return f"{total(f'{metric}_sum', by, window, where)} / ({count} > 0)"
