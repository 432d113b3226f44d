"""Both readers on stand-ins for official models in both formats: dark pixels read "a"."""

import numpy as np
import pytest

import stand_in_models
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr.engine_factory import open_reader

# paddle warns at import that there is no compiler cache.
pytestmark = pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle")

ENGINES = [("onnxruntime", "onnx"), ("paddle", "onnx"), ("paddle", "paddle")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Model format -> folder with stand-ins for a detector and a recogniser."""
    roots = {}
    for model_format in ("onnx", "paddle"):
        root = roots[model_format] = tmp_path_factory.mktemp(model_format)
        stand_in_models.detector(root, "PP-OCRv5_mobile_det", model_format)
        stand_in_models.recogniser(root, "PP-OCRv5_mobile_rec", model_format)
    return roots


@pytest.fixture(params=ENGINES, ids=["native", "PaddleOCR with onnx", "PaddleOCR with paddle"])
def engine_and_format(request):
    return request.param


@pytest.fixture
def open_stand_ins(engine_and_format, folders):
    """Opens a reader with one engine and format, and with classifiers that always output the given label."""
    engine, model_format = engine_and_format
    readers = []

    def open_with(tmp_path, page=None, line=None, is_flattened=False):
        root = tmp_path / "models"
        root.mkdir()
        for folder in folders[model_format].iterdir():
            (root / folder.name).symlink_to(folder)
        if page is not None:
            stand_in_models.classifier(
                root, model_catalog.DOC_ORIENTATION, model_format, stand_in_models.PAGE_LABELS, page
            )
        if line is not None:
            stand_in_models.classifier(
                root, model_catalog.TEXTLINE_ORIENTATION, model_format, stand_in_models.LINE_LABELS, line
            )
        if is_flattened:
            stand_in_models.flattener(root, model_catalog.DOC_UNWARPING, model_format)
        settings = Settings(
            model_type="mobile",
            model_source="dir",
            model_dir=str(root),
            engine=engine,
            use_doc_unwarping=is_flattened,
            slots=2,
            use_doc_orientation=page is not None,
            use_textline_orientation=line is not None,
        )
        readers.append(open_reader(settings))
        return readers[-1]

    yield open_with
    for reader in readers:
        reader.close()


SQUARE = (60, 40, 92, 72)
"""Left, top, right, bottom of the dark pixels in an image of 150 x 200."""


@pytest.fixture
def image():
    white = np.full((150, 200, 3), 255, np.uint8)
    left, top, right, bottom = SQUARE
    white[top:bottom, left:right] = 0
    return white


def corner_names(polygon):
    """Names of the corners, in order: "tl" for top left, and so on."""
    xs, ys = zip(*polygon, strict=True)
    centre = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return ["tb"[y > centre[1]] + "lr"[x > centre[0]] for x, y in polygon]


def assert_around_the_square(polygon):
    # 31 px from centre to centre grow by 31 * 31 * 1.5 / 124 = 11.6 on each side.
    xs, ys = zip(*polygon, strict=True)
    left, top, right, bottom = SQUARE
    assert (min(xs), min(ys)) == (pytest.approx(left - 12, abs=2), pytest.approx(top - 12, abs=2))
    assert (max(xs), max(ys)) == (pytest.approx(right + 12, abs=2), pytest.approx(bottom + 12, abs=2))


def test_the_dark_square_is_found_and_read(open_stand_ins, engine_and_format, tmp_path, image):
    reader = open_stand_ins(tmp_path)
    (line,) = reader.read(image)
    assert line.text == "a"
    assert_around_the_square(line.polygon)
    assert corner_names(line.polygon) == ["tl", "tr", "br", "bl"]
    assert reader.slots == (1 if engine_and_format == ("paddle", "paddle") else 2)


def test_an_upside_down_line_starts_at_the_bottom_right(open_stand_ins, engine_and_format, tmp_path, image):
    (line,) = open_stand_ins(tmp_path, line="180_degree").read(image)
    assert line.text == "a"
    assert_around_the_square(line.polygon)
    is_flipped = corner_names(line.polygon) == ["br", "bl", "tl", "tr"]
    # The native reader reads such a line in both orientations, and here their scores are equal.
    assert is_flipped or (
        engine_and_format[0] == "onnxruntime" and corner_names(line.polygon) == ["tl", "tr", "br", "bl"]
    )


@pytest.mark.parametrize(
    ("page", "corners"),
    [
        ("0", ["tl", "tr", "br", "bl"]),
        ("90", ["tr", "br", "bl", "tl"]),
        ("180", ["br", "bl", "tl", "tr"]),
        ("270", ["bl", "tl", "tr", "br"]),
    ],
)
def test_lines_of_a_rotated_page_are_placed_on_the_original_image(
    open_stand_ins, tmp_path, image, page, corners
):
    (line,) = open_stand_ins(tmp_path, page=page).read(image)
    assert line.text == "a"
    assert_around_the_square(line.polygon)
    assert corner_names(line.polygon) == corners


@pytest.mark.parametrize("engine_and_format", ENGINES[1:], ids=["onnx", "paddle"])
@pytest.mark.parametrize("page", [None, "90"])
def test_lines_of_a_flattened_page_are_placed_on_the_original_image(open_stand_ins, tmp_path, image, page):
    (line,) = open_stand_ins(tmp_path, page=page, is_flattened=True).read(image)
    assert line.text == "a"
    assert_around_the_square(line.polygon)


def test_auto_chooses_paddle_if_the_folder_has_only_that_format(folders):
    settings = Settings(
        model_type="mobile",
        model_source="dir",
        model_dir=str(folders["paddle"]),
        use_textline_orientation=False,
    )
    reader = open_reader(settings)
    assert reader.engine == "paddle"
    reader.close()


def test_onnxruntime_refuses_a_folder_in_paddle_format(folders):
    settings = Settings(
        model_type="mobile",
        model_source="dir",
        model_dir=str(folders["paddle"]),
        engine="onnxruntime",
        use_textline_orientation=False,
    )
    with pytest.raises(ModelError, match="no model PP-OCRv5_mobile_det and no model PP-OCRv5_mobile_rec in"):
        open_reader(settings)


def test_a_folder_that_paddleocr_cannot_load_is_named(folders, tmp_path):
    for folder in folders["paddle"].iterdir():
        copy = tmp_path / folder.name
        copy.mkdir()
        for file in folder.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
    (tmp_path / "PP-OCRv5_mobile_det" / "inference.json").write_text("{}")
    settings = Settings(
        model_type="mobile", model_source="dir", model_dir=str(tmp_path), use_textline_orientation=False
    )
    with pytest.raises(ModelError, match=f"PaddleOCR cannot load {tmp_path}/PP-OCRv5_mobile_det, "):
        open_reader(settings)
