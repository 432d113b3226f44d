"""User and password for HTTP basic authentication at the hosts of images.

The password is not part of any `repr`.
"""

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote


@dataclass(frozen=True)
class Credentials:
    """User and password for one host."""

    user: str
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of Authorization (RFC 7617, UTF-8)."""
        pair = f"{self.user}:{self.password}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def project_credentials(user: str | None, password: str | None) -> Credentials | None:
    """The credentials of a Label Studio project; None if it has no user."""
    return Credentials(user, password or "") if user else None


def url_credentials(userinfo: str | None) -> Credentials | None:
    """The credentials before the host of a URL, still percent-encoded there; None without any."""
    if userinfo is None:
        return None
    user, _, password = userinfo.partition(":")
    return Credentials(unquote(user), unquote(password))
