"""Label Studio's labeling page in a browser, used as a person does.

Knows the page and nothing about the backend. JavaScript objects and classes are those of Label Studio 1.23.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from label_studio import LabelStudio
from rotated_lines import Pixels

Point = tuple[float, float]

_WINDOW = ViewportSize(width=1400, height=1800)  # px; two images below each other are visible
_SECONDS_TO_SHOW = 90  # measured: 6 s on two busy cores
_TIPS = "**/heidi-tips*"  # Label Studio would download them
_IS_SHOWN = """
([images, regions]) => window.Htx?.annotationStore?.selected?.regions.length === regions
    && window.Konva?.stages.filter(stage => stage.findOne("Image")).length === images
"""
_ALL_IS_PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_ROW = "[data-testid=table-row]"
_IMAGE = ".konvajs-content"
_SMART_TOOL = ".lsf-tool_smart >> visible=true"
_SUBMIT = "button[name=submit] >> visible=true"
_TEXT = "[data-testid=textarea-region-textarea]"
_HAS_TEXT = f"() => [...document.querySelectorAll('{_TEXT}')].some(area => area.value)"


class LabelingPage:
    """A page of a signed-in user. Images are counted from 0, in the order of the task."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = url

    def open(self, project: int, task: int, regions: int, images: int = 1) -> None:
        """Opens a task from the Data Manager's list; waits for these numbers of images and regions."""
        # Not by the task's URL: when the list loads later, it may remove the predictions.
        self._page.goto(f"{self._url}/projects/{project}/data")
        row = self._page.locator(_ROW, has=self._page.get_by_label(f"Select Task {task}", exact=True))
        row.get_by_text(str(task), exact=True).first.click()
        self._page.wait_for_function(_IS_SHOWN, arg=[images, regions])
        self._page.evaluate(_ALL_IS_PAINTED)

    def screenshot(self, image: int = 0) -> Pixels:
        """A screenshot of an image with its regions."""
        with Image.open(BytesIO(self._page.locator(_IMAGE).nth(image).screenshot())) as screenshot:
            return np.asarray(screenshot.convert("RGB"))

    def texts(self) -> list[str]:
        """The texts of the regions, in the order of their list."""
        return [area.input_value() for area in self._page.locator(_TEXT).all()]

    def rewrite(self, text: str, replacement: str) -> None:
        """Replaces the text of a region in the list."""
        area = self._page.locator(_TEXT).nth(self.texts().index(text))
        area.fill(replacement)
        area.blur()

    def submit(self) -> None:
        """Submits the annotation, and waits until Label Studio has stored it."""
        with self._page.expect_response(lambda response: "/annotations" in response.url):
            self._page.locator(_SUBMIT).first.click()

    def annotate_automatically(self) -> None:
        """Turns on Auto-Annotation and Auto-Accept Suggestions, and selects the smart tool for boxes."""
        self._page.get_by_text("Auto-Annotation").click()
        self._page.get_by_text("Auto-Accept Suggestions").click()
        self._page.locator(_SMART_TOOL).click()

    def draw_box(self, label: str, begin: Point, end: Point, image: int = 0) -> None:
        """Draws a box with a label between two corners, in parts (0..1) of an image, and waits for a text."""
        self._page.locator("[class*=label]").get_by_text(label, exact=True).nth(image).click()
        box = self._page.locator(_IMAGE).nth(image).bounding_box()
        if box is None:
            raise ValueError(f"image {image} is not visible")
        first, last = (
            (box["x"] + across * box["width"], box["y"] + down * box["height"])
            for across, down in (begin, end)
        )
        self._page.mouse.move(*first)
        self._page.mouse.down()
        self._page.mouse.move(*last, steps=10)
        self._page.mouse.up()
        self._page.wait_for_function(_HAS_TEXT)


@contextmanager
def signed_in(browser: Browser, label_studio: LabelStudio) -> Iterator[LabelingPage]:
    """The page of the user after signing in, until the end of the context."""
    with browser.new_context(viewport=_WINDOW) as context:
        context.set_default_timeout(_SECONDS_TO_SHOW * 1000)
        context.route(_TIPS, lambda route: route.abort())
        page = context.new_page()
        page.goto(f"{label_studio.url}/user/login")
        page.fill("[name=email]", label_studio.user)
        page.fill("[name=password]", label_studio.password)
        page.click("[type=submit]")
        page.wait_for_url(lambda url: "/user/login" not in url)
        yield LabelingPage(page, label_studio.url)
