"""The reference pages of the manual and the tables of its guide, made from settings and catalog.

`python -m ocr_backend.commands.reference_docs` writes them into `docs/`; a test compares.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

from ocr_backend.commands.exit_codes import STATUSES
from ocr_backend.config import model_catalog
from ocr_backend.config.setting_fields import Setting
from ocr_backend.config.settings import SETTINGS
from ocr_backend.errors import Outcome
from ocr_backend.fetch.image_source import Kind
from ocr_backend.telemetry import container_metrics
from ocr_backend.telemetry.metrics import Metrics

DOCS = Path(__file__).parents[3] / "docs"
_GENERATED = "<!-- Made by `make generate`; edit the code it comes from. -->\n\n"
_MARKED = re.compile(r"(<!-- table ([a-z-]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)

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
"""Table of the guide -> the variables in it: those that a first user needs; `settings.md` has all."""


def pages() -> Mapping[str, str]:
    """File name below `docs/` -> content of each generated page, and of the guide with its tables."""
    written = (DOCS / "guide.md").read_text("utf-8")
    return {
        "settings.md": _settings_page(),
        "models.md": _models_page(),
        "metrics.md": _metrics_page(),
        "guide.md": guide(written),
    }


def guide(written: str) -> str:
    """The text with what stands between each `<!-- table NAME -->` and `<!-- end -->` made anew."""
    tables = _guide_tables()
    return _MARKED.sub(lambda found: found[1] + tables[found[2]] + found[3], written)


def _guide_tables() -> dict[str, str]:
    rows = {row.env: [_code(row.env), _code(_default(row)), _meaning(row)] for row in SETTINGS}
    variables = {
        name: _table(("Variable", "Default", "Meaning"), (rows[env] for env in envs))
        for name, envs in GUIDE_VARIABLES.items()
    }
    languages = ([_code(code), said, _read_by(code)] for code, said in model_catalog.LANGUAGES.items())
    return {**variables, "languages": _table(("Code", "Language", "Read by"), languages)}


def _read_by(language: str) -> str:
    return ", ".join(model_catalog.ocr_versions_of(language))


def _settings_page() -> str:
    head = (
        "# Settings of the backend\n\n"
        "Environment variables; an empty one counts as unset. A value that is not allowed, or a variable "
        "that begins with `PADDLEOCR_` or `OCR_` and is not listed, stops the start with one message that "
        "names all that is wrong. The operator writes them from the fields of the `OCRBackend`.\n\n"
    )
    rows = ([_code(row.env), _code(_default(row)), _meaning(row)] for row in SETTINGS)
    return _GENERATED + head + _table(("Variable", "Default", "Meaning"), rows)


def _default(row: Setting) -> str:
    if row.manual_default is not None:
        return row.manual_default
    return "" if row.default is None else row.write(row.default)


def _meaning(row: Setting) -> str:
    limits = f" ({row.allowed()})" if row.choices or row.minimum is not None else ""
    config = "; not set, the labelling configuration is asked" if row.manual_default is not None else ""
    aliases = f"; also {', '.join(map(_code, row.aliases))}" if row.aliases else ""
    return row.doc + limits + config + aliases


_MODELS_COMMANDS = """
## On the command line

| Command | Does |
| --- | --- |
| `ocr-backend models list` | shows this table, with the forms in which the models are published, and which of them are in `MODEL_DIR` |
| `ocr-backend models fetch` | brings what the settings need into `MODEL_DIR`, or what `--ocr_version`, `--language` and `--model_type` name, each as often as needed; `--status-port PORT` answers `GET /progress` meanwhile, `--report FILE` gets the outcome |
| `ocr-backend models verify` | says everything that is wrong with the models in `MODEL_DIR`, or in a folder that is named |
| `ocr-backend models prune` | shows what fetches brought into `MODEL_DIR` and neither the settings nor `--ocr_version`, `--language` and `--model_type` need, what killed fetches left, and what could not be trusted; with `--yes` it goes |

### While and after fetching

`GET /progress` on the port of `--status-port` answers with the models, each with its `name`, `form`, `state` (`Waiting`,
`Fetching`, `Verifying`, `Published`), `bytes`, `totalBytes` and `digest`, and with the sums `bytes`, `totalBytes` and
`percent`. `totalBytes` and `digest` are `null` as long as they are not known; `percent` is 100 when all are published, not
before.

The file of `--report` (in a pod `/dev/termination-log`) gets
`{"models": {"det": "NAME@sha256:…", "rec": …}, "bytes": N}` on success, with `textlineOrientation`, `docOrientation` and
`docUnwarping` where they are used and `rec2` and so on for further ones of a part; on failure a sentence that says why; what
to do about it, in the words of these variables, stands in the log. It is shorter than 4 KiB.

"""  # noqa: E501 - a row of a table cannot be broken

_TRUST = """
## What is trusted

A model arrives in `MODEL_DIR/.fetching`, on the volume where it is to lie. Each file is compared with the size and the
checksum of the hub's own list (SHA-256, or Git's checksum for small files), a `manifest.json` with all of them is written
last, and then the folder is renamed to `MODEL_DIR/official_models/NAME`, or `NAME_onnx`. So a fetch that is killed at any
moment, or two at once, on any number of nodes, leave no half model: the next fetch goes on with what had arrived.

With `OCR_MODEL_SOURCE=hub` only folders with a manifest are used; at each start all sizes and digests are compared with
it. A folder without one, or with other files, is compared with the hub's list and mended; what was wrong is moved to
`MODEL_DIR/.untrusted`. With `OCR_MODEL_SOURCE=dir` folders without a manifest are used too, as far as files and names show
them to be whole. `OCR_OFFLINE=true` makes every model that is missing an error at once.

## Proxies, certificates and tokens

Hubs are asked through the proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, and their certificates are checked with
the authorities in the file that `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE` or `SSL_CERT_FILE` names. `HF_TOKEN` goes to
Hugging Face or the mirror, `AISTUDIO_ACCESS_TOKEN` to AI Studio, `MODELSCOPE_API_TOKEN` to ModelScope; none is sent to a
host that they redirect to, nor written to a log. A hub that is silent for `HF_HUB_DOWNLOAD_TIMEOUT` seconds (10), or sends
less than 64 KiB in three times as long, hangs: it is asked again, twice for its list and three times in a row for a file,
and then the next hub is. So a fetch from a hub that hangs ends, and says so, about two minutes after the last 64 KiB; those
hubs that cannot be reached at all add 20 seconds each. onnxruntime's own reports to its makers are switched off
(`ORT_DISABLE_TELEMETRY=1`, unless the variable says otherwise).
"""  # noqa: E501 - a paragraph of the page


def _models_page() -> str:
    head = (
        "# Models\n\n"
        "The official models behind each generation, language and model type. Where a language has no "
        "server recogniser, `server` means the server detection with the language's mobile recogniser, as in "
        "PaddleOCR itself. The weights carried in the image (`builtin`) are "
        f"{model_catalog.BUILTIN_OCR_VERSION} {model_catalog.BUILTIN_MODEL_TYPE}. "
        "[Custom models](custom-models.md), such as fine-tuned ones, can replace "
        "detection, recognition, or both.\n\n"
    )
    rows = []
    for ocr_version, language, model_type in model_catalog.combinations():
        models = model_catalog.model_set(ocr_version, language, model_type)
        known_as = f"{_code(language)} {model_catalog.LANGUAGES[language]}"
        forms = " and ".join(model_catalog.package_forms(ocr_version))
        rows.append([ocr_version, known_as, _code(model_type), models.detection, models.recognition, forms])
    titles = ("Generation", "Language", "Type", "Detection", "Recognition", "Published as")
    optional = "\nBeside them, for any generation:\n\n" + _optional_models()
    return _GENERATED + head + _table(titles, rows) + optional + _MODELS_COMMANDS + _statuses() + _TRUST


def _optional_models() -> str:
    settings = {row.name: row.env for row in SETTINGS}
    forms = " and ".join(model_catalog.OPTIONAL_FORMS)
    rows = ([_code(settings[f"use_{part}"]), model, forms] for part, model in model_catalog.OPTIONAL.items())
    return _table(("Setting", "Model", "Published as"), rows)


def _statuses() -> str:
    head = "| Exit status | Meaning |\n| --- | --- |\n"
    return head + "".join(f"| {status} | {meaning} |\n" for status, meaning in STATUSES.items())


def _metrics_page() -> str:
    outcomes = ", ".join(map(_code, ("read", "no_text", *get_args(Outcome))))
    sources = ", ".join(map(_code, get_args(Kind)))
    head = (
        "# Metrics of the backend\n\n"
        "`GET /metrics` answers without a password, and for all workers of the pod whichever is asked. "
        f"Outcomes of tasks: {outcomes}; a `late` one is left for the next Retrieve. "
        f"Sources of images: {sources}.\n\n"
    )
    described = (*Metrics().described, *container_metrics.DESCRIBED)
    rows = ([_code(one.name), one.kind, ", ".join(map(_code, one.labels)), one.doc] for one in described)
    return _GENERATED + head + _table(("Metric", "Type", "Labels", "Meaning"), rows)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Writes the pages."""
    for name, content in pages().items():
        (DOCS / name).write_text(content, "utf-8")


if __name__ == "__main__":
    main()
