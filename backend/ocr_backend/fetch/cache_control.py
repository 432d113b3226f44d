"""Reads the HTTP header Cache-Control. Pure."""

import math


def cache_seconds(cache_control: str) -> float:
    """How long a response with this Cache-Control may be cached (RFC 9111, 5.2.2); 0 = not at all.

    >>> cache_seconds("private, max-age=60"), cache_seconds("No-Store"), cache_seconds("")
    (60.0, 0.0, inf)
    """
    directives = dict(part.strip().lower().partition("=")[::2] for part in cache_control.split(","))
    # `no-cache` allows caching with revalidation, which the image cache does not do.
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    max_age = directives.get("max-age", "").strip('"')
    return float(max_age) if max_age.isdecimal() else math.inf
