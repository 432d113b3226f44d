"""The page for trying the backend with an image: its HTML, what it may do, and the settings that it shows.

Pure but for reading its parts from the folder `page`; knows no web framework. `app` serves it.
"""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from ocr_backend.config.settings import SETTINGS, Settings
from ocr_backend.labelstudio.label_config import controls_of
from ocr_backend.ocr_types import Reader

Json = dict[str, Any]

# Named one by one, so that a setting added later does not show an address, a path or a secret by itself.
_SHOWN = (
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


def page() -> tuple[str, str]:
    """The HTML of the page, with its style and script inside, and its Content-Security-Policy.

    The policy lets run what is in the page and nothing else, and lets it ask only the server it came from.
    """
    folder = files("ocr_backend.web").joinpath("page")
    html, style, lines, page = (
        folder.joinpath(name).read_text("utf-8") for name in ("page.html", "page.css", "lines.js", "page.js")
    )
    script = f"{lines}\n{page}"
    whole = html.replace("/* page.css */", style).replace("/* page.js */", script)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return whole, policy


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def in_force(settings: Settings, version: str, reader: Reader) -> Json:
    """What answers are made with, as the page shows it: models, names without a configuration, settings."""
    controls = controls_of("", settings)
    return {
        "model_version": version,
        "engine": reader.engine,
        "models": [{"part": model.part, "name": model.name} for model in reader.models],
        "names": {
            "image_key": controls.image_value.removeprefix("$"),
            "image": controls.image,
            "shape": controls.shape.name,
            "labels": controls.labels.name if controls.labels else "",
            "text": controls.text.name,
            "label": controls.label or "",
        },
        "settings": [
            {"name": row.env, "value": getattr(settings, row.name), "meaning": row.doc}
            for row in SETTINGS
            if row.name in _SHOWN
        ],
    }
