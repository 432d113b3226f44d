"""Every claim of the guide has its tests, as listed in promises.yaml, and no promise is missing."""

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
"""Section -> words of a claim -> tests, or why there are none."""

_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_LIST_ITEM = re.compile(r"^(?:- |\d+\. )")
_TABLE_HEAD = re.compile(r"^\| (?:---|Variable|Code) ")


def sections(guide: Path) -> dict[str, str]:
    """Heading -> text below it, up to the next heading."""
    parts = _HEADING.split(guide.read_text("utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def claims(section: str) -> Iterator[str]:
    """Paragraphs, list items, table rows and command lines; other code blocks are examples."""
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
    lines: list[str] = []
    for line in paragraph.splitlines():
        if line.startswith("<!--") or _TABLE_HEAD.match(line):
            continue
        if _LIST_ITEM.match(line) or line.startswith("|"):
            yield from [" ".join(lines)] if lines else []
            lines = []
        lines.append(line.strip())
    yield from [" ".join(lines)] if lines else []


def functions(file: Path) -> set[str]:
    """Names of all functions and methods in a Python file."""
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_section_has_its_promises(guide: Path) -> None:
    assert list(PROMISES) == list(sections(guide))


@pytest.mark.parametrize("section", PROMISES)
def test_every_claim_of_the_guide_has_a_promise(guide: Path, section: str) -> None:
    section_claims = list(claims(sections(guide)[section]))
    assert [
        claim for claim in section_claims if not any(words in _joined(claim) for words in PROMISES[section])
    ] == []


@pytest.mark.parametrize("section", PROMISES)
def test_every_promise_is_in_the_guide(guide: Path, section: str) -> None:
    text = _joined(sections(guide)[section])
    assert [words for words in PROMISES[section] if words not in text] == []


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


def test_every_variable_and_language_has_a_promise() -> None:
    # 22 variables, the 8 languages of the first release, and 7 later ones.
    rows = [words for section in PROMISES.values() for words in section if re.match(r"`\w+` \| ", words)]
    assert len(rows) == 22 + 8 + 7


def test_every_link_has_a_target(guide: Path) -> None:
    for page in (guide, guide.with_name("troubleshooting.md")):
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
        assert targets
        assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_label_config_is_the_one_of_the_tests(guide: Path) -> None:
    from label_studio_project import GUIDES_CONFIG

    (example,) = [block.text for block in documents.blocks(guide) if block.language == "xml"]
    assert example.strip() == GUIDES_CONFIG.strip()


def test_every_path_of_the_api_responds(client_with, guide: Path) -> None:
    client = client_with({})
    paths = re.findall(r"`(?:GET |POST )?(/[a-z.]+)`", sections(guide)["API reference"])
    assert len(paths) == 10
    for path in paths:
        allowed = client.options(path).headers["Allow"]
        answer = client.get(path) if "GET" in allowed else client.post(path, json=_BODIES.get(path, {}))
        assert answer.status_code == 200, path
        assert path in ("/metrics", "/ui") or answer.is_json


_BODIES = {
    "/predict": {"tasks": [{"data": {"image": "data:,"}}]},
    "/webhook": {"action": "PROJECT_UPDATED"},
}


def test_the_guide_names_the_predict_timeout(guide: Path) -> None:
    deadline = f"{Settings().predict_timeout_seconds:.0f} (`OCR_PREDICT_TIMEOUT`)"
    assert deadline in _joined(sections(guide)["Only some of the tasks get predictions"])


def test_the_license_is_the_one_of_the_guide(guide: Path) -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")


def test_label_studio_ml_is_locked_with_its_extra_packages() -> None:
    lock = (TESTS / "support" / "label-studio-ml-requirements.txt").read_text("utf-8")
    for package in ("label-studio-ml", "redis", "rq"):
        assert re.search(rf"^{package}==", lock, re.MULTILINE), package


def _joined(text: str) -> str:
    return " ".join(text.split())
