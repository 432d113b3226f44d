"""Facts about Label Studio that `doctor` and `prelabel` share: its address, its errors, and what to advise.

Sends nothing and knows no HTTP library, as each of the two has its own client.
"""

from ocr_backend.config.settings import Settings

TOKEN_ADVICE = "create a token in Label Studio: Account & Settings > Personal Access Token"  # noqa: S105 - advice
URL_ADVICE = "set LABEL_STUDIO_URL to the URL of its pages, including https:// and the path, if any"

_MAX_DETAIL = 500  # characters of an error response that are shown


def base_url(settings: Settings) -> str:
    """The URL of Label Studio without a slash at the end."""
    return settings.label_studio_url.rstrip("/")


def error_detail(body: object) -> str:
    """The reason in the body of an error response, at most 500 characters; empty if there is none.

    >>> error_detail({"detail": "Validation error", "validation_errors": {"task": ["is gone"]}})
    'is gone'
    >>> error_detail("<html>Bad gateway</html>")
    ''
    """
    if not isinstance(body, dict):
        return "" if not body or "<" in str(body) else str(body)[:_MAX_DETAIL]
    field_errors = body.get("validation_errors")
    if not isinstance(field_errors, dict):
        return str(body.get("detail") or body or "")[:_MAX_DETAIL]
    messages: list[object] = []
    for errors in field_errors.values():
        messages += errors if isinstance(errors, list) else [errors]
    return "; ".join(map(str, messages))[:_MAX_DETAIL]


def not_label_studio(url: str, status: int = 0) -> str:
    """Says that another server answers at this URL."""
    return f"the server at {url} is not Label Studio, or redirects" + (
        f" (status {status})" if status else ""
    )
