"""Stand-ins for official models that tests cannot download: tiny networks in complete model folders.

They have official names and both model formats, and do something simple: dark pixels are text, text reads
"a", and a classifier always outputs the same label. Everything else is real: engines, folders, arithmetic.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ocr_backend.config import model_catalog
from ocr_backend.models import scripts

PAGE_LABELS = ("0", "90", "180", "270")
LINE_LABELS = ("0_degree", "180_degree")

_IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def detector(root: Path, name: str, model_format: str) -> None:
    """Creates a folder below `root` whose network detects dark pixels as text."""
    steps = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"DetResizeForTest": {"resize_long": 960}},
        {"NormalizeImage": {**_IMAGENET, "scale": "1./255.", "order": "hwc"}},
        {"ToCHWImage": None},
        {"KeepKeys": {"keep_keys": ["image", "shape"]}},
    ]
    post_process = {
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 1.5,
    }
    weights = np.full((1, 3, 1, 1), -5, np.float32)
    _write(root, name, model_format, steps, post_process, ("sigmoid", weights, np.zeros(1, np.float32), 1))


def characters(name: str) -> list[str]:
    """A small dictionary for an official recogniser: "a", letters of the languages that it reads, "b"."""
    letters = "".join(map(scripts.letters, model_catalog.languages_read_by(name)))
    return [*dict.fromkeys(f"a{letters}"), "b"]


def recogniser(root: Path, name: str, model_format: str, dictionary: Sequence[str] = ()) -> None:
    """Creates a folder whose network reads the first character wherever a line is dark.

    Its weights have 4608 bytes for each character of the dictionary, by default `characters(name)`.
    """
    dictionary = dictionary or characters(name)
    steps = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"RecResizeImg": {"image_shape": [3, 48, 320]}},
        {"KeepKeys": {"keep_keys": ["image"]}},
    ]
    classes = len(dictionary) + 2
    weights = np.zeros((classes, 3, 48, 8), np.float32)
    weights[0], weights[1] = 9 / weights[0].size, -9 / weights[0].size
    bias = np.array([1, *[-9] * (classes - 1)], np.float32)
    bias[1] = 0
    post_process = {"name": "CTCLabelDecode", "character_dict": list(dictionary)}
    _write(root, name, model_format, steps, post_process, ("steps", weights, bias, (48, 8)))


def classifier(root: Path, name: str, model_format: str, labels: tuple[str, ...], label: str) -> None:
    """Creates a folder whose network outputs this label for every image."""
    is_page = len(labels) == len(PAGE_LABELS)
    resize = {"resize_short": 256} if is_page else {"size": [160, 80]}
    crop = [{"CropImage": {"size": 224}}] if is_page else []
    steps = [
        {"ResizeImage": resize},
        *crop,
        {"NormalizeImage": {**_IMAGENET, "scale": 1 / 255, "order": "", "channel_num": 3}},
        {"ToCHWImage": None},
    ]
    bias = np.array([9 if each == label else 0 for each in labels], np.float32)
    weights = np.zeros((len(labels), 3, 1, 1), np.float32)
    post_process = {"Topk": {"topk": 1, "label_list": list(labels)}}
    _write(root, name, model_format, steps, post_process, ("mean", weights, bias, 1))


def flattener(root: Path, name: str, model_format: str) -> None:
    """Creates a folder whose network returns the page darkened by a tenth, and moves nothing."""
    _write(
        root,
        name,
        model_format,
        [],
        {},
        ("page", np.float32(0.9) * np.eye(3, dtype=np.float32)[:, :, None, None], np.zeros(3, np.float32), 1),
    )


Network = tuple[str, Any, Any, Any]
"""Last layer of the network, and the weights, bias and stride of its one convolution."""


def _write(
    root: Path, name: str, model_format: str, steps: list[Any], post_process: dict[str, Any], network: Network
) -> None:
    folder = root / (f"{name}_onnx" if model_format == "onnx" else name)
    folder.mkdir(parents=True)
    config = {
        "Global": {"model_name": name},
        "PreProcess": {"transform_ops": steps},
        "PostProcess": post_process,
    }
    (folder / "inference.yml").write_text(json.dumps(config))
    if model_format == "onnx":
        _write_onnx(folder, network)
    else:
        _write_paddle(folder, network)


def _write_onnx(folder: Path, network: Network) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    last_layer, weights, bias, stride = network
    strides = [stride, stride] if isinstance(stride, int) else list(stride)
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["c"], strides=strides)]
    initial = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")]
    shape: list[Any] = ["n", 1, "h", "w"]
    if last_layer == "page":
        nodes.append(helper.make_node("Identity", ["c"], ["y"]))
        shape = ["n", 3, "h", "w"]
    elif last_layer == "sigmoid":
        nodes.append(helper.make_node("Sigmoid", ["c"], ["y"]))
    elif last_layer == "steps":
        initial.append(numpy_helper.from_array(np.array([2], np.int64), "axes"))
        nodes.append(helper.make_node("Squeeze", ["c", "axes"], ["s"]))
        nodes.append(helper.make_node("Transpose", ["s"], ["t"], perm=[0, 2, 1]))
        nodes.append(helper.make_node("Softmax", ["t"], ["y"], axis=2))
        shape = ["n", "steps", len(bias)]
    else:
        nodes.append(helper.make_node("GlobalAveragePool", ["c"], ["g"]))
        nodes.append(helper.make_node("Flatten", ["g"], ["f"]))
        nodes.append(helper.make_node("Softmax", ["f"], ["y"], axis=1))
        shape = ["n", len(bias)]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        initial,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "inference.onnx"))


def _write_paddle(folder: Path, network: Network) -> None:
    import paddle
    from paddle.nn import functional

    last_layer, weights, bias, stride = network

    class StandIn(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            outputs, inputs, height, width = weights.shape
            self.convolution = paddle.nn.Conv2D(inputs, outputs, (height, width), stride=stride)
            self.convolution.weight.set_value(weights)
            self.convolution.bias.set_value(bias)

        def forward(self, x: Any) -> Any:
            features = self.convolution(x)
            if last_layer == "page":
                return features
            if last_layer == "sigmoid":
                return functional.sigmoid(features)
            if last_layer == "steps":
                return functional.softmax(features.squeeze(2).transpose([0, 2, 1]), axis=2)
            return functional.softmax(features.mean([2, 3]), axis=1)

    size = [None, 3, 48, None] if last_layer == "steps" else [None, 3, None, None]
    specification = [paddle.static.InputSpec(size, "float32", "x")]
    paddle.jit.save(StandIn(), str(folder / "inference"), input_spec=specification)
