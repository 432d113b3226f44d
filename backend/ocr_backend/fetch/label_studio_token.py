"""The Authorization header for Label Studio, from a legacy or a personal access token.

A personal one is a JWT that is exchanged for access tokens of five minutes (seen in Label Studio 1.23).
`downloads` calls this; nothing else knows the tokens, and no message of an error holds one.
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

_EARLY = 30.0  # seconds before its end at which a token is renewed: more than clocks differ (guess)
_LIFETIME = 300.0  # seconds, where the token does not tell; Label Studio's default

Post = Callable[[str, dict[str, str]], requests.Response]


class LabelStudioToken:
    """Gives the header for requests to Label Studio; renewals are made by one thread at a time.

    `post(url, body)` sends JSON; `now()` is in seconds since the epoch.
    """

    def __init__(self, url: str, key: str, post: Post, now: Callable[[], float] = time.time) -> None:
        self._refresh_url = url.rstrip("/") + "/api/token/refresh/"
        self._key = key
        self._post = post
        self._now = now
        self._renewing = threading.Lock()
        self._access = ""
        self._until = 0.0

    def header(self, refused: str = "") -> str:
        """The value of Authorization, empty without a token. `refused` is a header that was answered 401.

        Raises:
            ImageError: Label Studio does not exchange the personal token.
        """
        claims = jwt_claims(self._key)
        if not self._key:
            return ""
        if claims is None:
            return f"Token {self._key}"
        if claims.get("token_type") != "refresh":
            return f"Bearer {self._key}"
        with self._renewing:
            if self._now() > self._until - _EARLY or refused == f"Bearer {self._access}":
                self._renew()
            return f"Bearer {self._access}"

    def can_renew(self) -> bool:
        """Whether another header may be had after one was refused."""
        claims = jwt_claims(self._key)
        return claims is not None and claims.get("token_type") == "refresh"

    def _renew(self) -> None:
        try:
            response = self._post(self._refresh_url, {"refresh": self._key})
            answer = response.json() if response.status_code == 200 else None
        except OSError as error:  # those of requests are some, and it raises others for the file of a CA
            raise ImageError(
                "unreachable", "Label Studio cannot be reached to renew the access token"
            ) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("access"), str):
            raise ImageError(
                "unreachable",
                f"Label Studio answered {response.status_code} to the personal access token; "
                "set LABEL_STUDIO_API_KEY to a token that is valid",
            )
        self._access = answer["access"]
        until = (jwt_claims(self._access) or {}).get("exp")
        self._until = float(until) if isinstance(until, int | float) else self._now() + _LIFETIME
        logger.debug("access token of Label Studio renewed for %.0f s", self._until - self._now())


def jwt_claims(token: str) -> dict[str, Any] | None:
    """What a JWT says, unverified; None where the text is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None
