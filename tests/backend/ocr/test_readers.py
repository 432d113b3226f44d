"""Both readers on real images with the builtin weights: any size, orientation and number of callers."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_backend.models import builtin_models, model_folder, model_roles
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader
from ocr_backend.ocr.native_reader import NativeReader
from ocr_backend.ocr.onnx_runtime import OnnxRuntime
from ocr_backend.ocr.openvino_runtime import OpenVino
from ocr_quality import normalise

pytestmark = pytest.mark.model

PAGE = "eo_easyocr_framework.jpeg"


@pytest.fixture(scope="module")
def paddle_reader(builtin):
    reader = open_reader(builtin(engine="paddle", use_textline_orientation=False))
    yield reader
    reader.close()


@pytest.fixture(params=["openvino_reader", "onnxruntime_reader", "paddle_reader"])
def reader(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(
    params=[OpenVino(1, is_exact=False), OnnxRuntime(use_gpu=False)], ids=lambda runtime: runtime.engine
)
def runtime(request):
    return request.param


def texts(lines):
    return [line.text for line in lines]


def test_a_reader_names_its_engine_and_models(reader, builtin):
    names = {model.role: model.name for model in reader.models}
    assert names["detection"] == "PP-OCRv6_small_det"
    assert names["recognition"] == "PP-OCRv6_small_rec"
    assert all(len(model.digest) == 64 for model in reader.models)
    assert reader.slots == 2
    assert reader.engine in ("openvino", "onnxruntime", "paddle")


def test_lines_are_in_reading_order_with_their_polygons(reader, images):
    lines = reader.read(images["eo_japanese.jpg"])
    lines = [line for line in lines if line.score >= 0.5]
    expected = ["ポイ捨て禁止!", "NO LITTER", "清潔できれいな港区を", "港区 MINATO CITY"]
    assert [normalise(line.text) for line in lines] == [normalise(text) for text in expected]
    tops = [line.polygon[0][1] for line in lines]
    assert tops == sorted(tops)
    for line in lines:
        (left, top), (right, _), (_, bottom), _ = line.polygon
        assert 0 <= left < right <= 555
        assert 0 <= top < bottom <= 418
        assert 0 <= line.score <= 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 5000), (5000, 1), (20, 20), (64, 2), (700, 33)])
def test_an_image_of_any_shape_without_text_has_no_lines(reader, shape):
    assert reader.read(np.full((*shape, 3), 255, np.uint8)) == []


def test_an_image_longer_than_opencv_can_crop_is_read(builtin_reader, images):
    word = images["test_without_det.jpg"]
    wide = np.full((60, 33_000, 3), 255, np.uint8)
    wide[10 : 10 + word.shape[0], 100 : 100 + word.shape[1]] = word
    for image in (wide, np.ascontiguousarray(wide.transpose(1, 0, 2))):
        (line,) = builtin_reader.read(image)
        assert line.score > 0.9
        left, right = np.sort(np.array(line.polygon).max(axis=1))[[0, -1]]
        assert 90 < left < right < 110 + word.shape[1]


def test_a_large_page_is_read(builtin_reader, images):
    page = np.full((4000, 4000, 3), 255, np.uint8)
    image = cv2.resize(images[PAGE], None, fx=2, fy=2)
    page[3000 : 3000 + image.shape[0], 1500 : 1500 + image.shape[1]] = image
    lines = builtin_reader.read(page)
    assert "EasyOCR Framework" in texts(lines)
    title = next(line for line in lines if line.text == "EasyOCR Framework")
    assert title.polygon[0][0] > 1500
    assert title.polygon[0][1] > 3000


def test_large_and_small_images_are_read_at_the_same_time(builtin_reader, images, caplog):
    """The memory of large images is released while others are read."""
    small = images["test_without_det.jpg"]
    large = np.full((1600, 1600, 3), 255, np.uint8)
    large[1000 : 1000 + small.shape[0], 500 : 500 + small.shape[1]] = small
    mixed = [small, large, small] * 4
    with ThreadPoolExecutor(8) as callers:
        results = list(callers.map(builtin_reader.read, mixed))
    assert {text for lines in results for text in texts(lines)} == {"在中国作家协会第三届儿童文学"}
    assert all(len(lines) == 1 for lines in results)
    assert caplog.messages == []


def test_an_image_may_be_a_view_of_another(reader, images):
    image = images["issue_170.png"]
    mirrored = image[::-1, ::-1].copy()
    assert texts(reader.read(mirrored[::-1, ::-1])) == ["TEST"]


def test_the_image_is_not_changed(reader, images):
    image = images["issue_170.png"].copy()
    reader.read(image)
    assert np.array_equal(image, images["issue_170.png"])


def test_equal_images_give_equal_results(reader, images):
    assert reader.read(images[PAGE]) == reader.read(images[PAGE].copy())


def test_eight_callers_get_the_results_of_one(reader, images):
    small = [name for name, image in images.items() if image.size < 800_000]
    names = small * 3
    assert len(names) >= 16
    alone = {name: reader.read(images[name]) for name in small}
    with ThreadPoolExecutor(8) as callers:
        together = list(callers.map(lambda name: reader.read(images[name]), names))
    assert together == [alone[name] for name in names]


def upside_down(image):
    return np.ascontiguousarray(image[::-1, ::-1])


def test_upside_down_lines_are_read_and_start_at_their_first_character(builtin_reader, images):
    lines = builtin_reader.read(upside_down(images["ls_image.jpeg"]))
    assert "Kenapa Harus Punya IMB?" in texts(lines)
    line = next(line for line in lines if line.text == "Kenapa Harus Punya IMB?")
    (start_x, start_y), (end_x, _), (_, far_y), _ = line.polygon
    assert start_x > end_x
    assert start_y > far_y


def test_a_word_that_is_a_word_either_way_is_read_as_the_page_is(builtin, images):
    reader = open_reader(builtin(ocr_version="PP-OCRv5"))
    poster = images["ls_image.jpeg"]
    upright, turned = texts(reader.read(poster)), texts(reader.read(upside_down(poster)))
    reader.close()
    assert "IZIN" in upright
    assert "IZIN" in turned


def test_a_single_line_that_reads_well_either_way_is_upright(builtin_reader):
    image = Image.new("RGB", (160, 44), "white")
    ImageDraw.Draw(image).text((8, 4), "No 9", fill="black", font=ImageFont.load_default(size=30))
    assert texts(builtin_reader.read(np.array(image))) == ["No 9"]  # upside down: 6 ON


@pytest.mark.parametrize("engine", ["openvino", "paddle"])
def test_a_page_in_any_orientation_is_read(builtin, images, engine):
    reader = open_reader(builtin(use_doc_orientation=True, engine=engine))
    for quarters in range(4):
        page = np.ascontiguousarray(np.rot90(images["eo_japanese.jpg"], quarters))
        assert "清潔できれいな港区を" in texts(reader.read(page)), quarters
    reader.close()


def test_upside_down_lines_are_not_flipped_without_the_orientation_model(builtin, images):
    reader = open_reader(builtin(use_textline_orientation=False))
    lines = reader.read(upside_down(images["ls_image.jpeg"]))
    assert "Kenapa Harus Punya IMB?" not in texts(lines)
    assert all(line.polygon[0][0] < line.polygon[1][0] for line in lines)
    reader.close()


def test_upright_lines_are_not_flipped(builtin_reader, images, truth):
    for name in (name for name, entry in truth.items() if entry["default_model_can_read"]):
        for line in builtin_reader.read(images[name]):
            if line.score >= 0.5:
                assert line.polygon[0][0] < line.polygon[1][0], (name, line)


def test_a_vertical_line_is_read_from_the_top(reader, images):
    vertical = np.ascontiguousarray(np.rot90(images["test_without_det.jpg"], -1))
    (line,) = reader.read(vertical)
    assert line.text == "在中国作家协会第三届儿童文学"
    (start, second, third, _) = line.polygon
    assert start[1] < second[1]  # along the line: down
    assert second[0] > third[0]  # across it: to the left
    assert start[0] > third[0]


def test_a_slanting_line_is_read(builtin_reader, images):
    image = images["test_without_det.jpg"]
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -20, 1)
    matrix[:, 2] += (20, 100)
    turned = cv2.warpAffine(image, matrix, (500, 260), borderValue=(255, 255, 255))
    (line,) = (line for line in builtin_reader.read(turned) if line.score >= 0.5)
    assert line.text == "在中国作家协会第三届儿童文学"
    (start_x, start_y), (end_x, end_y), *_ = line.polygon
    assert np.degrees(np.arctan2(end_y - start_y, end_x - start_x)) == pytest.approx(20, abs=2)


def test_slots_do_not_change_the_result(builtin, builtin_reader, images):
    single = open_reader(builtin(slots=1, engine=builtin_reader.engine))
    assert single.read(images[PAGE]) == builtin_reader.read(images[PAGE])
    single.close()


def test_weights_that_are_not_a_network_are_named(tmp_path, builtin, runtime):
    with builtin_models.folders(model_roles.required_models(builtin())) as models:
        broken = tmp_path / "broken"
        broken.mkdir()
        (broken / "inference.onnx").write_bytes(b"not a network")
        changed = model_folder.Model("detection", "x", "onnx", broken, models["detection"].config, "")
        with pytest.raises(
            ModelError, match=f"the model folder {broken} is broken: inference.onnx is not a valid network"
        ):
            NativeReader({**models, "detection": changed}, 1, runtime, 10**6)


def test_a_dictionary_of_another_network_is_refused(builtin, runtime):
    with builtin_models.folders(model_roles.required_models(builtin())) as models:
        model = models["recognition"]
        config = {**model.config, "PostProcess": {"character_dict": ["a", "b"]}}
        wrong = replace(model, config=config)
        with pytest.raises(ModelError, match="the network has 18710 classes, but its dictionary has 4"):
            NativeReader({**models, "recognition": wrong}, 1, runtime, 10**6)


def test_paddleocr_is_not_imported_for_the_native_reader():
    code = (
        "import sys; from ocr_backend.ocr.engine_factory import open_reader;"
        "from ocr_backend.config.settings import Settings;"
        "open_reader(Settings(ocr_version='PP-OCRv6', model_type='mobile', model_source='builtin')).close();"
        "print(*sorted({'paddle', 'paddleocr', 'paddlex', 'flask'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


def test_paddleocr_has_no_log_handlers_of_its_own(paddle_reader):
    for name in ("paddlex", "paddleocr", "modelscope"):
        assert logging.getLogger(name).handlers == []


def test_paddleocr_writes_only_to_the_temporary_folder(tmp_path):
    """As with a read-only root file system: the home folder cannot be created."""
    code = (
        "from ocr_backend.ocr.engine_factory import open_reader;"
        "from ocr_backend.config.settings import Settings;"
        "import numpy;"
        "s = Settings(ocr_version='PP-OCRv6', model_type='mobile', model_source='builtin', engine='paddle',"
        "             use_textline_orientation=False);"
        "r = open_reader(s); r.read(numpy.zeros((64, 64, 3), numpy.uint8)); r.close(); print('read')"
    )
    (tmp_path / "no-home").write_text("a file, in which no folder can be created")
    (tmp_path / "tmp").mkdir()
    environment = {
        "HOME": str(tmp_path / "no-home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PATH": "/usr/bin:/bin",
    }
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert answer.stdout.strip() == "read", answer.stderr
    assert list((tmp_path / "tmp").iterdir()) == []
