"""Maps fields of an OCRBackend's spec to settings of the backend, and converts their values.

Defaults and limits are not here: the backend's `SETTINGS` has them. `spec_parser` reads values with these
fields, `schema_types` describes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ocr_backend.config.environment import PREFIXES
from ocr_backend.config.setting_fields import Setting, Value
from ocr_backend.config.settings import SETTINGS

_SETTINGS = {setting.name: setting for setting in SETTINGS}

ENGINE = ("ocr_version", "engine", "precision")
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
    "reads_new_tasks": "readNewTasks",
    "model_source": "source",
    "model_hub": "hub",
    "model_mirror": "mirror",
    "detection_model": "detection",
    "recognition_model": "recognition",
    "verify_ssl": "verifySSL",
    "pdf_dpi": "pdfDPI",
    "has_ui": "ui",
}

# Enum values in CamelCase, as Kubernetes writes them; the backend's are lower case.
_SPEC_VALUES = {
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

_SPEC_ONLY_VALUES = {"model_source": {"Image": "dir"}}
"""Values that only the spec has: to the backend, a models image is a folder, as a claim is."""


@dataclass(frozen=True)
class SettingField:
    """A field of the spec that holds one setting; `parents` are the objects between `root` and the field."""

    setting: Setting
    parents: tuple[str, ...]
    root: str = "spec"

    @property
    def name(self) -> str:
        """Name of the field, in camelCase."""
        return _RENAMED.get(self.setting.name) or camel_case(self.setting.name)

    @property
    def path(self) -> str:
        """Path of the field, as messages write it: `spec.server.workers`."""
        return ".".join((self.root, *self.parents, self.name))

    @cached_property
    def _spec_values(self) -> dict[str, str]:
        return _SPEC_VALUES.get(self.setting.name, {})

    @cached_property
    def _spec_only_values(self) -> dict[str, str]:
        return _SPEC_ONLY_VALUES.get(self.setting.name, {})

    @property
    def choices(self) -> list[str]:
        """Allowed values, as the spec writes them; empty if any value of the type is allowed."""
        return [
            *(self._spec_values.get(choice, choice) for choice in self.setting.choices),
            *self._spec_only_values,
        ]

    @property
    def default(self) -> Any:
        """The setting's default, as the spec writes it."""
        return self.to_spec(self.setting.default)

    @property
    def is_decimal(self) -> bool:
        """Whether the field is a decimal in a string: Kubernetes' API conventions advise against floats."""
        return self.setting.kind is float and not self.setting.name.endswith("_seconds")

    def to_spec(self, value: Value) -> Any:
        """A value of the setting, as the spec writes it."""
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, float):
            return f"{value:g}" if self.is_decimal else int(value)
        return self._spec_values.get(value, value) if isinstance(value, str) else value

    def to_setting(self, value: Any) -> Value:
        """The setting's value for a value of the spec."""
        if isinstance(value, list):
            return tuple(value)
        if self.setting.kind is float:
            return float(value)
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        by_spec_value = {spec: setting for setting, spec in self._spec_values.items()}
        return ({**self.setting.synonyms} | by_spec_value | self._spec_only_values).get(value, value)


def camel_case(name: str) -> str:
    """`use_doc_orientation` -> `useDocOrientation`."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _fields(parents: tuple[str, ...], names: tuple[str, ...], root: str = "spec") -> tuple[SettingField, ...]:
    return tuple(SettingField(_SETTINGS[name], parents, root) for name in names)


SHARED_FIELDS = (
    *_fields((), ENGINE),
    *_fields(("options",), OPTIONS),
    *_fields(("labelStudio",), ("label_studio_url", "reads_new_tasks")),
    *_fields(("labelStudio", "mapping"), MAPPING),
    *_fields(("server",), SERVER),
    *_fields(("models",), ("model_source", "model_hub", "model_mirror", "offline")),
    *_fields(("rollout",), ("golden_check",)),
)
"""Settings that all variants of an OCRBackend share."""

KEY_FIELDS = _fields((), ("language", "model_type"), "spec.variants[]")
"""Settings that every variant has."""

OPTION_FIELDS = _fields(("options",), OPTIONS, "spec.variants[]")
SERVER_FIELDS = _fields(("server",), SERVER, "spec.variants[]")
ENGINE_FIELDS = _fields((), ENGINE, "spec.variants[]")
MODEL_FIELDS = _fields(("models",), ("detection_model", "recognition_model"), "spec.variants[]")
"""Settings that only a variant has, in `models`."""

OVERRIDE_FIELDS = (*ENGINE_FIELDS, *OPTION_FIELDS, *SERVER_FIELDS)
"""Settings of the spec that a variant may override."""

VARIANT_FIELDS = (*KEY_FIELDS, *OVERRIDE_FIELDS, *MODEL_FIELDS)
"""All settings that a variant may have."""

[DEFAULT_MODEL_SOURCE] = [field.default for field in SHARED_FIELDS if field.setting.name == "model_source"]

_OPERATOR_SETTINGS = (
    "host",
    "port",
    "health_port",
    "model_dir",
    "use_gpu",
    "basic_auth_user",
    "basic_auth_pass",
    "label_studio_api_key",
)
"""Settings that the operator derives from other fields of the spec, or that must keep their defaults."""

RESERVED_NAMES = tuple(
    sorted(
        name
        for setting in (
            *(field.setting for field in SHARED_FIELDS + KEY_FIELDS + MODEL_FIELDS),
            *(_SETTINGS[name] for name in _OPERATOR_SETTINGS),
        )
        for name in (setting.env, *setting.aliases)
        if not name.startswith(PREFIXES)
    )
)
"""Variables that env must not set; variables with one of the backend's `PREFIXES` are reserved too."""

FIELD_PATHS = {field.setting.env: field.path for field in KEY_FIELDS + SHARED_FIELDS + MODEL_FIELDS}
"""Environment variable -> path of the field that sets it."""


def setting_values(fields: tuple[SettingField, ...], root: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the fields that are set, by name of the setting; `root` is the object at the fields' root."""
    values = {}
    for field in fields:
        parent: Any = root
        for name in field.parents:
            parent = parent.get(name) or {}
        if parent.get(field.name) is not None:
            values[field.setting.name] = field.to_setting(parent[field.name])
    return values
