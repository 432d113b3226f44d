"""Verification of a folder of models: every problem is found, and complete models are good."""

import json
import re
import shutil
import subprocess
import sys

import pytest

import stand_in_models
from ocr_backend.commands import exit_codes
from ocr_backend.commands.models.model_verification import verify_models
from ocr_backend.models import manifests
from ocr_backend.models.hub import staging

DETECTION, RECOGNITION = "PP-OCRv6_small_det", "PP-OCRv6_small_rec"


@pytest.fixture
def root(official, tmp_path):
    """A folder with two complete models."""
    shutil.copytree(official, tmp_path / "official_models")
    return tmp_path


@pytest.fixture
def recogniser(root):
    return root / "official_models" / f"{RECOGNITION}_onnx"


def problems(root):
    """Name of a folder -> its problems, if any."""
    return {result.folder.name: result.problems for result in verify_models(root) if result.problems}


def test_complete_models_are_good_and_have_digests(root):
    results = {result.name: result for result in verify_models(root)}
    assert set(results) == {DETECTION, RECOGNITION}
    assert all(
        re.fullmatch("[0-9a-f]{64}", result.digest) and not result.problems for result in results.values()
    )


def test_a_single_model_folder_can_be_verified(recogniser):
    (result,) = verify_models(recogniser)
    assert (result.name, result.model_format, result.problems) == (RECOGNITION, "onnx", ())


def test_all_problems_are_reported_at_once(root, recogniser):
    (recogniser / "inference.onnx").write_bytes(b"")
    (recogniser / "inference.yml").write_text("Global: {model_name: other}")
    assert problems(root) == {
        recogniser.name: (
            f"its inference.yml describes the model 'other', not '{RECOGNITION}'",
            "its inference.yml has no list of characters (PostProcess.character_dict)",
            "inference.onnx is empty",
        )
    }


def shorter_dictionary(folder):
    config = json.loads((folder / "inference.yml").read_text("utf-8"))
    config["PostProcess"]["character_dict"].pop()
    (folder / "inference.yml").write_text(json.dumps(config, ensure_ascii=False), "utf-8")


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(
            lambda at: (at / "inference.onnx").unlink(),
            "inference.onnx cannot be read: No such file or directory",
            id="no weights",
        ),
        pytest.param(
            lambda at: (at / "inference.yml").unlink(),
            "its inference.yml cannot be read: No such file or directory",
            id="no description",
        ),
        pytest.param(
            lambda at: (at / "inference.onnx").write_bytes((at / "inference.onnx").read_bytes()[:100_000]),
            "inference.onnx is not a valid network",
            id="half a file",
        ),
        pytest.param(
            shorter_dictionary, r"the network has \d+ classes, but its dictionary has \d+", id="dictionary"
        ),
    ],
)
def test_a_problem_is_found(root, recogniser, damage, problem):
    damage(recogniser)
    (result,) = problems(root)[recogniser.name]
    assert re.fullmatch(problem, result)


def test_a_folder_in_another_layout_is_reported(root):
    (root / "weights").mkdir()
    (root / "weights" / "model.bin").write_bytes(b"x")
    (problem,) = problems(root)["weights"]
    assert problem.startswith("it is not a model folder as PaddleX creates them")


def test_an_unused_model_is_no_problem(root, recogniser):
    shutil.copytree(recogniser, root / "PicoDet_layout")
    (root / "PicoDet_layout" / "inference.yml").write_text("Global: {model_name: PicoDet_layout}")
    (result,) = (result for result in verify_models(root) if result.name == "PicoDet_layout")
    assert result.problems == ()
    assert result.note == "this backend does not use 'PicoDet_layout'"


def test_an_official_folder_name_with_another_model_is_a_problem(root, recogniser):
    recogniser.rename(recogniser.with_name("PP-OCRv6_medium_rec_onnx"))
    assert problems(root)["PP-OCRv6_medium_rec_onnx"] == (
        f"its inference.yml describes the model '{RECOGNITION}', not 'PP-OCRv6_medium_rec'",
    )


def test_an_interrupted_download_is_a_problem_but_a_running_one_is_not(root):
    folder = root / ".fetching" / f"{RECOGNITION}_onnx"
    (folder / f"{staging.node_id()}-abc").mkdir(parents=True)
    assert "interrupted download" in problems(root)[folder.name][0]
    with staging.locked(folder):
        assert problems(root) == {}
        assert [result.note for result in verify_models(root) if result.note] == ["a download in progress"]


@pytest.fixture
def verified(recogniser):
    """A folder with a manifest of its files."""
    names = ["inference.onnx", "inference.yml"]
    digest, _ = manifests.digests(recogniser, ["inference.onnx"])
    files = tuple(
        manifests.File(name, (recogniser / name).stat().st_size, manifests.digests(recogniser, [name])[0])
        for name in names
    )
    manifests.write(recogniser, manifests.Manifest(RECOGNITION, "onnx", digest, "a hub", "main", files))
    return recogniser


def flip_last_bit(file):
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(lambda at: None, None, id="none"),
        pytest.param(
            lambda at: flip_last_bit(at / "inference.onnx"),
            "inference.onnx was changed: its SHA-256 is not the one in its manifest.json",
            id="a bit",
        ),
        pytest.param(
            lambda at: (at / "inference.yml").write_text((at / "inference.yml").read_text("utf-8") + " "),
            r"inference.yml has \d+ bytes, but its manifest.json says \d+",
            id="a byte more",
        ),
        pytest.param(
            lambda at: (at / "manifest.json").write_text("{"), "its manifest.json is damaged", id="manifest"
        ),
        pytest.param(
            lambda at: (at / "manifest.json").write_text('{"manifest": 2}'),
            "its manifest.json has a version that this release does not know",
            id="version",
        ),
    ],
)
def test_a_folder_is_compared_with_its_manifest(root, verified, damage, problem):
    damage(verified)
    result = problems(root).get(verified.name)
    assert (problem is None) == (result is None)
    assert problem is None or re.search(problem, result[0])


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle")
@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.999])
def test_truncated_paddle_weights_are_found(tmp_path, fraction):
    stand_in_models.recogniser(tmp_path, "PP-OCRv5_mobile_rec", "paddle")
    (result,) = verify_models(tmp_path)
    assert (result.model_format, result.problems) == ("paddle", ())
    weights = result.folder / "inference.pdiparams"
    content = weights.read_bytes()
    weights.write_bytes(content[: int(len(content) * fraction)])
    assert problems(tmp_path) == {result.folder.name: ("inference.pdiparams is damaged or incomplete",)}


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle")
def test_dictionary_and_network_in_paddle_format_are_checked(tmp_path):
    stand_in_models.recogniser(tmp_path, "PP-OCRv5_mobile_rec", "paddle")
    folder = tmp_path / "PP-OCRv5_mobile_rec"
    classes = len(stand_in_models.characters(folder.name)) + 2
    shorter_dictionary(folder)
    expected = f"the network has {classes} classes, but its dictionary has {classes - 1}"
    assert problems(tmp_path) == {folder.name: (expected,)}
    (folder / "inference.json").write_text("{")
    assert problems(tmp_path) == {
        folder.name: ("inference.json and inference.pdiparams are not a valid network",)
    }


@pytest.fixture
def verify(root):
    def run(*arguments):
        command = [sys.executable, "-m", "ocr_backend", "models", "verify", *map(str, arguments)]
        env = {"PATH": "/usr/bin:/bin", "MODEL_DIR": str(root)}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_the_exit_status_is_0_without_problems_and_1_with_problems(verify, recogniser):
    good = verify()
    assert good.returncode == exit_codes.OK_STATUS
    assert re.findall(r"^(\w+)  \S+(PP-OCRv6_\w+)_onnx: onnx, sha256 ", good.stdout, re.MULTILINE) == [
        ("good", DETECTION),
        ("good", RECOGNITION),
    ]
    (recogniser / "inference.onnx").unlink()
    bad = verify()
    assert bad.returncode == exit_codes.FAILED_STATUS
    assert f"BAD   {recogniser}\n  inference.onnx cannot be read" in bad.stdout
    (content,) = map(json.loads, verify("--json", recogniser).stdout.splitlines())
    assert content["problems"] == ["inference.onnx cannot be read: No such file or directory"]


def test_an_empty_or_missing_folder_is_reported(verify, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = verify(empty)
    assert (done.returncode, "contains no models" in done.stderr) == (exit_codes.FAILED_STATUS, True)
    done = verify(tmp_path / "nowhere")
    assert (done.returncode, "is not a folder" in done.stderr) == (exit_codes.USAGE_STATUS, True)
