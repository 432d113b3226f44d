"""Looks for inputs on which a target fails, guided by coverage: `explore.py TARGET SECONDS FOLDER`.

A finding is written to FOLDER; copy it to tests/fuzz/corpus/TARGET, where the tests run it from then on.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found]  # installed by `make fuzz` only

with atheris.instrument_imports(include=["ocr_backend", "urllib3", "requests", "idna", "PIL", "defusedxml"]):
    from fuzz_targets import TARGETS, seeds


def main() -> None:
    """Runs one target until the time is over or it fails."""
    target, seconds, folder = sys.argv[1:]
    inputs = Path(folder, target)
    inputs.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (inputs / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", "-timeout=30", "-rss_limit_mb=4096", "-max_len=65536"]
    atheris.Setup(
        [sys.argv[0], *limits, f"-artifact_prefix={folder}/{target}-", str(inputs)], TARGETS[target]
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
