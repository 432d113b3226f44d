"""The trial page: its HTML, its Content-Security-Policy, and the settings that it shows.

Pure except for reading its parts from the folder `page`; knows no web framework. `ui_routes` serves it.
"""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from ocr_backend.config.settings import SETTINGS, Settings
from ocr_backend.labelstudio.label_config import parse_label_config
from ocr_backend.ocr_types import Reader

Json = dict[str, Any]

# An explicit list, so that a new setting never shows an address, a path or a secret by default.
_SHOWN_SETTINGS = (
    "ocr_version",
    "language",
    "model_type",
    "use_gpu",
    "use_doc_orientation",
    "use_doc_unwarping",
    "use_textline_orientation",
    "score_threshold",
    "max_image_bytes",
    "max_image_pixels",
    "max_request_bytes",
    "predict_timeout_seconds",
)


def trial_page() -> tuple[str, str]:
    """The HTML of the page, with style and script inside, and its Content-Security-Policy.

    The policy allows only this style and this script, and requests only to the same server.
    """
    folder = files("ocr_backend.web").joinpath("page")
    template, style, lines, page = (
        folder.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css", "lines.js", "page.js")
    )
    script = f"{lines}\n{page}"
    html = template.replace("/* page.css */", style).replace("/* page.js */", script)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def active_settings(settings: Settings, version: str, reader: Reader) -> Json:
    """What the page shows: the models, the tag names without a label config, and some settings."""
    control_tags = parse_label_config("", settings)
    return {
        "model_version": version,
        "engine": reader.engine,
        "models": [{"role": model.role, "name": model.name} for model in reader.models],
        "names": {
            "image_key": control_tags.image_value.removeprefix("$"),
            "image": control_tags.image,
            "shape": control_tags.shape.name if control_tags.shape else "",
            "labels": control_tags.labels.name if control_tags.labels else "",
            "text": control_tags.text.name if control_tags.text else "",
            "label": control_tags.label or "",
        },
        "settings": [
            {"name": row.env, "value": getattr(settings, row.name), "meaning": row.doc}
            for row in SETTINGS
            if row.name in _SHOWN_SETTINGS
        ],
    }
