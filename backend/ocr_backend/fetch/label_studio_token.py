"""The Authorization header for Label Studio, from a legacy or a personal access token.

A personal access token is a JWT that is exchanged for access tokens of five minutes (seen in Label Studio
1.23). No error message contains a token.
"""

import base64
import binascii
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from ocr_backend.errors import ImageError

logger = logging.getLogger(__name__)

_RENEW_EARLY_SECONDS = 30.0  # more than clocks differ (guess)
_DEFAULT_LIFETIME_SECONDS = 300.0  # Label Studio's default, for a token without `exp`

_FAILURE_SECONDS = 15.0  # Label Studio is not asked again while many images wait for the same answer (guess)

Post = Callable[[str, dict[str, str]], requests.Response]


class LabelStudioToken:
    """Makes the header; one thread at a time renews the access token.

    `post(url, body)` sends JSON; `now()` is in seconds since the epoch.
    """

    def __init__(self, url: str, key: str, post: Post, now: Callable[[], float] = time.time) -> None:
        self._refresh_url = url.rstrip("/") + "/api/token/refresh/"
        self._key = key
        self._post = post
        self._now = now
        self._renew_lock = threading.Lock()
        self._access_token = ""
        self._expires_at = 0.0
        self._failure = ""
        self._retry_at = 0.0

    def header(self) -> str:
        """The value of Authorization; empty without a token.

        Raises:
            ImageError: Label Studio does not exchange the personal access token.
        """
        if not self._key:
            return ""
        claims = jwt_claims(self._key)
        if claims is None:
            return f"Token {self._key}"
        if claims.get("token_type") != "refresh":
            return f"Bearer {self._key}"
        with self._renew_lock:
            if self._now() > self._expires_at - _RENEW_EARLY_SECONDS:
                self._renew()
            return f"Bearer {self._access_token}"

    def reject(self, header: str) -> None:
        """Lets the next `header()` be another one, unless that has happened since this one was made."""
        with self._renew_lock:
            if header == f"Bearer {self._access_token}":
                self._expires_at = 0.0

    def can_renew(self) -> bool:
        """Whether a new header can replace one that was rejected."""
        claims = jwt_claims(self._key)
        return claims is not None and claims.get("token_type") == "refresh"

    def _renew(self) -> None:
        """Renews the token, or fails as a moment ago."""
        if self._now() < self._retry_at:
            raise ImageError("unreachable", self._failure)
        try:
            self._exchange()
        except ImageError as error:
            self._failure = str(error)
            self._retry_at = self._now() + _FAILURE_SECONDS
            raise

    def _exchange(self) -> None:
        try:
            response = self._post(self._refresh_url, {"refresh": self._key})
            answer = response.json() if response.status_code == 200 else None
        except OSError as error:  # requests raises its own kinds, and others for an unreadable CA file
            raise ImageError(
                "unreachable", "Label Studio cannot be reached to renew the access token"
            ) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("access"), str):
            raise ImageError(
                "unreachable",
                f"Label Studio answered {response.status_code} to the personal access token; "
                "set LABEL_STUDIO_API_KEY to a token that is valid",
            )
        self._access_token = answer["access"]
        expiry = (jwt_claims(self._access_token) or {}).get("exp")
        if isinstance(expiry, int | float):
            self._expires_at = float(expiry)
        else:
            self._expires_at = self._now() + _DEFAULT_LIFETIME_SECONDS
        logger.debug("Label Studio's access token renewed for %.0f s", self._expires_at - self._now())


def jwt_claims(token: str) -> dict[str, Any] | None:
    """The claims of a JWT, unverified; None if the text is not a JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None
