"""Checks Label Studio: whether it answers, whether the token is valid, whether it can reach the backend."""

import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import requests

from ocr_backend.commands.doctor.findings import Finding, bad, good, skipped, warning
from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi, Reply
from ocr_backend.commands.label_studio import TOKEN_ADVICE, URL_ADVICE, not_label_studio
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.label_studio_token import jwt_claims
from ocr_backend.system.address_policy import AddressPolicy
from ocr_backend.system.urls import redact_url

URL, TOKEN, REACHABILITY = "Label Studio", "token", "reachability"
_LEGACY_TOKEN = re.compile(r"[0-9a-f]{40}")
_REDIRECT_STATUSES = range(300, 400)
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def check_server(api: LabelStudioApi) -> Finding:
    """Whether Label Studio answers at the URL, and its version."""
    try:
        reply = api.version()
    except requests.RequestException as error:
        return _connection_problem(api.url, error)
    if reply.status in _REDIRECT_STATUSES and reply.location:
        return _redirected(api.url, reply.location)
    release = reply.content.get("release") if isinstance(reply.content, dict) else None
    if reply.status != 200 or not isinstance(release, str):
        return bad(URL, not_label_studio(api.url, reply.status), URL_ADVICE)
    return good(URL, f"{release} at {api.url}")


def _redirected(url: str, location: str) -> Finding:
    target = redact_url(urljoin(url + "/", location)).removesuffix("/").removesuffix("/api/version")
    action = f"if {target} is Label Studio and not a login page, set LABEL_STUDIO_URL={target}"
    return bad(URL, f"{url} redirects to {target}", action)


def _connection_problem(url: str, error: requests.RequestException) -> Finding:
    message, action = _explain(url, error)
    if not isinstance(error, requests.exceptions.SSLError) and urlsplit(url).hostname in _LOCAL_HOSTS:
        action += "; inside a container, localhost is that container, so use the service's or host's name"
    return bad(URL, message, action)


def _explain(url: str, error: requests.RequestException) -> tuple[str, str]:
    """Why there is no connection, and what to do."""
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
            http_url = url.replace("https://", "http://", 1)
            return f"{url} does not support https", f"set LABEL_STUDIO_URL={http_url}, or use the https port"
        return (
            f"the certificate of {url} is not trusted here",
            "set REQUESTS_CA_BUNDLE to the file with its certificate authority; VERIFY_SSL=false trusts "
            "every certificate",
        )
    if isinstance(error, requests.Timeout):
        return f"{url} does not answer in time", "check firewalls and network policies on the way"
    if "NameResolution" in text or "Name or service not known" in text:
        return f"the host name in {url} cannot be resolved", "correct the host name in LABEL_STUDIO_URL"
    return f"{url} cannot be reached", "check that Label Studio is running, and the port in LABEL_STUDIO_URL"


def check_token_format(key: str, now: float) -> Finding:
    """The kind of token, and whether it can be valid; `now` is in seconds since the epoch."""
    if not key:
        message = "not set, so files stored in Label Studio cannot be fetched"
        return warning(TOKEN, message, f"set LABEL_STUDIO_API_KEY; {TOKEN_ADVICE}")
    if not all("!" <= char <= "~" for char in key):
        message = "contains white space or characters that no token has"
        return bad(TOKEN, message, "copy the token again, and nothing else")
    claims = jwt_claims(key)
    if claims is None:
        if _LEGACY_TOKEN.fullmatch(key):
            return good(TOKEN, "a legacy token")
        return warning(TOKEN, "neither a legacy token (40 hex digits) nor a JWT", TOKEN_ADVICE)
    expiry = claims.get("exp")
    if isinstance(expiry, int | float) and expiry <= now:
        date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(expiry))
        return bad(TOKEN, f"expired on {date}", f"set LABEL_STUDIO_API_KEY to a new token; {TOKEN_ADVICE}")
    if claims.get("token_type") == "refresh":
        return good(TOKEN, "a personal access token")
    message = "a short-lived access token, which expires after some minutes"
    return warning(TOKEN, message, f"use a personal access token; {TOKEN_ADVICE}")


def check_access(api: LabelStudioApi) -> Finding:
    """Whether Label Studio accepts the token."""
    try:
        reply = api.user()
    except ImageError as error:  # Label Studio refuses to exchange the personal access token
        return bad(TOKEN, str(error), f"{TOKEN_ADVICE}; a token ends on its expiry date, or with its user")
    if reply.status == 200 and isinstance(reply.content, dict):
        return good(TOKEN, f"accepted: user {reply.content.get('id')}, {reply.content.get('email')}")
    return _refused(reply, api.url)


def _refused(reply: Reply, url: str) -> Finding:
    message = f"Label Studio refuses it: {reply.detail}"
    if "legacy" in reply.detail.lower():
        action = f"{TOKEN_ADVICE}; or allow legacy tokens: Organization > Access Token Settings"
        return bad(TOKEN, message, action)
    if reply.status in (401, 403):
        return bad(TOKEN, message, f"set LABEL_STUDIO_API_KEY to a valid token; {TOKEN_ADVICE}")
    message = f"Label Studio does not return the token's user: {reply.detail}"
    return bad(TOKEN, message, f"check the path in LABEL_STUDIO_URL={url}; it must be that of its pages")


def check_reachability(settings: Settings) -> Iterator[Finding]:
    """Whether Label Studio may connect to this machine: by default it refuses private addresses."""
    address = _local_address(settings.label_studio_url)
    if not address:
        yield skipped(REACHABILITY, "this machine's address towards Label Studio is unknown")
    elif AddressPolicy(()).allows_address(address):
        yield good(REACHABILITY, f"this machine has the public address {address}")
    else:
        yield warning(
            REACHABILITY,
            f"this machine has the private address {address}, which Label Studio refuses by default",
            "start Label Studio with ML_BLOCK_LOCAL_IP=false; --project ID shows whether it is connected",
        )


def _local_address(url: str) -> str:
    """Address of the interface towards a URL, or an empty text; sends nothing."""
    parts = urlsplit(url)
    try:
        addresses = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)
        family, kind, _, _, remote_address = addresses[0]
        with socket.socket(family, kind) as probe:
            probe.connect(remote_address)
            return str(probe.getsockname()[0])
    except OSError:
        return ""
