"""The page: what is served, and what a person sees of it in a real browser with a real backend."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page, expect

from backend_process import BUILTIN, backend_process
from bad_images import saved
from chromium import running_chromium
from fake_reader import FakeReader
from ocr_backend.config.settings import SETTINGS
from ocr_backend.web.app import create_app

IMAGES = Path(__file__).parents[2] / "data" / "images"
SECONDS = 60


class TestServed:
    def test_nothing_from_elsewhere_is_allowed(self, make_client) -> None:
        answer = make_client().get("/ui")
        assert answer.content_type == "text/html; charset=utf-8"
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert re.findall(r"(?:src|href)=\"(?!data:)|url\(|@import", answer.text) == []

    @pytest.mark.parametrize("path", ["/ui", "/ui/settings.json"])
    def test_it_can_be_switched_off(self, make_client, path: str) -> None:
        client = make_client(has_ui=False)
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json["detail"].startswith(f"there is no '{path}'; there are /, /health")
        assert "/ui" not in answer.json["detail"].partition("there are")[2]

    @pytest.mark.parametrize("path", ["/ui", "/ui/settings.json", "/openapi.json"])
    def test_it_asks_for_the_same_credentials_as_predict(self, make_client, path: str) -> None:
        client = make_client(basic_auth_user="ocr", basic_auth_pass="right")
        assert client.get(path).status_code == client.post("/predict").status_code == 401
        assert client.get(path, auth=("ocr", "right")).status_code == 200

    def test_the_settings_in_force_hold_no_secret_path_or_address(self, make_client) -> None:
        client = make_client(
            basic_auth_user="ocr",
            basic_auth_pass="secret-1",
            label_studio_url="http://studio.example",
            label_studio_api_key="secret-2",
            local_files_document_root="/srv/files",
            language="korean",
            image_data_key="page",
        )
        answer = client.get("/ui/settings.json", auth=("ocr", "secret-1"))
        assert not re.search(r"secret|studio|srv|/data|\bocr\b", answer.text)
        told = answer.json
        assert told["model_version"].startswith("PP-OCRv5-korean-server-")
        assert (told["engine"], told["models"]) == ("fake", [{"part": "recognition", "name": "fake_rec"}])
        assert told["names"]["image_key"] == "page"
        shown = {row["name"]: (row["value"], row["meaning"]) for row in told["settings"]}
        docs = {row.env: row.doc for row in SETTINGS}
        assert shown["PADDLEOCR_LANG"] == ("korean", docs["PADDLEOCR_LANG"])
        assert shown["PADDLEOCR_SCORE_THRESHOLD"][0] == 0.5

    def test_before_the_models_are_loaded_it_says_so(self, make_worker) -> None:
        client = create_app(make_worker(FakeReader(), is_loaded=False)).test_client()
        assert client.get("/ui").status_code == 200
        assert client.get("/ui/settings.json").status_code == 503


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    variables = {**BUILTIN, "OCR_MAX_REQUEST_BYTES": "200000", "IMAGE_DATA_KEY": "page"}
    with backend_process(variables, tmp_path_factory.mktemp("ui") / "log") as backend:
        yield f"{backend.url}/ui"


@pytest.fixture
def page(chromium: Browser, url: str) -> Iterator[Page]:
    """The page, opened; afterwards nothing was asked of others, and nothing was complained about."""
    asked: list[str] = []
    complaints: list[str] = []
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(SECONDS * 1000)
    page.goto(url)
    expect(page.locator("#version")).to_contain_text("PP-OCRv6-ch-mobile-")
    yield page
    context.close()
    origin = url.removesuffix("/ui")
    assert [one for one in asked if not one.startswith((origin, "data:", f"blob:{origin}"))] == []
    assert complaints == []


def drop(page: Page, name: str, content: bytes) -> None:
    """Lets a file fall on the page, as a person does."""
    files = page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
            return transfer;
        }""",
        [name, list(content)],
    )
    page.dispatch_event("#drop", "dragover", {"dataTransfer": files})
    page.dispatch_event("#drop", "drop", {"dataTransfer": files})


def said(page: Page) -> list[str]:
    return page.locator("#lines .said").all_inner_texts()


def turned_text(degrees: float) -> tuple[bytes, tuple[float, float]]:
    """An image with one line that runs down to the right, and where its middle is in parts of the size."""
    line = Image.new("L", (440, 60), 0)
    ImageDraw.Draw(line).text((10, 4), "HELLO WORLD 42", fill=255, font=ImageFont.load_default(44))
    sheet = Image.new("RGB", (700, 500), "white")
    ink = line.rotate(-degrees, expand=True, resample=Image.Resampling.BICUBIC)
    left, top = 120, 90
    sheet.paste("black", (left, top), ink)
    box = ink.getbbox()
    assert box is not None
    return saved(sheet, "PNG"), ((left + (box[0] + box[2]) / 2) / 700, (top + (box[1] + box[3]) / 2) / 500)


@pytest.mark.model
class TestInTheBrowser:
    def test_a_dropped_image_is_read(self, page: Page) -> None:
        drop(page, "a.png", (IMAGES / "issue_170.png").read_bytes())
        expect(page.locator("#lines .said")).to_have_text(["TEST"])
        expect(page.locator("#regions text")).to_have_text(["TEST"])
        expect(page.locator("#summary")).to_contain_text(re.compile(r"^1 line in \d+\.\d\d s$"))
        expect(page.locator("#lines .score")).to_have_text([re.compile(r"^\d+\.\d %$")])
        page.locator("#copy").click()
        expect(page.locator("#state")).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == "TEST"

    def test_a_pasted_image_is_read(self, page: Page) -> None:
        content = list((IMAGES / "issue_170.png").read_bytes())
        page.evaluate(
            """(bytes) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], "a.png", {type: "image/png"}));
                document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer}));
            }""",
            content,
        )
        expect(page.locator("#lines .said")).to_have_text(["TEST"])

    @pytest.mark.parametrize("shapes", ["rectangle", "polygon"])
    def test_turned_text_lies_on_its_place(self, page: Page, shapes: str) -> None:
        content, (x, y) = turned_text(20)
        page.select_option("#shapes", shapes)
        drop(page, "turned.png", content)
        expect(page.locator("#regions text")).to_have_text([re.compile("HELLO.?WORLD.?42")])
        image, region = box(page, "#image"), box(page, "#regions polygon")
        text = box(page, "#regions text")
        for seen in (region, text):
            middle = seen["x"] + seen["width"] / 2, seen["y"] + seen["height"] / 2
            assert middle[0] == pytest.approx(image["x"] + x * image["width"], abs=12)
            assert middle[1] == pytest.approx(image["y"] + y * image["height"], abs=12)
        angle = float(re.findall(r"rotate\((.*?)\)", attribute(page, "#regions text", "transform"))[0])
        assert angle == pytest.approx(20, abs=3)

    def test_a_drawn_box_is_read_alone(self, page: Page) -> None:
        drop(page, "sign.jpg", (IMAGES / "eo_japanese.jpg").read_bytes())
        expect(page.locator("#tip")).to_be_visible()
        before = said(page)
        sheet = box(page, "#regions")
        # A photo of a sign: this line stands at 17 to 82 % of the width and 37 to 54 % of the height.
        page.mouse.move(sheet["x"] + 0.17 * sheet["width"], sheet["y"] + 0.37 * sheet["height"])
        page.mouse.down()
        page.mouse.move(sheet["x"] + 0.82 * sheet["width"], sheet["y"] + 0.54 * sheet["height"])
        page.mouse.up()
        expect(page.locator("#lines .drawn .said")).to_have_text(["NO LITTER"])
        assert said(page) == [*before, "NO LITTER"]

    def test_what_cannot_be_read_is_said_in_a_sentence(self, page: Page) -> None:
        drop(page, "broken.png", b"no image")
        expect(page.locator("#problem")).to_have_text(
            re.compile(r"^The file is neither a PDF nor an image .*\.$")
        )
        drop(page, "large.png", b"\x00" * 200_000)
        expect(page.locator("#problem")).to_have_text(
            "The file is too large: a request may have 200,000 bytes (OCR_MAX_REQUEST_BYTES)."
        )
        drop(page, "a.png", (IMAGES / "issue_170.png").read_bytes())
        expect(page.locator("#lines .said")).to_have_text(["TEST"])
        expect(page.locator("#problem")).to_be_hidden()

    def test_a_format_that_browsers_do_not_show_is_read_too(self, page: Page) -> None:
        with Image.open(IMAGES / "issue_170.png") as image:
            drop(page, "a.tiff", saved(image.convert("L"), "TIFF", compression="tiff_lzw"))
        expect(page.locator("#lines .said")).to_have_text(["TEST"])
        expect(page.locator("#regions text")).to_be_visible()

    def test_the_settings_in_force_are_shown(self, page: Page) -> None:
        page.locator("#force summary").click()
        expect(page.locator("#settings dt", has_text="PADDLEOCR_LANG")).to_be_visible()
        expect(page.locator("#settings dd").first).to_contain_text("PP-OCRv6-ch-mobile-")

    def test_the_keyboard_reaches_everything(self, page: Page) -> None:
        reached = set()
        for _ in range(8):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert reached >= {"file", "shapes", "over", "SUMMARY"}


def box(page: Page, selector: str) -> dict[str, float]:
    found: Any = page.locator(selector).bounding_box()
    return found


def attribute(page: Page, selector: str, name: str) -> str:
    return page.locator(selector).get_attribute(name) or ""
