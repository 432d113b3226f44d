"""Reads the samples of Prometheus' text format."""


def metric_samples(exposition: str) -> dict[str, float]:
    """The value of each sample, by its name with labels."""
    lines = [line for line in exposition.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
