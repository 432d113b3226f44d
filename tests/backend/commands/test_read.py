"""`ocr-backend read`: the output of every page, and a broken file does not stop the next."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from backend_process import BUILTIN
from ocr_backend.commands import exit_codes

IMAGES = Path(__file__).parents[2] / "data" / "images"


def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ocr_backend", *map(str, arguments)]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": "/tmp", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.model
def test_files_are_read_line_by_line_and_bad_ones_are_reported(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    done = run("read", IMAGES / "issue_170.png", broken, IMAGES / "en_rec.jpg", **BUILTIN)
    assert done.returncode == exit_codes.FAILED_STATUS
    first, second = done.stdout.splitlines()
    assert first == "TEST"
    assert second.startswith("To facilitate the shot type analysis")
    assert f"{broken}: the file is neither a PDF nor an image of these" in done.stderr


@pytest.mark.model
def test_json_output_has_polygons_and_scores() -> None:
    done = run("read", "--json", IMAGES / "issue_170.png", **BUILTIN)
    assert done.returncode == 0
    content = json.loads(done.stdout)
    assert (content["width"], content["height"], content["lines"][0]["text"]) == (800, 566, "TEST")
    assert len(content["lines"][0]["polygon"]) == 4


def test_missing_models_are_reported_without_a_traceback(tmp_path: Path) -> None:
    done = run("read", IMAGES / "issue_170.png", OCR_MODEL_SOURCE="dir", MODEL_DIR=str(tmp_path))
    assert done.returncode == exit_codes.MODEL_STATUS
    assert done.stderr.splitlines()[-1].startswith("ocr-backend read: no model PP-OCRv5_server_det")
    assert "Traceback" not in done.stderr


@pytest.mark.model
def test_each_page_is_drawn_with_its_texts_and_listed_by_number(tmp_path: Path) -> None:
    pdf = tmp_path / "paper.pdf"
    with Image.open(IMAGES / "issue_170.png") as image:
        page = image.convert("RGB")
    page.save(
        pdf, "PDF", save_all=True, append_images=[page], resolution=150
    )  # the resolution at which PDF pages are rendered
    done = run("read", IMAGES / "ls_image.jpeg", pdf, "--png", tmp_path / "drawn", **BUILTIN)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "drawn").iterdir())
    assert names == ["ls_image.jpeg.png", "paper.pdf.1.png", "paper.pdf.2.png"]
    assert "6  Kenapa Harus Punya IMB?" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["1  TEST", "1  TEST"]
    with (
        Image.open(IMAGES / "ls_image.jpeg") as image,
        Image.open(tmp_path / "drawn" / names[0]) as drawn,
    ):
        assert drawn.height == image.height
        assert drawn.width > image.width
    # The texts in the column can be read like any other text.
    again = run("read", tmp_path / "drawn" / "paper.pdf.1.png", **BUILTIN)
    assert again.stdout.count("TEST") == 2


@pytest.mark.model
def test_a_drawing_in_a_folder_does_not_overwrite_another(tmp_path: Path) -> None:
    for _ in range(2):
        assert run("read", IMAGES / "issue_170.png", "--png", tmp_path, **BUILTIN).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["issue_170.png-2.png", "issue_170.png.png"]


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("files", "target", "message"),
    [
        pytest.param(["a.png", "b.png"], "one.png", "is one file for 2 inputs; give a folder", id="several"),
        pytest.param(["a.png"], "a.png", "would overwrite an input image", id="the image itself"),
        pytest.param(["a.png"], "b.png/folder", "the folder cannot be created", id="below a file"),
        pytest.param(["a.png"], "nope/folder", "the folder cannot be created", id="in no folder"),
        pytest.param(["a.png"], "nope/one.png", "there is no folder", id="a file in no folder"),
    ],
)
def test_an_impossible_target_is_refused_before_the_models_are_loaded(
    tmp_path: Path, files: list[str], target: str, message: str
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png())
    done = run("read", *(tmp_path / file for file in files), "--png", tmp_path / target, **BUILTIN)
    assert done.returncode == exit_codes.USAGE_STATUS
    assert message in done.stderr
    assert (tmp_path / "a.png").read_bytes() == png()
    assert not (tmp_path / "nope").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.png", "missing.png: No such file or directory"),
        ("http://images.example/a.png", "http://images.example/a.png: URLs are not read; download the file"),
        (".", ".: it is a folder"),
    ],
)
def test_what_cannot_be_read_is_reported_before_the_models_are_loaded(name: str, message: str) -> None:
    done = run("read", name, OCR_MODEL_SOURCE="dir", MODEL_DIR="/nonexistent")
    assert done.returncode == exit_codes.FAILED_STATUS
    (line,) = done.stderr.splitlines()
    assert line.startswith(message)


@pytest.mark.model
def test_standard_input_is_read_and_a_missing_file_does_not_stop_it() -> None:
    command = [sys.executable, "-m", "ocr_backend", "read", "missing.png", "-"]
    done = subprocess.run(
        command,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": "/tmp", **BUILTIN},
        input=(IMAGES / "issue_170.png").read_bytes(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.decode() == "TEST\n"
    assert b"missing.png: No such file" in done.stderr
    assert done.returncode == exit_codes.FAILED_STATUS
