"""Every sentence of the guide has its proof, as promises.yaml lists them, and nothing promised is missing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import documents
from ocr_backend.config.settings import Settings

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
Proof = str | list[str]
PROMISES: dict[str, dict[str, Proof]] = yaml.safe_load((TESTS / "guide" / "promises.yaml").read_text("utf-8"))
"""Section -> words -> tests, or why there is none."""

_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_LIST_ITEM = re.compile(r"^(?:- |\d+\. )")
_TABLE_HEAD = re.compile(r"^\| (?:---|Variable|Code) ")


def sections(guide: Path) -> dict[str, str]:
    """Heading -> what stands below it, up to the next heading."""
    parts = _HEADING.split(guide.read_text("utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def claims(section: str) -> Iterator[str]:
    """Paragraphs, list items, rows of tables, and lines of commands; other code shows what was claimed."""
    prose = []
    for number, part in enumerate(
        re.split(r"^```(\w+)\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    ):
        if number % 3 == 0:
            prose.append(part)
        elif number % 3 == 1:
            language = part
        elif language == "bash":
            yield from part.splitlines()
    for paragraph in "\n\n".join(prose).split("\n\n"):
        yield from _claims_of(paragraph)


def _claims_of(paragraph: str) -> Iterator[str]:
    said: list[str] = []
    for line in paragraph.splitlines():
        if line.startswith("<!--") or _TABLE_HEAD.match(line):
            continue
        if _LIST_ITEM.match(line) or line.startswith("|"):
            yield from [" ".join(said)] if said else []
            said = []
        said.append(line.strip())
    yield from [" ".join(said)] if said else []


def functions(file: Path) -> set[str]:
    """Names of all functions in a file of Python, methods too."""
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_section_has_its_promises(guide: Path) -> None:
    assert list(PROMISES) == list(sections(guide))


@pytest.mark.parametrize("section", PROMISES)
def test_everything_that_is_said_is_promised(guide: Path, section: str) -> None:
    said = list(claims(sections(guide)[section]))
    assert [claim for claim in said if not any(words in _joined(claim) for words in PROMISES[section])] == []


@pytest.mark.parametrize("section", PROMISES)
def test_everything_that_is_promised_is_said(guide: Path, section: str) -> None:
    said = _joined(sections(guide)[section])
    assert [words for words in PROMISES[section] if words not in said] == []


@pytest.mark.parametrize("section", PROMISES)
def test_every_promise_has_its_tests(section: str) -> None:
    for proof in PROMISES[section].values():
        if isinstance(proof, str):
            continue
        assert proof
        for test in proof:
            file, _, name = test.partition("::")
            assert (TESTS / file).is_file(), test
            assert not name or name in functions(TESTS / file), test


def test_a_variable_of_the_guide_is_missing_nowhere() -> None:
    # The names that users know: 22 variables and 8 languages, and 7 languages more.
    rows = [words for section in PROMISES.values() for words in section if re.match(r"`\w+` \| ", words)]
    assert len(rows) == 22 + 8 + 7


def test_every_link_leads_somewhere(guide: Path) -> None:
    for page in (guide, guide.with_name("troubleshooting.md")):
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
        assert targets
        assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_labeling_configuration_is_the_one_that_is_tried(guide: Path) -> None:
    from label_studio_project import GUIDES_CONFIG

    (shown,) = [block.text for block in documents.blocks(guide) if block.language == "xml"]
    assert shown.strip() == GUIDES_CONFIG.strip()


def test_every_path_of_the_api_is_answered(client_with, guide: Path) -> None:
    client = client_with({})
    paths = re.findall(r"`(?:GET |POST )?(/[a-z.]+)`", sections(guide)["API reference"])
    assert len(paths) == 10
    for path in paths:
        allowed = client.options(path).headers["Allow"]
        answer = client.get(path) if "GET" in allowed else client.post(path, json=_BODIES.get(path, {}))
        assert answer.status_code == 200, path
        assert path in ("/metrics", "/ui") or answer.is_json


_BODIES = {"/predict": {"tasks": [{"data": {"image": "data:,"}}]}}


def test_the_deadline_is_the_one_that_the_guide_names(guide: Path) -> None:
    deadline = f"{Settings().predict_timeout_seconds:.0f} (`OCR_PREDICT_TIMEOUT`)"
    assert deadline in _joined(sections(guide)["Only some of the tasks get predictions"])


def test_the_license_is_the_one_that_the_guide_names(guide: Path) -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")


def test_label_studio_ml_is_locked_with_what_it_needs_beside_it() -> None:
    lock = (TESTS / "support" / "label-studio-ml-requirements.txt").read_text("utf-8")
    for package in ("label-studio-ml", "redis", "rq"):
        assert re.search(rf"^{package}==", lock, re.MULTILINE), package


def _joined(text: str) -> str:
    return " ".join(text.split())
