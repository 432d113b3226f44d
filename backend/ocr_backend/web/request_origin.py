"""Whether a request may come from the web page that sent it, and whether its body is JSON.

Pure; `app` and the routes call it. Label Studio's server sends JSON and no header of a browser. Without these
checks, any web page that a user opens could send requests to a backend in the user's network.
"""

from collections.abc import Callable

from ocr_backend.errors import ForeignOriginError, UnsupportedMediaTypeError

Header = Callable[[str], str | None]

_BROWSER_HEADERS = ("Origin", "Sec-Fetch-Site", "Referer", "Accept-Language", "Cookie")
_SAME_SITE = ("same-origin", "none")  # of Sec-Fetch-Site: the trial page, and what a user types


def check_origin(header: Header) -> None:
    """Checks a request that changes something or makes work; `header(name)` is the value of a header.

    Raises:
        ForeignOriginError: a web page of another site has sent it.
    """
    site, origin = header("Sec-Fetch-Site"), header("Origin")
    if site is None and origin is None:
        return
    if site in _SAME_SITE or (site is None and _is_same_origin(origin or "", header)):
        return
    raise ForeignOriginError("requests from web pages of other sites are refused; open /ui of this server")


def _is_same_origin(origin: str, header: Header) -> bool:
    # A proxy may replace Host. A page cannot set X-Forwarded-Host without asking for permission first, which
    # this server never gives.
    hosts = (header("Host"), header("X-Forwarded-Host"))
    return origin.lower().partition("://")[2] in [host.strip().lower() for host in hosts if host]


def check_media_type(media_type: str, header: Header) -> None:
    """Checks the type of a body; a web page cannot send JSON to another site without asking first.

    Programs that send another type or none, such as `curl -d`, are served: browsers send `Origin` with each
    body, and older ones that do not send at least `Referer` or `Accept-Language`.

    Raises:
        UnsupportedMediaTypeError: it is not JSON and a browser may have sent it, or it is compressed.
    """
    encoding = (header("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaTypeError(f"the Content-Encoding is {encoding[:100]}; send JSON without it")
    if media_type.lower() != "application/json" and any(map(header, _BROWSER_HEADERS)):
        raise UnsupportedMediaTypeError(
            f"the Content-Type is {media_type[:100] or 'missing'}; send JSON with application/json"
        )
