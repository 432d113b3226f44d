"""The trial page: its routes, and the page in a real browser with a real backend."""

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
    def test_nothing_from_other_hosts_is_allowed(self, make_client) -> None:
        response = make_client().get("/ui")
        assert response.content_type == "text/html; charset=utf-8"
        policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert re.findall(r"(?:src|href)=\"(?!data:)|url\(|@import", response.text) == []

    @pytest.mark.parametrize("path", ["/ui", "/ui/settings.json"])
    def test_the_page_can_be_switched_off(self, make_client, path: str) -> None:
        client = make_client(has_ui=False)
        response = client.get(path)
        assert response.status_code == 404
        assert response.json["detail"].startswith(f"there is no '{path}'; available paths: /, /health")
        assert "/ui" not in response.json["detail"].partition("available paths")[2]

    @pytest.mark.parametrize("path", ["/ui", "/ui/settings.json", "/openapi.json"])
    def test_the_page_needs_the_same_credentials_as_predict(self, make_client, path: str) -> None:
        client = make_client(basic_auth_user="ocr", basic_auth_pass="right")
        assert client.get(path).status_code == client.post("/predict").status_code == 401
        assert client.get(path, auth=("ocr", "right")).status_code == 200

    def test_the_active_settings_contain_no_secret_path_or_address(self, make_client) -> None:
        client = make_client(
            basic_auth_user="ocr",
            basic_auth_pass="secret-1",
            label_studio_url="http://studio.example",
            label_studio_api_key="secret-2",
            local_files_document_root="/srv/files",
            language="korean",
            image_data_key="page",
        )
        response = client.get("/ui/settings.json", auth=("ocr", "secret-1"))
        assert not re.search(r"secret|studio|srv|/data|\bocr\b", response.text)
        content = response.json
        assert content["model_version"].startswith("PP-OCRv5-korean-server-")
        assert (content["engine"], content["models"]) == (
            "fake",
            [{"role": "recognition", "name": "fake_rec"}],
        )
        assert content["names"]["image_key"] == "page"
        shown_settings = {row["name"]: (row["value"], row["meaning"]) for row in content["settings"]}
        docs = {row.env: row.doc for row in SETTINGS}
        assert shown_settings["PADDLEOCR_LANG"] == ("korean", docs["PADDLEOCR_LANG"])
        assert shown_settings["PADDLEOCR_SCORE_THRESHOLD"][0] == 0.5

    def test_while_the_models_are_loading_the_page_is_served_without_settings(self, make_worker) -> None:
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
    """The open page; afterwards checks that it sent no request to other hosts and logged nothing."""
    requested: list[str] = []
    console_messages: list[str] = []
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: console_messages.append(message.text))
    page.on("pageerror", lambda error: console_messages.append(str(error)))
    page.set_default_timeout(SECONDS * 1000)
    page.goto(url)
    expect(page.locator("#version")).to_contain_text("PP-OCRv6-ch-mobile-")
    yield page
    context.close()
    origin = url.removesuffix("/ui")
    assert [sent for sent in requested if not sent.startswith((origin, "data:", f"blob:{origin}"))] == []
    assert console_messages == []


def drop(page: Page, name: str, content: bytes) -> None:
    """Drops a file on the page."""
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


def line_texts(page: Page) -> list[str]:
    return page.locator("#lines .text").all_inner_texts()


def rotated_text(degrees: float) -> tuple[bytes, tuple[float, float]]:
    """An image with one rotated line, and the centre of the line as a fraction of the size."""
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
        expect(page.locator("#lines .text")).to_have_text(["TEST"])
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
        expect(page.locator("#lines .text")).to_have_text(["TEST"])

    @pytest.mark.parametrize("shapes", ["rectangle", "polygon"])
    def test_rotated_text_is_shown_where_it_is(self, page: Page, shapes: str) -> None:
        content, (x, y) = rotated_text(20)
        page.select_option("#shapes", shapes)
        drop(page, "rotated.png", content)
        expect(page.locator("#regions text")).to_have_text([re.compile("HELLO.?WORLD.?42")])
        image, region = box(page, "#image"), box(page, "#regions polygon")
        text = box(page, "#regions text")
        for shape in (region, text):
            centre = shape["x"] + shape["width"] / 2, shape["y"] + shape["height"] / 2
            assert centre[0] == pytest.approx(image["x"] + x * image["width"], abs=12)
            assert centre[1] == pytest.approx(image["y"] + y * image["height"], abs=12)
        angle = float(re.findall(r"rotate\((.*?)\)", attribute(page, "#regions text", "transform"))[0])
        assert angle == pytest.approx(20, abs=3)

    def test_a_drawn_box_is_read(self, page: Page) -> None:
        drop(page, "sign.jpg", (IMAGES / "eo_japanese.jpg").read_bytes())
        expect(page.locator("#tip")).to_be_visible()
        before = line_texts(page)
        sheet = box(page, "#regions")
        # A photo of a sign: this line is at 17 to 82 % of the width and 37 to 54 % of the height.
        page.mouse.move(sheet["x"] + 0.17 * sheet["width"], sheet["y"] + 0.37 * sheet["height"])
        page.mouse.down()
        page.mouse.move(sheet["x"] + 0.82 * sheet["width"], sheet["y"] + 0.54 * sheet["height"])
        page.mouse.up()
        expect(page.locator("#lines .drawn .text")).to_have_text(["NO LITTER"])
        assert line_texts(page) == [*before, "NO LITTER"]

    def test_a_file_that_cannot_be_read_shows_a_reason(self, page: Page) -> None:
        drop(page, "broken.png", b"no image")
        expect(page.locator("#problem")).to_have_text(
            re.compile(r"^The file is neither a PDF nor an image .*\.$")
        )
        drop(page, "large.png", b"\x00" * 200_000)
        expect(page.locator("#problem")).to_have_text(
            "The file is too large: a request may have at most 200,000 bytes (OCR_MAX_REQUEST_BYTES)."
        )
        drop(page, "a.png", (IMAGES / "issue_170.png").read_bytes())
        expect(page.locator("#lines .text")).to_have_text(["TEST"])
        expect(page.locator("#problem")).to_be_hidden()

    def test_a_format_that_browsers_cannot_show_is_read_too(self, page: Page) -> None:
        with Image.open(IMAGES / "issue_170.png") as image:
            drop(page, "a.tiff", saved(image.convert("L"), "TIFF", compression="tiff_lzw"))
        expect(page.locator("#lines .text")).to_have_text(["TEST"])
        expect(page.locator("#regions text")).to_be_visible()

    def test_the_active_settings_are_shown(self, page: Page) -> None:
        page.locator("#active summary").click()
        expect(page.locator("#settings dt", has_text="PADDLEOCR_LANG")).to_be_visible()
        expect(page.locator("#settings dd").first).to_contain_text("PP-OCRv6-ch-mobile-")

    def test_the_keyboard_reaches_everything(self, page: Page) -> None:
        reached = set()
        for _ in range(8):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert reached >= {"file", "shapes", "over", "SUMMARY"}


def box(page: Page, selector: str) -> dict[str, float]:
    bounding_box: Any = page.locator(selector).bounding_box()
    return bounding_box


def attribute(page: Page, selector: str, name: str) -> str:
    return page.locator(selector).get_attribute(name) or ""
