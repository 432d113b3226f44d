"""Which field of an OCRBackend's spec is which setting of the backend, and how one is written as the other.

Names no default and no limit: those stand in the backend's table. `spec` reads with it, `schema` describes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ocr_backend.config.environment import PREFIXES
from ocr_backend.config.setting_fields import Setting, Value
from ocr_backend.config.settings import SETTINGS

_ROWS = {row.name: row for row in SETTINGS}

OPTIONS = ("use_doc_orientation", "use_doc_unwarping", "use_textline_orientation", "score_threshold")
MAPPING = (
    "image_data_key",
    "image_to_name",
    "bbox_from_name",
    "label_from_name",
    "text_from_name",
    "predicted_label",
)
SERVER = (
    "workers",
    "threads",
    "slots",
    "log_level",
    "log_format",
    "predict_timeout_seconds",
    "fetch_timeout_seconds",
    "image_cache_bytes",
    "image_cache_seconds",
    "max_request_bytes",
    "max_tasks",
    "max_image_bytes",
    "max_image_pixels",
    "max_pages",
    "pdf_dpi",
    "result_cache_lines",
    "allowed_hosts",
    "verify_ssl",
    "has_ui",
)

_RENAMED = {
    "ocr_version": "ocrVersion",
    "model_type": "modelType",
    "label_studio_url": "url",
    "model_source": "source",
    "model_hub": "hub",
    "model_mirror": "mirror",
    "detection_model": "detection",
    "recognition_model": "recognition",
    "verify_ssl": "verifySSL",
    "pdf_dpi": "pdfDPI",
    "has_ui": "ui",
}

# Values as Kubernetes writes them (CamelCase) where the backend's own are lower case.
_SHOWN = {
    "engine": {"auto": "Auto", "onnxruntime": "OnnxRuntime", "paddle": "Paddle", "openvino": "OpenVINO"},
    "precision": {"auto": "Auto", "f32": "Float32"},
    "model_source": {"hub": "Hub", "dir": "Claim", "builtin": "Builtin"},
    "model_hub": {
        "huggingface": "HuggingFace",
        "aistudio": "AIStudio",
        "modelscope": "ModelScope",
        "bos": "BOS",
    },
    "log_format": {"text": "Text", "json": "Json"},
}


_ALSO = {"model_source": {"Image": "dir"}}
"""Further words of the spec for a value; where the models of an image lie is the operator's business."""


@dataclass(frozen=True)
class SettingField:
    """One field of the spec that is one setting; `parents` are the objects below `root` it lies in."""

    row: Setting
    parents: tuple[str, ...]
    root: str = "spec"

    @property
    def name(self) -> str:
        """Name of the field, in camelCase."""
        return _RENAMED.get(self.row.name) or camel_case(self.row.name)

    @property
    def path(self) -> str:
        """Where the field stands, as a message says it: `spec.server.workers`."""
        return ".".join((self.root, *self.parents, self.name))

    @cached_property
    def _shown(self) -> dict[str, str]:
        return _SHOWN.get(self.row.name, {})

    @property
    def choices(self) -> list[str]:
        """Allowed values as the spec writes them; empty if the setting is no choice."""
        shown = [self._shown.get(choice, choice) for choice in self.row.choices]
        return [*shown, *_ALSO.get(self.row.name, {})]

    @property
    def is_decimal(self) -> bool:
        """Whether the field is a decimal in a string: Kubernetes' API conventions advise against floats."""
        return self.row.kind is float and not self.row.name.endswith("_seconds")

    def shown(self, value: Value) -> Any:
        """A setting's value as the spec writes it."""
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, float):
            return f"{value:g}" if self.is_decimal else int(value)
        return self._shown.get(value, value) if isinstance(value, str) else value

    def read(self, given: Any) -> Value:
        """The setting's value that the spec's value stands for."""
        if isinstance(given, list):
            return tuple(given)
        if self.row.kind is float:
            return float(given)
        back = {shown: value for value, shown in self._shown.items()} | _ALSO.get(self.row.name, {})
        return back.get(given, given) if isinstance(given, str) else given


def camel_case(name: str) -> str:
    """`use_doc_orientation` -> `useDocOrientation`."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _fields(parents: tuple[str, ...], names: tuple[str, ...], root: str = "spec") -> tuple[SettingField, ...]:
    return tuple(SettingField(_ROWS[name], parents, root) for name in names)


FAMILY_FIELDS = (
    *_fields((), ("ocr_version", "engine", "precision")),
    *_fields(("options",), OPTIONS),
    *_fields(("labelStudio",), ("label_studio_url",)),
    *_fields(("labelStudio", "mapping"), MAPPING),
    *_fields(("server",), SERVER),
    *_fields(("models",), ("model_source", "model_hub", "model_mirror", "offline")),
    *_fields(("rollout",), ("golden_check",)),
)
"""Settings that an OCRBackend says once for all its variants."""

KEY_FIELDS = _fields((), ("language", "model_type"), "spec.variants[]")
"""Settings that tell one variant from the other."""

OPTION_FIELDS = _fields(("options",), OPTIONS, "spec.variants[]")
"""Settings that a variant may say differently from its family."""

MODEL_FIELDS = _fields(("models",), ("detection_model", "recognition_model"), "spec.variants[]")
"""Settings that a variant says for itself, in `models`."""

_OPERATORS = (
    "host",
    "port",
    "model_dir",
    "use_gpu",
    "basic_auth_user",
    "basic_auth_pass",
    "label_studio_api_key",
)
"""Settings that the operator makes from other fields of the spec, or that must stay as they are."""

RESERVED_NAMES = tuple(
    sorted(
        name
        for row in (
            *(field.row for field in FAMILY_FIELDS + KEY_FIELDS + MODEL_FIELDS),
            *(_ROWS[name] for name in _OPERATORS),
        )
        for name in (row.env, *row.aliases)
        if not name.startswith(PREFIXES)
    )
)
"""Variables that extraEnv must not set, since the operator does; those with the backend's prefixes too."""

PATHS = {field.row.env: field.path for field in KEY_FIELDS + FAMILY_FIELDS + MODEL_FIELDS}
"""Environment variable -> path of the field that sets it."""


def values(fields: tuple[SettingField, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, for those of the fields that are given; `given` is the object at their root."""
    found = {}
    for field in fields:
        inner: Any = given
        for parent in field.parents:
            inner = inner.get(parent) or {}
        if inner.get(field.name) is not None:
            found[field.row.name] = field.read(inner[field.name])
    return found
