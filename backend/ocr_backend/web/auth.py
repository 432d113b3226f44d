"""Who may ask for what: the paths that are open, and the comparison of credentials.

Pure; `app` asks it before each request.
"""

import base64
import binascii
import hmac

from ocr_backend.config.settings import Settings
from ocr_backend.errors import PasswordError

PROBES = ("/livez", "/readyz", "/metrics")
"""Open whatever comes: Kubernetes and Prometheus ask without credentials."""

GREETINGS = ("/", "/health")
"""Open to those who bring no credentials; wrong ones are told of, as Label Studio asks here first."""


def check(path: str, authorization: str | None, settings: Settings) -> None:
    """Lets a request pass.

    Raises:
        PasswordError: the settings ask for credentials, and these are missing or wrong.
    """
    if not settings.basic_auth_user or path in PROBES or (path in GREETINGS and authorization is None):
        return
    if authorization is None:
        raise PasswordError("user and password are needed (BASIC_AUTH_USER, BASIC_AUTH_PASS)")
    if not _is_right(authorization, settings):
        raise PasswordError("user or password is wrong (BASIC_AUTH_USER, BASIC_AUTH_PASS)")


def _is_right(authorization: str, settings: Settings) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        return False
    user, _, password = pair.partition(b":")
    # Both are compared whatever the first gives, in time that does not tell how much of them was right.
    is_user = hmac.compare_digest(user, settings.basic_auth_user.encode())
    is_password = hmac.compare_digest(password, settings.basic_auth_pass.encode())
    return is_user and is_password
