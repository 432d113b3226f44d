"""A folder of models: each fault of each model is found, and whole ones are said to be good."""

import json
import re
import shutil
import subprocess
import sys

import pytest

import stand_in_models
from ocr_backend.commands import exit_codes
from ocr_backend.commands.models.model_verification import verdicts
from ocr_backend.models import manifests
from ocr_backend.models.hub import lease_lock

DETECTION, RECOGNITION = "PP-OCRv6_small_det", "PP-OCRv6_small_rec"


@pytest.fixture
def root(official, tmp_path):
    """A folder with two whole models."""
    shutil.copytree(official, tmp_path / "official_models")
    return tmp_path


@pytest.fixture
def recogniser(root):
    return root / "official_models" / f"{RECOGNITION}_onnx"


def problems(root):
    """Name of the folder -> its problems, where there are any."""
    return {found.folder.name: found.problems for found in verdicts(root) if found.problems}


def test_whole_models_are_good_and_have_digests(root):
    found = {verdict.name: verdict for verdict in verdicts(root)}
    assert set(found) == {DETECTION, RECOGNITION}
    assert all(re.fullmatch("[0-9a-f]{64}", one.digest) and not one.problems for one in found.values())


def test_one_model_folder_may_be_named_itself(recogniser):
    (found,) = verdicts(recogniser)
    assert (found.name, found.form, found.problems) == (RECOGNITION, "onnx", ())


def test_everything_that_is_wrong_is_said_at_once(root, recogniser):
    (recogniser / "inference.onnx").write_bytes(b"")
    (recogniser / "inference.yml").write_text("Global: {model_name: other}")
    assert problems(root) == {
        recogniser.name: (
            f"its inference.yml says that it is 'other', not '{RECOGNITION}'",
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
            "inference.onnx is no network",
            id="half a file",
        ),
        pytest.param(
            shorter_dictionary, r"the network knows \d+ classes, its dictionary \d+", id="dictionary"
        ),
    ],
)
def test_a_fault_is_found(root, recogniser, damage, problem):
    damage(recogniser)
    (found,) = problems(root)[recogniser.name]
    assert re.fullmatch(problem, found)


def test_a_folder_in_another_layout_is_told_of(root):
    (root / "weights").mkdir()
    (root / "weights" / "model.bin").write_bytes(b"x")
    (problem,) = problems(root)["weights"]
    assert problem.startswith("it is no model folder as PaddleX lays them out")


def test_a_whole_model_that_is_not_needed_is_no_fault(root, recogniser):
    shutil.copytree(recogniser, root / "PicoDet_layout")
    (root / "PicoDet_layout" / "inference.yml").write_text("Global: {model_name: PicoDet_layout}")
    (found,) = (one for one in verdicts(root) if one.name == "PicoDet_layout")
    assert found.problems == ()
    assert found.note == "nothing in this backend reads with 'PicoDet_layout'"


def test_an_official_name_on_the_folder_of_another_model_is_a_fault(root, recogniser):
    recogniser.rename(recogniser.with_name("PP-OCRv6_medium_rec_onnx"))
    assert problems(root)["PP-OCRv6_medium_rec_onnx"] == (
        f"its inference.yml says that it is '{RECOGNITION}', not 'PP-OCRv6_medium_rec'",
    )


def test_what_a_killed_fetch_left_is_a_fault_and_a_fetch_under_way_is_none(root):
    place = root / ".fetching" / f"{RECOGNITION}_onnx"
    (place / "abc").mkdir(parents=True)
    assert "half-way" in problems(root)[place.name][0]
    with lease_lock.claimed(place):
        assert problems(root) == {}
        assert [one.note for one in verdicts(root) if one.note] == ["a fetch that is under way"]


@pytest.fixture
def vouched(recogniser):
    """A folder with a manifest of the files that are in it."""
    names = ["inference.onnx", "inference.yml"]
    digest, _ = manifests.digests(recogniser, ["inference.onnx"])
    files = tuple(
        manifests.File(name, (recogniser / name).stat().st_size, manifests.digests(recogniser, [name])[0])
        for name in names
    )
    manifests.write(recogniser, manifests.Manifest(RECOGNITION, "onnx", digest, "a hub", "main", files))
    return recogniser


def other_bytes(file):
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(lambda at: None, None, id="none"),
        pytest.param(
            lambda at: other_bytes(at / "inference.onnx"),
            "inference.onnx has been changed: its SHA-256 is not the one in its manifest.json",
            id="a bit",
        ),
        pytest.param(
            lambda at: (at / "inference.yml").write_text((at / "inference.yml").read_text("utf-8") + " "),
            r"inference.yml has \d+ bytes, its manifest.json says \d+",
            id="a byte more",
        ),
        pytest.param(
            lambda at: (at / "manifest.json").write_text("{"), "its manifest.json is damaged", id="manifest"
        ),
        pytest.param(
            lambda at: (at / "manifest.json").write_text('{"manifest": 2}'),
            "its manifest.json is of a version that this release does not know",
            id="version",
        ),
    ],
)
def test_a_folder_is_compared_with_its_manifest(root, vouched, damage, problem):
    damage(vouched)
    found = problems(root).get(vouched.name)
    assert (problem is None) == (found is None)
    assert problem is None or re.search(problem, found[0])


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle")
@pytest.mark.parametrize("kept", [0.01, 0.5, 0.999])
def test_half_a_file_of_paddles_weights_is_found(tmp_path, kept):
    stand_in_models.recogniser(tmp_path, "PP-OCRv5_mobile_rec", "paddle")
    (found,) = verdicts(tmp_path)
    assert (found.form, found.problems) == ("paddle", ())
    weights = found.folder / "inference.pdiparams"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: int(len(whole) * kept)])
    assert problems(tmp_path) == {found.folder.name: ("inference.pdiparams is damaged or incomplete",)}


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:No ccache found", "ignore::DeprecationWarning:paddle")
def test_in_paddle_form_the_dictionary_must_fit_and_the_network_be_one(tmp_path):
    stand_in_models.recogniser(tmp_path, "PP-OCRv5_mobile_rec", "paddle")
    folder = tmp_path / "PP-OCRv5_mobile_rec"
    shorter_dictionary(folder)
    assert problems(tmp_path) == {folder.name: ("the network knows 4 classes, its dictionary 3",)}
    (folder / "inference.json").write_text("{")
    assert problems(tmp_path) == {folder.name: ("inference.json and inference.pdiparams are no network",)}


@pytest.fixture
def verify(root):
    def ran(*arguments):
        command = [sys.executable, "-m", "ocr_backend", "models", "verify", *map(str, arguments)]
        env = {"PATH": "/usr/bin:/bin", "MODEL_DIR": str(root)}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)

    return ran


def test_the_command_ends_with_0_where_all_is_good_and_1_where_not(verify, recogniser):
    good = verify()
    assert good.returncode == exit_codes.GOOD_STATUS
    assert re.findall(r"^(\w+)  \S+(PP-OCRv6_\w+)_onnx: onnx, sha256 ", good.stdout, re.MULTILINE) == [
        ("good", DETECTION),
        ("good", RECOGNITION),
    ]
    (recogniser / "inference.onnx").unlink()
    bad = verify()
    assert bad.returncode == exit_codes.FAULT_STATUS
    assert f"BAD   {recogniser}\n  inference.onnx cannot be read" in bad.stdout
    (told,) = map(json.loads, verify("--json", recogniser).stdout.splitlines())
    assert told["problems"] == ["inference.onnx cannot be read: No such file or directory"]


def test_a_folder_without_models_or_none_at_all_is_told_of(verify, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = verify(empty)
    assert (done.returncode, "there is no model in" in done.stderr) == (exit_codes.FAULT_STATUS, True)
    done = verify(tmp_path / "nowhere")
    assert (done.returncode, "is no folder" in done.stderr) == (exit_codes.SETTINGS_STATUS, True)
