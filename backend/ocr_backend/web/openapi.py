"""The OpenAPI document of the backend: `openapi.yaml`, completed with limits from the settings.

Pure except for reading that file; `ui_routes` serves it.
"""

from importlib.resources import files
from typing import Any

import yaml

from ocr_backend.config.settings import Settings

Json = dict[str, Any]

UI_PATHS = ("/ui", "/ui/settings.json")
"""Paths that exist only with OCR_UI."""


def openapi_document(settings: Settings) -> Json:
    """The OpenAPI 3.1 document of a backend with these settings."""
    document: Json = yaml.safe_load(files("ocr_backend.web").joinpath("openapi.yaml").read_text("utf-8"))
    schemas, responses = document["components"]["schemas"], document["components"]["responses"]
    schemas["PredictRequest"]["properties"]["tasks"]["maxItems"] = settings.max_tasks
    responses["TooLarge"]["description"] = (
        f"The request has more than {settings.max_request_bytes} bytes (OCR_MAX_REQUEST_BYTES)"
    )
    if not settings.basic_auth_user:
        _remove_security(document)
    if not settings.has_ui:
        for path in UI_PATHS:
            del document["paths"][path]
    return document


def _remove_security(document: Json) -> None:
    document["security"] = []
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        operation.pop("security", None)
