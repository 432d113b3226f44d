"""PromQL building blocks: jobs, labels, rates, ratios and quantiles of this product's metrics. Pure."""

from ocr_operator.manifests.relabelings import BACKEND_JOB, OPERATOR_JOB

BACKEND = f'job="{BACKEND_JOB}"'
OPERATOR = f'job="{OPERATOR_JOB}"'
OCRBACKEND = "namespace, ocrbackend"
VARIANT = "namespace, ocrbackend, variant"
POD = f"{VARIANT}, pod"

RATE_INTERVAL = "$__rate_interval"
"""Grafana's variable: a window that fits the scrape interval and the time range."""

NOT_READ = "unreachable|refused|broken"
"""Outcomes of tasks whose image could not be fetched, was blocked by policy, or is not a valid image."""

SLOW_SECONDS = 60
"""Label Studio times out after 100 s (ML_TIMEOUT_PREDICT); the backend responds after 90 s at the latest."""


def rate(metric: str, by: str, window: str, selector: str = BACKEND) -> str:
    """A counter's growth per second, summed by labels. The window `7d@6h` is 7 days long, 6 hours ago."""
    length, _, ago = window.partition("@")
    return f"sum by ({by}) (rate({metric}{{{selector}}}[{length}]{f' offset {ago}' if ago else ''}))"


def increase(metric: str, by: str, window: str, selector: str = BACKEND) -> str:
    """A counter's growth in the window, summed by labels."""
    return f"sum by ({by}) (increase({metric}{{{selector}}}[{window}]))"


def ratio(metric: str, by: str, window: str, subset: str, selector: str = BACKEND) -> str:
    """The share (0 to 1) of a counter's growth that also matches `subset`; no series without growth."""
    all_series = rate(metric, by, window, selector)
    return f"{rate(metric, by, window, f'{selector}, {subset}')} / ({all_series} > 0)"


def quantile(q: float, metric: str, by: str, window: str, selector: str = BACKEND) -> str:
    """The quantile `q` (0 to 1) of a histogram."""
    return f"histogram_quantile({q}, {rate(f'{metric}_bucket', f'{by}, le', window, selector)})"


def mean(metric: str, by: str, window: str, selector: str = BACKEND) -> str:
    """The mean of a histogram's observations; no series without observations."""
    count = rate(f"{metric}_count", by, window, selector)
    return f"{rate(f'{metric}_sum', by, window, selector)} / ({count} > 0)"


def variants_without_ready_pod(selector: str = "") -> str:
    """The variants that should have pods and have no ready one."""
    desired, ready = (
        f"max by ({VARIANT}) (ocrbackend_status_variant_replicas_{state}{{{selector}}})"
        for state in ("desired", "ready")
    )
    return f"({desired} > 0 and {ready} == 0)"
