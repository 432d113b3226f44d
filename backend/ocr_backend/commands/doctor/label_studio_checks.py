"""Label Studio: whether it is there, whether the token is good, and whether it can reach the backend."""

import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import requests

from ocr_backend.commands.doctor.findings import Finding, bad, good, skipped, warning
from ocr_backend.commands.doctor.label_studio_api import LabelStudioApi, Reply
from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.image_source import shown
from ocr_backend.fetch.label_studio_token import jwt_claims
from ocr_backend.system.address_policy import AddressPolicy

URL, TOKEN = "Label Studio", "token"
_LEGACY = re.compile(r"[0-9a-f]{40}")
_WHERE = "take one from Label Studio: Account & Settings > Personal Access Token"
_REDIRECTS = range(300, 400)


def reached(api: LabelStudioApi) -> Finding:
    """Whether Label Studio answers at the address, and its version."""
    try:
        reply = api.version()
    except requests.RequestException as error:
        return _unreached(api.url, error)
    if reply.status in _REDIRECTS and reply.location:
        target = shown(urljoin(api.url + "/", reply.location)).removesuffix("/").removesuffix("/api/version")
        return bad(
            URL,
            f"{api.url} sends on to {target}",
            f"set LABEL_STUDIO_URL={target} if that is Label Studio; a page to log in is not",
        )
    release = reply.told.get("release") if isinstance(reply.told, dict) else None
    if reply.status != 200 or not isinstance(release, str):
        return bad(
            URL,
            f"what answers at {api.url} is not Label Studio (status {reply.status})",
            "set LABEL_STUDIO_URL to the address of its pages, with https:// and the path if they have it",
        )
    return good(URL, f"{release} at {api.url}")


def _unreached(url: str, error: requests.RequestException) -> Finding:
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
            plain = url.replace("https://", "http://", 1)
            return bad(
                URL, f"{url} does not speak https", f"set LABEL_STUDIO_URL={plain}, or its port for https"
            )
        return bad(
            URL,
            f"{url} has a certificate that is not trusted here",
            "name the file of its authority in REQUESTS_CA_BUNDLE; VERIFY_SSL=false trusts anybody",
        )
    if isinstance(error, requests.Timeout):
        said, todo = f"{url} does not answer in time", "see whether a firewall or network policy is between"
    elif "NameResolution" in text or "Name or service not known" in text:
        said, todo = f"the host of {url} is not known here", "mend the name in LABEL_STUDIO_URL"
    else:
        said, todo = f"{url} cannot be reached", "see whether Label Studio runs there, and the port"
    if urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1"):
        todo += "; in a container, localhost is that container: name the service or the host"
    return bad(URL, said, todo)


def kind_of_token(key: str, now: float) -> Finding:
    """What kind of token is set, and whether it can still be good; `now` in seconds since the epoch."""
    if not key:
        return warning(
            TOKEN,
            "none is set: what lies in Label Studio cannot be fetched",
            f"set LABEL_STUDIO_API_KEY; {_WHERE}",
        )
    if not all("!" <= char <= "~" for char in key):
        return bad(TOKEN, "it has white space or characters that no token has", "copy it anew, alone")
    claims = jwt_claims(key)
    if claims is None:
        if _LEGACY.fullmatch(key):
            return good(TOKEN, "a legacy token")
        return warning(TOKEN, "in no form that Label Studio gives (40 hex digits, or a JWT)", _WHERE)
    ends = claims.get("exp")
    if isinstance(ends, int | float) and ends <= now:
        day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(ends))
        return bad(TOKEN, f"it ended on {day}", f"set LABEL_STUDIO_API_KEY to a new one; {_WHERE}")
    if claims.get("token_type") == "refresh":
        return good(TOKEN, "a personal access token")
    return warning(TOKEN, "an access token, which ends after some minutes", f"set the personal one; {_WHERE}")


def works(api: LabelStudioApi) -> Finding:
    """Whether Label Studio knows the token."""
    try:
        reply = api.user()
    except ImageError as error:  # from the exchange of a personal token
        return bad(TOKEN, str(error), f"{_WHERE}; it ends with its date, or when its user leaves")
    if reply.status == 200 and isinstance(reply.told, dict):
        return good(TOKEN, f"accepted: user {reply.told.get('id')}, {reply.told.get('email')}")
    return _refused(reply, api.url)


def _refused(reply: Reply, url: str) -> Finding:
    said = f"Label Studio refuses it: {reply.detail}"
    if "legacy" in reply.detail.lower():
        todo = f"{_WHERE}; or allow legacy tokens: Organization > Access Token Settings"
        return bad(TOKEN, said, todo)
    if reply.status in (401, 403):
        return bad(TOKEN, said, f"set LABEL_STUDIO_API_KEY to a token that is valid; {_WHERE}")
    return bad(
        TOKEN,
        f"Label Studio does not say whose token it is: {reply.detail}",
        f"see whether the path in LABEL_STUDIO_URL={url} is that of its pages",
    )


def way_back(settings: Settings) -> Iterator[Finding]:
    """Whether Label Studio is likely to refuse the backend's address, as it does private ones by default."""
    own = _own_address(settings.label_studio_url)
    if not own:
        yield skipped("way back", "this machine's address towards Label Studio is not known")
    elif AddressPolicy(()).has_address(own):
        yield good("way back", f"this machine has the public address {own}")
    else:
        yield warning(
            "way back",
            f"this machine has the private address {own}, and Label Studio refuses such by default",
            "start Label Studio with ML_BLOCK_LOCAL_IP=false; --project ID shows whether it is connected",
        )


def _own_address(url: str) -> str:
    """Of the interface towards a URL; nothing is sent."""
    parts = urlsplit(url)
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except OSError:
        return ""
