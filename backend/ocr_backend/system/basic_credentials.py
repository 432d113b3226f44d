"""A user and a password for the hosts of images, as a project's task data credentials or a URL say them.

`payloads` and `downloads` make them; the password is in no representation.
"""

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Credentials:
    """For HTTP basic authentication."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of Authorization (RFC 7617, UTF-8)."""
        pair = f"{self.user}:{self.password}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def given_credentials(user: str | None, password: str | None) -> Credentials | None:
    """Those that a project has; None where it names no user."""
    return Credentials(user, password or "") if user else None


def in_url(url: str) -> Credentials | None:
    """Those that stand in a URL before its host, or None."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    return Credentials(unquote(parts.username), unquote(parts.password or ""))
