"""Model folders: which models are required, where they are found, and problems of broken folders."""

import hashlib
import json
from dataclasses import replace
from importlib.machinery import ModuleSpec

import pytest

import stand_in_models
from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models import builtin_models, model_folder, model_roles
from ocr_backend.models.model_folder import ModelError

DETECTION, RECOGNITION = "PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec"
NAMES = {"detection": DETECTION, "recognition": RECOGNITION}


@pytest.fixture
def put(tmp_path):
    """Creates a stand-in for an official folder: valid files with meaningless weights."""

    def create(name, model_format="onnx", parent="", folder_name=None):
        folder = tmp_path / parent / (folder_name or model_folder.folder_name(name, model_format))
        folder.mkdir(parents=True)
        config = {
            "Global": {"model_name": name},
            "PostProcess": {"character_dict": stand_in_models.characters(name)},
        }
        (folder / "inference.yml").write_text(json.dumps(config))
        files = {"onnx": ["inference.onnx"], "paddle": ["inference.pdiparams", "inference.json"]}[
            model_format
        ]
        for file in files:
            (folder / file).write_bytes(f"weights of {name}".encode())
        return folder

    return create


def test_the_default_settings_require_these_models():
    assert model_roles.required_models(Settings()) == {
        "detection": "PP-OCRv5_server_det",
        "recognition": "PP-OCRv5_server_rec",
        "textline_orientation": "PP-LCNet_x1_0_textline_ori",
    }


def test_only_enabled_models_are_required():
    settings = Settings(use_doc_orientation=True, use_doc_unwarping=True, use_textline_orientation=False)
    assert list(model_roles.required_models(settings)) == [
        "detection",
        "recognition",
        "doc_orientation",
        "doc_unwarping",
    ]
    assert model_roles.required_models(settings)["doc_unwarping"] == "UVDoc"


def test_every_model_of_the_catalog_has_a_role():
    for combination in model_catalog.combinations():
        models = model_catalog.model_set(*combination)
        assert model_roles.role_of(models.detection) == "detection"
        assert model_roles.role_of(models.recognition) == "recognition"
    required = model_roles.required_models(Settings(use_doc_orientation=True, use_doc_unwarping=True))
    assert {model_roles.role_of(name) for name in required.values()} == set(required)
    assert model_roles.role_of("PicoDet_layout") is None


@pytest.mark.parametrize("parent", ["", "official_models"])
@pytest.mark.parametrize(
    ("model_format", "folder_name"),
    [("onnx", f"{DETECTION}_onnx"), ("onnx", DETECTION), ("paddle", DETECTION)],
)
def test_a_model_is_found_in_every_layout_of_paddlex(tmp_path, put, parent, model_format, folder_name):
    folder = put(DETECTION, model_format, parent, folder_name)
    model = model_folder.load_models(tmp_path, {"detection": DETECTION}, ["onnx", "paddle"])["detection"]
    assert (model.folder, model.model_format, model.name) == (folder, model_format, DETECTION)


def test_the_digest_of_an_onnx_model_is_that_of_its_weights(tmp_path, put):
    put(DETECTION)
    model = model_folder.load_models(tmp_path, {"detection": DETECTION}, ["onnx"])["detection"]
    assert model.digest == hashlib.sha256(f"weights of {DETECTION}".encode()).hexdigest()


def test_the_first_format_with_all_models_is_used(tmp_path, put):
    put(DETECTION, "onnx")
    for name in NAMES.values():
        put(name, "paddle")
    models = model_folder.load_models(tmp_path, NAMES, ["onnx", "paddle"])
    assert {model.model_format for model in models.values()} == {"paddle"}


def test_the_older_graph_file_of_paddle_is_accepted(tmp_path, put):
    folder = put(DETECTION, "paddle")
    (folder / "inference.json").rename(folder / "inference.pdmodel")
    assert model_folder.load_models(tmp_path, {"detection": DETECTION}, ["paddle"])


def refusal(root, names=NAMES, formats=("onnx", "paddle")):
    with pytest.raises(ModelError) as error:
        model_folder.load_models(root, names, formats)
    return str(error.value)


def test_a_missing_model_is_named_with_the_folders_that_were_searched(tmp_path, put):
    put(DETECTION)
    message = refusal(tmp_path)
    assert message.startswith(
        f"no model {RECOGNITION} in {tmp_path} (looked for {tmp_path}/{RECOGNITION}_onnx, "
    )
    assert f"{tmp_path}/official_models/{RECOGNITION}" in message
    assert message.endswith("put the official folders there, or set OCR_MODEL_SOURCE=hub to download them")


def test_models_in_different_formats_are_refused(tmp_path, put):
    put(DETECTION, "onnx")
    put(RECOGNITION, "paddle")
    assert "have different formats" in refusal(tmp_path)


def write(text):
    return lambda folder: (folder / "inference.yml").write_text(text)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(
            lambda folder: (folder / "inference.onnx").unlink(),
            "inference.onnx cannot be read",
            id="no weights",
        ),
        pytest.param(
            lambda folder: (folder / "inference.onnx").write_bytes(b""),
            "inference.onnx is empty",
            id="empty weights",
        ),
        pytest.param(
            lambda folder: (folder / "inference.yml").unlink(),
            "its inference.yml cannot be read",
            id="no description",
        ),
        pytest.param(write("{"), "its inference.yml is not valid YAML", id="not YAML"),
        pytest.param(write("- a"), "its inference.yml is not a mapping", id="a list"),
        pytest.param(write("Global: x"), f"describes the model None, not '{RECOGNITION}'", id="no name"),
        pytest.param(
            write("Global: {model_name: other}"),
            f"describes the model 'other', not '{RECOGNITION}'",
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
def test_a_broken_folder_is_named_with_its_problem(tmp_path, put, damage, problem):
    put(DETECTION)
    folder = put(RECOGNITION)
    damage(folder)
    message = refusal(tmp_path)
    assert message.startswith(f"the model folder {folder} is broken: ")
    assert problem in message


def test_a_paddle_folder_without_its_graph_is_broken(tmp_path, put):
    folder = put(DETECTION, "paddle")
    (folder / "inference.json").unlink()
    assert "inference.json cannot be read" in refusal(tmp_path, {"detection": DETECTION})


BUILTIN = Settings(ocr_version="PP-OCRv6", model_type="mobile", model_source="builtin")


def test_the_folders_of_builtin_models_are_removed_after_use():
    with builtin_models.folders(model_roles.required_models(BUILTIN)) as models:
        folders = [model.folder for model in models.values()]
        assert all((folder / "inference.onnx").is_file() for folder in folders)
        assert {model.name for model in models.values()} == set(model_roles.required_models(BUILTIN).values())
    assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize("ocr_version", model_catalog.BUILTIN_LANGUAGES)
def test_the_builtin_dictionary_is_complete(ocr_version):
    import onnxruntime

    settings = replace(BUILTIN, ocr_version=ocr_version)
    with builtin_models.folders(model_roles.required_models(settings)) as models:
        model = models["recognition"]
        session = onnxruntime.InferenceSession(str(model.weights), providers=["CPUExecutionProvider"])
    characters = session.get_modelmeta().custom_metadata_map["character"].split("\n")
    assert model.config["PostProcess"]["character_dict"] == characters
    assert len(characters) + 2 == session.get_outputs()[0].shape[-1]  # with the blank and the space


def test_every_builtin_combination_has_all_its_models():
    for ocr_version, languages in model_catalog.BUILTIN_LANGUAGES.items():
        for language in languages:
            settings = replace(BUILTIN, ocr_version=ocr_version, language=language, use_doc_orientation=True)
            names = model_roles.required_models(settings)
            assert set(names.values()) <= set(builtin_models.FILES)
            with builtin_models.folders(names) as models:
                assert {role: model.name for role, model in models.items()} == names


def test_the_builtin_models_of_pp_ocrv5_read_english_with_the_model_for_several_languages():
    models = model_roles.language_models(replace(BUILTIN, ocr_version="PP-OCRv5", language="en"))
    assert models.recognition == "PP-OCRv5_mobile_rec"
    assert models.notes == ("builtin reads en with PP-OCRv5_mobile_rec, which reads several languages",)


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(builtin_models, "find_spec", lambda _: None)
    with pytest.raises(
        ModelError, match="needs the package rapidocr, which is not installed; run pip install"
    ):
        builtin_models.folders(model_roles.required_models(BUILTIN)).__enter__()


def test_a_file_that_the_package_lacks_is_named(monkeypatch, tmp_path):
    package = ModuleSpec("rapidocr", None, is_package=True)
    package.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(builtin_models, "find_spec", lambda _: package)
    with pytest.raises(ModelError, match="rapidocr has no file models/PP-OCRv6_det_small.onnx"):
        builtin_models.folders(model_roles.required_models(BUILTIN)).__enter__()
