"""Model folders: which are needed, where they are found, and what is wrong with broken ones."""

import hashlib
import json
from pathlib import Path

import pytest

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models import builtin_models, model_folder
from ocr_backend.models.model_folder import ModelError

DETECTION, RECOGNITION = "PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec"
NAMES = {"detection": DETECTION, "recognition": RECOGNITION}


@pytest.fixture
def put(tmp_path):
    """Puts a stand-in for an official folder below the root: right files, meaningless weights."""

    def folder(name, form="onnx", below="", package=None):
        at = tmp_path / below / (package or model_folder.package(name, form))
        at.mkdir(parents=True)
        config = {"Global": {"model_name": name}, "PostProcess": {"character_dict": ["a", "b"]}}
        (at / "inference.yml").write_text(json.dumps(config))
        files = {"onnx": ["inference.onnx"], "paddle": ["inference.pdiparams", "inference.json"]}[form]
        for file in files:
            (at / file).write_bytes(f"weights of {name}".encode())
        return at

    return folder


def test_the_manuals_defaults_need_these_models():
    assert model_folder.needed(Settings()) == {
        "detection": "PP-OCRv5_server_det",
        "recognition": "PP-OCRv5_server_rec",
        "textline_orientation": "PP-LCNet_x1_0_textline_ori",
    }


def test_only_what_is_switched_on_is_needed():
    settings = Settings(use_doc_orientation=True, use_doc_unwarping=True, use_textline_orientation=False)
    assert list(model_folder.needed(settings)) == [
        "detection",
        "recognition",
        "doc_orientation",
        "doc_unwarping",
    ]
    assert model_folder.needed(settings)["doc_unwarping"] == "UVDoc"


def test_every_model_of_the_catalog_has_its_part():
    for combination in model_catalog.combinations():
        found = model_catalog.model_set(*combination)
        assert model_folder.part_of(found.detection) == "detection"
        assert model_folder.part_of(found.recognition) == "recognition"
    every = model_folder.needed(Settings(use_doc_orientation=True, use_doc_unwarping=True))
    assert {model_folder.part_of(name) for name in every.values()} == set(every)
    assert model_folder.part_of(model_catalog.BUILTIN_TEXTLINE_ORIENTATION) == "textline_orientation"
    assert model_folder.part_of("PicoDet_layout") is None


@pytest.mark.parametrize("below", ["", "official_models"])
@pytest.mark.parametrize(
    ("form", "package"), [("onnx", f"{DETECTION}_onnx"), ("onnx", DETECTION), ("paddle", DETECTION)]
)
def test_a_model_is_found_in_every_layout_of_paddlex(tmp_path, put, below, form, package):
    at = put(DETECTION, form, below, package)
    found = model_folder.in_folder(tmp_path, {"detection": DETECTION}, ["onnx", "paddle"])["detection"]
    assert (found.folder, found.form, found.name) == (at, form, DETECTION)


def test_the_digest_of_an_onnx_model_is_that_of_its_weights(tmp_path, put):
    put(DETECTION)
    found = model_folder.in_folder(tmp_path, {"detection": DETECTION}, ["onnx"])["detection"]
    assert found.digest == hashlib.sha256(f"weights of {DETECTION}".encode()).hexdigest()


def test_the_first_form_that_has_them_all_is_taken(tmp_path, put):
    put(DETECTION, "onnx")
    for name in NAMES.values():
        put(name, "paddle")
    found = model_folder.in_folder(tmp_path, NAMES, ["onnx", "paddle"])
    assert {model.form for model in found.values()} == {"paddle"}


def test_the_older_graph_of_paddle_is_as_good(tmp_path, put):
    at = put(DETECTION, "paddle")
    (at / "inference.json").rename(at / "inference.pdmodel")
    assert model_folder.in_folder(tmp_path, {"detection": DETECTION}, ["paddle"])


def refusal(root, names=NAMES, forms=("onnx", "paddle")):
    with pytest.raises(ModelError) as error:
        model_folder.in_folder(root, names, forms)
    return str(error.value)


def test_a_missing_model_is_named_with_the_places_where_it_was_looked_for(tmp_path, put):
    put(DETECTION)
    said = refusal(tmp_path)
    assert said.startswith(
        f"no model {RECOGNITION} in {tmp_path} (looked for {tmp_path}/{RECOGNITION}_onnx, "
    )
    assert f"{tmp_path}/official_models/{RECOGNITION}" in said
    assert said.endswith("put the official folders there, or set OCR_MODEL_SOURCE=hub to download them")


def test_models_of_different_forms_are_refused(tmp_path, put):
    put(DETECTION, "onnx")
    put(RECOGNITION, "paddle")
    assert "are of different forms" in refusal(tmp_path)


def write(text):
    return lambda at: (at / "inference.yml").write_text(text)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        pytest.param(
            lambda at: (at / "inference.onnx").unlink(), "inference.onnx cannot be read", id="no weights"
        ),
        pytest.param(
            lambda at: (at / "inference.onnx").write_bytes(b""),
            "inference.onnx is empty",
            id="empty weights",
        ),
        pytest.param(
            lambda at: (at / "inference.yml").unlink(),
            "its inference.yml cannot be read",
            id="no description",
        ),
        pytest.param(write("{"), "its inference.yml is no YAML", id="no YAML"),
        pytest.param(write("- a"), "its inference.yml is no mapping", id="a list"),
        pytest.param(write("Global: x"), f"says that it is None, not '{RECOGNITION}'", id="no name"),
        pytest.param(
            write("Global: {model_name: other}"),
            f"says that it is 'other', not '{RECOGNITION}'",
            id="another",
        ),
        pytest.param(
            write(f"Global: {{model_name: {RECOGNITION}}}"), "has no list of characters", id="no dictionary"
        ),
        pytest.param(
            write(f"Global: {{model_name: {RECOGNITION}}}\nPostProcess: {{character_dict: [1, 2]}}"),
            "has no list of characters",
            id="numbers in the dictionary",
        ),
    ],
)
def test_a_broken_folder_is_named_with_what_is_wrong(tmp_path, put, damage, what):
    put(DETECTION)
    at = put(RECOGNITION)
    damage(at)
    said = refusal(tmp_path)
    assert said.startswith(f"the model folder {at} is broken: ")
    assert what in said


def test_a_paddle_folder_without_its_graph_is_broken(tmp_path, put):
    at = put(DETECTION, "paddle")
    (at / "inference.json").unlink()
    assert "inference.json cannot be read" in refusal(tmp_path, {"detection": DETECTION})


BUILTIN = Settings(ocr_version="PP-OCRv6", model_type="mobile", model_source="builtin")


def test_the_builtin_weights_are_laid_out_and_gone_again():
    with builtin_models.folders(model_folder.needed(BUILTIN)) as found:
        folders = [model.folder for model in found.values()]
        assert all((folder / "inference.onnx").is_file() for folder in folders)
        assert {model.name for model in found.values()} == set(model_folder.needed(BUILTIN).values())
    assert not any(folder.exists() for folder in folders)


def test_the_builtin_dictionary_arrives_character_by_character():
    import onnxruntime

    with builtin_models.folders(model_folder.needed(BUILTIN)) as found:
        model = found["recognition"]
        session = onnxruntime.InferenceSession(str(model.weights), providers=["CPUExecutionProvider"])
    carried = session.get_modelmeta().custom_metadata_map["character"].split("\n")
    assert model.config["PostProcess"]["character_dict"] == carried
    assert len(carried) + 2 == session.get_outputs()[0].shape[-1]  # with the blank and the space


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(builtin_models, "find_spec", lambda _: None)
    with pytest.raises(
        ModelError, match="needs the package rapidocr, which is not installed; run pip install"
    ):
        builtin_models.folders(model_folder.needed(BUILTIN)).__enter__()


def test_a_package_without_the_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(builtin_models, "_package_folder", lambda: Path(tmp_path))
    with pytest.raises(ModelError, match="has no file models/PP-OCRv6_det_small.onnx"):
        builtin_models.folders(model_folder.needed(BUILTIN)).__enter__()
