"""Basic authentication of requests: which paths need credentials, and whether the credentials are right.

Pure; `app` calls it before each request.
"""

import base64
import binascii
import hmac

from ocr_backend.config.settings import Settings
from ocr_backend.errors import AuthenticationError

UNAUTHENTICATED_PATHS = ("/livez", "/readyz", "/metrics")
"""Never need credentials: Kubernetes and Prometheus send none."""

OPTIONAL_AUTH_PATHS = ("/", "/health")
"""Allow requests without credentials. Wrong ones get 401, so that Label Studio reports them on connect."""


def authenticate(path: str, authorization: str | None, settings: Settings) -> None:
    """Checks the Authorization header of a request.

    Raises:
        AuthenticationError: the path needs credentials, and these are missing or wrong.
    """
    if not settings.basic_auth_user or path in UNAUTHENTICATED_PATHS:
        return
    if authorization is None and path in OPTIONAL_AUTH_PATHS:
        return
    if authorization is None:
        raise AuthenticationError("user and password are required (BASIC_AUTH_USER, BASIC_AUTH_PASS)")
    if not _is_authorized(authorization, settings):
        raise AuthenticationError("user or password is wrong (BASIC_AUTH_USER, BASIC_AUTH_PASS)")


def _is_authorized(authorization: str, settings: Settings) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        return False
    user, _, password = pair.partition(b":")
    # Both are always compared, in constant time, so that the time does not reveal which one is wrong.
    is_user = hmac.compare_digest(user, settings.basic_auth_user.encode())
    is_password = hmac.compare_digest(password, settings.basic_auth_pass.encode())
    return is_user and is_password
