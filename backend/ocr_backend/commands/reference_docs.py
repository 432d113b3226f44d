"""Generates the reference pages of the documentation, and the tables in its hand-written pages.

`python -m ocr_backend.commands.reference_docs` writes them to `docs/`; a test compares.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

from ocr_backend.commands.exit_codes import EXIT_STATUSES
from ocr_backend.config import model_catalog
from ocr_backend.config.setting_fields import Setting
from ocr_backend.config.settings import SETTINGS
from ocr_backend.errors import FailureOutcome
from ocr_backend.fetch.image_source import SourceKind
from ocr_backend.telemetry import container_metrics
from ocr_backend.telemetry.metrics import Metrics

DOCS = Path(__file__).parents[3] / "docs"
PAGES_WITH_TABLES = ("guide.md", "models.md")
_HEADER = "<!-- Made by `make generate`; edit the code it comes from. -->\n\n"
_TABLE = re.compile(r"(<!-- table (?P<name>[a-z-]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)

GUIDE_VARIABLES = {
    "field-mapping": (
        "IMAGE_DATA_KEY",
        "IMAGE_TO_NAME",
        "BBOX_FROM_NAME",
        "LABEL_FROM_NAME",
        "TEXT_FROM_NAME",
        "PREDICTED_LABEL",
    ),
    "paddleocr": (
        "PADDLEOCR_VERSION",
        "PADDLEOCR_MODEL_TYPE",
        "PADDLEOCR_LANG",
        "PADDLEOCR_USE_GPU",
        "PADDLEOCR_USE_DOC_ORIENTATION",
        "PADDLEOCR_USE_DOC_UNWARPING",
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION",
        "PADDLEOCR_SCORE_THRESHOLD",
    ),
    "server": (
        "BASIC_AUTH_USER",
        "BASIC_AUTH_PASS",
        "LOG_LEVEL",
        "WORKERS",
        "THREADS",
        "MODEL_DIR",
        "LABEL_STUDIO_URL",
        "LABEL_STUDIO_API_KEY",
    ),
}
"""Table of the guide -> the variables that a first user needs; `settings.md` lists all."""


def pages() -> Mapping[str, str]:
    """File name below `docs/` -> content, for generated pages and for pages with generated tables."""
    return {
        "settings.md": _settings_page(),
        "metrics.md": _metrics_page(),
        **{name: with_tables((DOCS / name).read_text("utf-8")) for name in PAGES_WITH_TABLES},
    }


def with_tables(page: str) -> str:
    """The page with a fresh table between each `<!-- table NAME -->` and `<!-- end -->`."""
    tables = _tables()
    return _TABLE.sub(lambda match: match[1] + tables[match["name"]] + match[3], page)


def _tables() -> dict[str, str]:
    return {
        **{name: _settings_table(variables) for name, variables in GUIDE_VARIABLES.items()},
        "languages": _languages_table(),
        "models": _models_table(),
        "optional-models": _optional_models_table(),
        "exit-statuses": _table(
            ("Exit status", "Meaning"), ([str(status), text] for status, text in EXIT_STATUSES.items())
        ),
    }


def _settings_page() -> str:
    head = (
        "# Settings of the backend\n\n"
        "The backend reads its settings from environment variables. An empty variable counts as unset. If a "
        "value is not allowed, or a variable starts with `PADDLEOCR_` or `OCR_` and is not listed here, the "
        "backend does not start and prints one message with all problems. The operator sets these variables "
        "from the fields of the `OCRBackend`.\n\n"
    )
    return _HEADER + head + _settings_table([setting.env for setting in SETTINGS])


def _settings_table(variables: Iterable[str]) -> str:
    settings = {setting.env: setting for setting in SETTINGS}
    rows = ([_code(env), _code(_default(settings[env])), _meaning(settings[env])] for env in variables)
    return _table(("Variable", "Default", "Meaning"), rows)


def _default(setting: Setting) -> str:
    if setting.fallback_default is not None:
        return setting.fallback_default
    return "" if setting.default is None else setting.write(setting.default)


def _meaning(setting: Setting) -> str:
    limits = f" ({setting.allowed()})" if setting.choices or setting.minimum is not None else ""
    label_config = "; if unset, taken from the label config" if setting.fallback_default is not None else ""
    aliases = f"; also {', '.join(map(_code, setting.aliases))}" if setting.aliases else ""
    return setting.doc + limits + label_config + aliases


def _languages_table() -> str:
    rows = (
        [_code(code), name, ", ".join(model_catalog.ocr_versions_of(code))]
        for code, name in model_catalog.LANGUAGES.items()
    )
    return _table(("Code", "Language", "OCR versions"), rows)


def _models_table() -> str:
    rows = []
    for ocr_version, language, model_type in model_catalog.combinations():
        models = model_catalog.model_set(ocr_version, language, model_type)
        name = f"{_code(language)} {model_catalog.LANGUAGES[language]}"
        formats = " and ".join(model_catalog.published_formats(ocr_version))
        rows.append([ocr_version, name, _code(model_type), models.detection, models.recognition, formats])
    titles = ("OCR version", "Language", "Model type", "Detection", "Recognition", "Formats")
    return _table(titles, rows)


def _optional_models_table() -> str:
    variables = {setting.name: setting.env for setting in SETTINGS}
    formats = " and ".join(model_catalog.OPTIONAL_MODEL_FORMATS)
    rows = (
        [_code(variables[f"use_{part}"]), model, formats]
        for part, model in model_catalog.OPTIONAL_MODELS.items()
    )
    return _table(("Setting", "Model", "Formats"), rows)


def _metrics_page() -> str:
    outcomes = ", ".join(map(_code, ("read", "no_text", *get_args(FailureOutcome))))
    sources = ", ".join(map(_code, get_args(SourceKind)))
    head = (
        "# Metrics of the backend\n\n"
        "`GET /metrics` needs no password. Any worker of a pod answers for all of them. "
        f"Outcomes of tasks: {outcomes}; a `late` task is left for the next Retrieve. "
        f"Sources of images: {sources}.\n\n"
    )
    metrics = (*Metrics().descriptions, *container_metrics.DESCRIPTIONS)
    rows = (
        [_code(metric.name), metric.kind, ", ".join(map(_code, metric.labels)), metric.doc]
        for metric in metrics
    )
    return _HEADER + head + _table(("Metric", "Type", "Labels", "Meaning"), rows)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(titles)
    cells = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def main() -> None:
    """Writes the pages."""
    for name, content in pages().items():
        (DOCS / name).write_text(content, "utf-8")


if __name__ == "__main__":
    main()
