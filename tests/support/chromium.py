"""The machine's own Chromium without a window, driven by playwright; installed from Debian if it is missing.

Knows no page: tests open theirs in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from ocr_cluster import debian

_PROGRAM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    # Nothing goes outside.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser until the end of the context; nothing of its pages is kept.

    Playwright's loop runs in the caller's thread until then, so nothing there can use asyncio meanwhile:
    make it for a module of tests, not for all.

    Raises:
        ClusterError: Chromium is not installed and cannot be from here; the message says what to run.
    """
    debian.ensure(["chromium"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_PROGRAM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
