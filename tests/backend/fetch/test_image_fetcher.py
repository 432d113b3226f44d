import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.image_cache import ImageCache
from ocr_backend.fetch.image_fetcher import Fetcher
from ocr_backend.fetch.image_source import Inline, OnDisk, Remote
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import Reply, ScriptedServer

CONTENT = b"content" * 1000
Make = Callable[..., Fetcher]


@pytest.fixture
def make(settings: Callable[..., Settings]) -> Iterator[Make]:
    fetchers = []

    def made(**changed: object) -> Fetcher:
        fetchers.append(Fetcher(settings(**changed), threads=4))
        return fetchers[-1]

    yield made
    for fetcher in fetchers:
        fetcher.close()


def fetch(fetcher: Fetcher, *urls: str, seconds: float = 30) -> bytes:
    return fetcher.fetch(Remote(urls), time.monotonic() + seconds)


def failure(fetcher: Fetcher, *urls: str) -> tuple[str, str]:
    with pytest.raises(ImageError) as failed:
        fetch(fetcher, *urls)
    return failed.value.outcome, str(failed.value)


def test_an_image_may_take_no_longer_than_the_setting_says(dripping: ScriptedServer, make: Make) -> None:
    url = dripping.on("/a.png", lambda handler: dripping.pause.wait(30))  # type: ignore[attr-defined]
    assert failure(make(fetch_timeout_seconds=0.2), url) == (
        "unreachable",
        f"{url} took too long (OCR_FETCH_TIMEOUT)",
    )


class TestKeptImages:
    """What is in the cache is not asked for again."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> ImageCache:
        return ImageCache(tmp_path / "images", 10**7, 600)

    @pytest.fixture
    def keeping(
        self, cache: ImageCache, settings: Callable[..., Settings]
    ) -> Iterator[Callable[..., Fetcher]]:
        fetchers = []

        def made(**changed: object) -> Fetcher:
            fetchers.append(Fetcher(settings(**changed), threads=4, cache=cache))
            return fetchers[-1]

        yield made
        for fetcher in fetchers:
            fetcher.close()

    def test_an_image_is_asked_for_once(self, web: ScriptedServer, keeping: Make) -> None:
        url = web.serve("/a.png", CONTENT) + "?size=full"
        assert [fetch(keeping(), url) for _ in range(3)] == [CONTENT] * 3
        assert len(web.asked) == 1

    @pytest.mark.parametrize("said", ["no-store", "private, max-age=0", "no-cache"])
    def test_a_host_may_forbid_it(self, web: ScriptedServer, keeping: Make, said: str) -> None:
        url = web.on("/a.png", Reply(CONTENT, headers={"Cache-Control": said}))
        assert [fetch(keeping(), url) for _ in range(2)] == [CONTENT] * 2
        assert len(web.asked) == 2

    def test_only_whole_images_are_kept(self, web: ScriptedServer, keeping: Make) -> None:
        for reply in (Reply(b"", 404), Reply(b"", 206), Reply(b"ab", headers={"Content-Length": "9"})):

            def script(handler: BaseHTTPRequestHandler, reply: Reply = reply) -> None:
                reply(handler)
                handler.close_connection = True

            failure(keeping(), web.on("/a.png", script))
        assert fetch(keeping(), web.serve("/a.png", CONTENT)) == CONTENT

    def test_presigned_addresses_are_kept_under_the_one_that_was_asked_for(
        self, web: ScriptedServer, other_web: ScriptedServer, keeping: Make
    ) -> None:
        there = other_web.serve("/bucket/a.png", CONTENT)
        forbidden = {"Location": there + "?signature=1", "Cache-Control": "no-store, max-age=60"}
        url = web.on("/tasks/1/presign/", Reply(b"", 303, forbidden))
        fetcher = keeping(label_studio_url=web.url, label_studio_api_key="0123abc")
        assert [fetch(fetcher, url) for _ in range(2)] == [CONTENT] * 2
        assert (len(web.asked), len(other_web.asked)) == (1, 1)
        other_web.on("/bucket/a.png", Reply(b"", 403))
        assert failure(fetcher, there + "?signature=1")[0] == "unreachable"

    def test_who_may_not_fetch_it_gets_none(self, web: ScriptedServer, keeping: Make) -> None:
        def guarded(handler: BaseHTTPRequestHandler) -> None:
            is_right = handler.headers.get("Authorization") in ("Basic bWU6cEBzcw==", "Token 0123abc")
            (Reply(CONTENT) if is_right else Reply(b"no", 401))(handler)

        url = web.on("/a.png", guarded)
        source, later = Remote((url,)), time.monotonic() + 30
        assert keeping().fetch(source, later, Credentials("me", "p@ss")) == CONTENT
        for stranger in (None, Credentials("me", ""), Credentials("you", "p@ss")):
            with pytest.raises(ImageError, match="answered 401"):
                keeping().fetch(source, later, stranger)
        assert fetch(keeping(label_studio_url=web.url, label_studio_api_key="0123abc"), url) == CONTENT
        for key in ("", "0123abd"):
            assert (
                failure(keeping(label_studio_url=web.url, label_studio_api_key=key), url)[0] == "unreachable"
            )

    def test_what_was_no_image_is_fetched_anew(self, web: ScriptedServer, keeping: Make) -> None:
        source = Remote((web.serve("/a.png", b"broken"),))
        for where in (source, OnDisk("a.png", source)):
            fetcher = keeping(local_files_document_root="/nowhere/at/all")
            assert fetcher.fetch(where, time.monotonic() + 30) == b"broken"
            fetcher.forget(where)
        assert len(web.asked) == 2
        keeping().forget(Inline(b"broken"))

    def test_what_is_kept_has_the_same_limit(self, web: ScriptedServer, keeping: Make) -> None:
        url = web.serve("/a.png", CONTENT)
        fetch(keeping(), url)
        assert failure(keeping(max_image_bytes=6999), url)[0] == "refused"

    def test_threads_that_want_the_same_ask_for_it_once(self, web: ScriptedServer, keeping: Make) -> None:
        together = threading.Barrier(8)
        fetcher = keeping()
        url = web.serve("/a.png", CONTENT)

        def fetched(_: int) -> bytes:
            together.wait(timeout=10)
            return fetch(fetcher, url)

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(fetched, range(8))) == {CONTENT}
        assert len(web.asked) == 1

    def test_who_waits_for_another_thread_waits_no_longer_than_it_may(
        self, dripping: ScriptedServer, keeping: Make
    ) -> None:
        pause = dripping.pause  # type: ignore[attr-defined]
        url = dripping.on("/a.png", lambda handler: (pause.wait(30), Reply(CONTENT)(handler))[1])
        fetcher = keeping()
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(fetch, fetcher, url)
            while not dripping.asked:
                pause.wait(0.01)
            with pytest.raises(ImageError, match="took too long"):
                fetch(fetcher, url, seconds=0.1)
            pause.set()
            assert first.result(timeout=30) == CONTENT


def test_an_image_in_the_task_itself_has_the_same_limit(make: Make) -> None:
    fetcher = make(max_image_bytes=2000)
    assert fetcher.fetch(Inline(b"x" * 2000), 0) == b"x" * 2000
    with pytest.raises(ImageError, match="more than 2000 bytes"):
        fetcher.fetch(Inline(b"x" * 2001), 0)


class TestFilesOnDisk:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "outside.png").write_bytes(b"secret")
        root = tmp_path / "files"
        (root / "a").mkdir(parents=True)
        (root / "a" / "b.png").write_bytes(CONTENT)
        (root / "inside.png").symlink_to(root / "a" / "b.png")
        (root / "leads-out.png").symlink_to(tmp_path / "outside.png")
        return root

    @pytest.mark.parametrize("path", ["a/b.png", "/a/b.png", "a/../a/./b.png", "inside.png"])
    def test_a_file_below_the_root_is_read(self, make: Make, root: Path, path: str) -> None:
        assert make(local_files_document_root=str(root)).fetch(OnDisk(path, None), 0) == CONTENT

    @pytest.mark.parametrize(
        "path", ["../outside.png", "a/../../outside.png", "leads-out.png", "/../outside.png"]
    )
    def test_a_path_that_leads_out_is_refused(self, make: Make, root: Path, path: str) -> None:
        with pytest.raises(ImageError, match="leads out of LOCAL_FILES_DOCUMENT_ROOT") as refused:
            make(local_files_document_root=str(root)).fetch(OnDisk(path, None), 0)
        assert refused.value.outcome == "refused"

    @pytest.mark.parametrize("path", ["missing.png", "a", "a/b.png/c"])
    def test_what_is_no_file_there_is_fetched_elsewhere(
        self, make: Make, root: Path, web: ScriptedServer, path: str
    ) -> None:
        fetcher = make(local_files_document_root=str(root))
        elsewhere = Remote((web.serve("/data/local-files/", b"elsewhere"),))
        assert fetcher.fetch(OnDisk(path, elsewhere), time.monotonic() + 30) == b"elsewhere"
        with pytest.raises(ImageError, match="not below LOCAL_FILES_DOCUMENT_ROOT"):
            fetcher.fetch(OnDisk(path, None), 0)

    @pytest.mark.parametrize("path", ["a/" * 3000, "a" * 300, "\x00"], ids=["long", "long name", "null byte"])
    def test_a_name_that_no_file_can_have_is_told_of(self, make: Make, root: Path, path: str) -> None:
        with pytest.raises(ImageError) as refused:
            make(local_files_document_root=str(root)).fetch(OnDisk(path, None), 0)
        assert refused.value.outcome == "unreachable"

    def test_a_file_on_disk_has_the_same_limit(self, make: Make, root: Path) -> None:
        fetcher = make(local_files_document_root=str(root), max_image_bytes=6999)
        with pytest.raises(ImageError, match="more than 6999 bytes"):
            fetcher.fetch(OnDisk("a/b.png", None), 0)
