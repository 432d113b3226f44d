"""The machine's Chromium without a window, controlled by playwright; installed from Debian if missing.

Tests open their own pages.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from ocr_cluster import debian

_PROGRAM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    # No connection to other machines.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser with an empty profile, until the end of the context.

    Until then Playwright's event loop runs in the caller's thread, which cannot use asyncio: use it for one
    module of tests, not for the session.

    Raises:
        ClusterError: Chromium is missing and cannot be installed; the message says what to run.
    """
    debian.ensure(["chromium"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_PROGRAM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
