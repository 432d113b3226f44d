"""How many cases generated tests try: all in CI, a tenth on a developer's machine."""

import os


def cases(full: int) -> int:
    """`full` where the variable CI is set, else a tenth of it, at least 20."""
    return full if os.environ.get("CI") else max(20, full // 10)
