"""The description of the API: `openapi.yaml` with what the settings decide filled in.

Pure but for reading that file; `app` serves what `description` gives.
"""

from importlib.resources import files
from typing import Any

import yaml

from ocr_backend.config.settings import Settings

Json = dict[str, Any]

PAGE_PATHS = ("/ui", "/ui/settings.json")
"""Paths that are there only with OCR_UI."""


def description(settings: Settings) -> Json:
    """The OpenAPI 3.1 document of a backend with these settings."""
    told: Json = yaml.safe_load(files("ocr_backend.web").joinpath("openapi.yaml").read_text("utf-8"))
    told["components"]["schemas"]["PredictRequest"]["properties"]["tasks"]["maxItems"] = settings.max_tasks
    told["components"]["responses"]["TooLarge"]["description"] = (
        f"The request has more than {settings.max_request_bytes} bytes (OCR_MAX_REQUEST_BYTES)"
    )
    if not settings.basic_auth_user:
        told["security"] = []
        for path in told["paths"].values():
            for operation in path.values():
                operation.pop("security", None)
    if not settings.has_ui:
        for path in PAGE_PATHS:
            del told["paths"][path]
    return told
