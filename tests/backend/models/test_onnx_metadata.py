"""The metadata of an ONNX file."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from ocr_backend.models.onnx_metadata import InvalidOnnxError, metadata


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small network; its producer name looks like encoded fields."""
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", shapes[:1], shapes[1:])
    model = helper.make_model(graph, producer_name="r\x08\x0a\x01a\x12\x01b")
    helper.set_model_props(model, {"character": "\n".join(["字", "é", "x" * 300]), "empty": ""})
    onnx.save(model, str(tmp_path / "network.onnx"))
    return tmp_path / "network.onnx"


def test_all_metadata_is_read(file: Path) -> None:
    assert metadata(file) == {"character": "字\né\n" + "x" * 300, "empty": ""}


@pytest.mark.parametrize("content", [b"", b"no network", b"\xff" * 50])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InvalidOnnxError, match="is not a complete ONNX model"):
        metadata(tmp_path / "file")


def test_a_truncated_file_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(InvalidOnnxError):
        metadata(file)
