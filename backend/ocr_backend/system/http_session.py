"""The one set-up of HTTP sessions in the backend: header deadline, TLS, no cookies, no .netrc, no retries.

Knows requests, no host and no address. Callers give each request its timeout and decide about redirects.
"""

from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from ocr_backend.system.header_deadline import HeaderDeadlineAdapter

_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


def http_session(
    pool_size: int = 1,
    verify: bool | str = True,
    adapter: HTTPAdapter | None = None,
    follows_redirects: bool = True,
) -> requests.Session:
    """A session for `pool_size` threads, with proxies from the environment.

    `verify` holds for every request: False trusts any certificate, a text names a file of certificate
    authorities, True trusts those of REQUESTS_CA_BUNDLE or of certifi. `adapter` replaces the one that only
    enforces the header deadline. Without `follows_redirects`, a redirect is a response like any other; with
    `allow_redirects=False` alone, requests reads its body and URL, which may be endless or invalid.
    """
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session = _Session()
    session.follows_redirects = follows_redirects
    session.verify = verify
    session.auth = _keep_authorization
    session.cookies.set_policy(_NO_COOKIES)
    session.headers["Accept-Encoding"] = "identity"
    adapter = adapter or HeaderDeadlineAdapter(pool_maxsize=pool_size)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session


class _Session(requests.Session):
    follows_redirects = True

    def get_redirect_target(self, resp: Any) -> Any:
        """The URL that a response redirects to."""
        return super().get_redirect_target(resp) if self.follows_redirects else None

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """The settings of one request; requests itself lets REQUESTS_CA_BUNDLE override `Session.verify`."""
        verify = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, verify, cert)

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Drops Authorization on a redirect to another host; requests itself also reads .netrc here."""
        source, target = response.request.url, prepared_request.url
        if self.should_strip_auth(source, target):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Authorization", None)


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves the request as it is; without any `auth`, requests takes a password from .netrc."""
    return request
