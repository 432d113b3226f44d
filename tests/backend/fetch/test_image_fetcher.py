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
from ocr_backend.fetch.image_fetcher import ImageFetcher
from ocr_backend.fetch.image_source import InlineFile, LocalFile, RemoteFile
from ocr_backend.system.basic_credentials import Credentials
from scripted_server import Reply, ScriptedServer

CONTENT = b"content" * 1000
MakeFetcher = Callable[..., ImageFetcher]


@pytest.fixture
def make_fetcher(settings: Callable[..., Settings]) -> Iterator[MakeFetcher]:
    fetchers = []

    def create(**changed: object) -> ImageFetcher:
        fetchers.append(ImageFetcher(settings(**changed), threads=4))
        return fetchers[-1]

    yield create
    for fetcher in fetchers:
        fetcher.close()


def fetch(fetcher: ImageFetcher, *urls: str, seconds: float = 30) -> bytes:
    return fetcher.fetch(RemoteFile(urls), time.monotonic() + seconds)


def failure(fetcher: ImageFetcher, *urls: str) -> tuple[str, str]:
    with pytest.raises(ImageError) as failed:
        fetch(fetcher, *urls)
    return failed.value.outcome, str(failed.value)


def test_a_download_ends_after_the_timeout(dripping: ScriptedServer, make_fetcher: MakeFetcher) -> None:
    url = dripping.on("/a.png", lambda handler: dripping.pause.wait(30))  # type: ignore[attr-defined]
    assert failure(make_fetcher(fetch_timeout_seconds=0.2), url) == (
        "unreachable",
        f"{url} took too long (OCR_FETCH_TIMEOUT)",
    )


class TestCachedImages:
    """A cached file is not downloaded again."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> ImageCache:
        return ImageCache(tmp_path / "images", 10**7, 600)

    @pytest.fixture
    def caching_fetcher(
        self, cache: ImageCache, settings: Callable[..., Settings]
    ) -> Iterator[Callable[..., ImageFetcher]]:
        fetchers = []

        def create(**changed: object) -> ImageFetcher:
            fetchers.append(ImageFetcher(settings(**changed), threads=4, cache=cache))
            return fetchers[-1]

        yield create
        for fetcher in fetchers:
            fetcher.close()

    def test_an_image_is_downloaded_once(self, web: ScriptedServer, caching_fetcher: MakeFetcher) -> None:
        url = web.serve("/a.png", CONTENT) + "?size=full"
        assert [fetch(caching_fetcher(), url) for _ in range(3)] == [CONTENT] * 3
        assert len(web.requests) == 1

    @pytest.mark.parametrize("cache_control", ["no-store", "private, max-age=0", "no-cache"])
    def test_a_host_may_forbid_caching(
        self, web: ScriptedServer, caching_fetcher: MakeFetcher, cache_control: str
    ) -> None:
        url = web.on("/a.png", Reply(CONTENT, headers={"Cache-Control": cache_control}))
        assert [fetch(caching_fetcher(), url) for _ in range(2)] == [CONTENT] * 2
        assert len(web.requests) == 2

    def test_only_complete_images_are_cached(self, web: ScriptedServer, caching_fetcher: MakeFetcher) -> None:
        for reply in (Reply(b"", 404), Reply(b"", 206), Reply(b"ab", headers={"Content-Length": "9"})):

            def script(handler: BaseHTTPRequestHandler, reply: Reply = reply) -> None:
                reply(handler)
                handler.close_connection = True

            failure(caching_fetcher(), web.on("/a.png", script))
        assert fetch(caching_fetcher(), web.serve("/a.png", CONTENT)) == CONTENT

    def test_a_presigned_image_is_cached_under_the_requested_url(
        self, web: ScriptedServer, other_web: ScriptedServer, caching_fetcher: MakeFetcher
    ) -> None:
        target = other_web.serve("/bucket/a.png", CONTENT)
        no_store = {"Location": target + "?signature=1", "Cache-Control": "no-store, max-age=60"}
        url = web.on("/tasks/1/presign/", Reply(b"", 303, no_store))
        fetcher = caching_fetcher(label_studio_url=web.url, label_studio_api_key="0123abc")
        assert [fetch(fetcher, url) for _ in range(2)] == [CONTENT] * 2
        assert (len(web.requests), len(other_web.requests)) == (1, 1)
        other_web.on("/bucket/a.png", Reply(b"", 403))
        assert failure(fetcher, target + "?signature=1")[0] == "unreachable"

    def test_other_credentials_get_no_cached_image(
        self, web: ScriptedServer, caching_fetcher: MakeFetcher
    ) -> None:
        def guarded(handler: BaseHTTPRequestHandler) -> None:
            is_valid = handler.headers.get("Authorization") in ("Basic bWU6cEBzcw==", "Token 0123abc")
            (Reply(CONTENT) if is_valid else Reply(b"no", 401))(handler)

        url = web.on("/a.png", guarded)
        source, deadline = RemoteFile((url,)), time.monotonic() + 30
        assert caching_fetcher().fetch(source, deadline, Credentials("me", "p@ss")) == CONTENT
        for other in (None, Credentials("me", ""), Credentials("you", "p@ss")):
            with pytest.raises(ImageError, match="answered 401"):
                caching_fetcher().fetch(source, deadline, other)
        assert (
            fetch(caching_fetcher(label_studio_url=web.url, label_studio_api_key="0123abc"), url) == CONTENT
        )
        for key in ("", "0123abd"):
            assert (
                failure(caching_fetcher(label_studio_url=web.url, label_studio_api_key=key), url)[0]
                == "unreachable"
            )

    def test_a_forgotten_file_is_downloaded_again(
        self, web: ScriptedServer, caching_fetcher: MakeFetcher
    ) -> None:
        source = RemoteFile((web.serve("/a.png", b"broken"),))
        for variant in (source, LocalFile("a.png", source)):
            fetcher = caching_fetcher(local_files_document_root="/nowhere/at/all")
            assert fetcher.fetch(variant, time.monotonic() + 30) == b"broken"
            fetcher.forget(variant)
        assert len(web.requests) == 2
        caching_fetcher().forget(InlineFile(b"broken"))

    def test_a_cached_file_has_the_same_size_limit(
        self, web: ScriptedServer, caching_fetcher: MakeFetcher
    ) -> None:
        url = web.serve("/a.png", CONTENT)
        fetch(caching_fetcher(), url)
        assert failure(caching_fetcher(max_image_bytes=6999), url)[0] == "refused"

    def test_threads_download_the_same_image_once(
        self, web: ScriptedServer, caching_fetcher: MakeFetcher
    ) -> None:
        barrier = threading.Barrier(8)
        fetcher = caching_fetcher()
        url = web.serve("/a.png", CONTENT)

        def fetched(_: int) -> bytes:
            barrier.wait(timeout=10)
            return fetch(fetcher, url)

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(fetched, range(8))) == {CONTENT}
        assert len(web.requests) == 1

    def test_waiting_for_another_thread_ends_at_the_deadline(
        self, dripping: ScriptedServer, caching_fetcher: MakeFetcher
    ) -> None:
        pause = dripping.pause  # type: ignore[attr-defined]
        url = dripping.on("/a.png", lambda handler: (pause.wait(30), Reply(CONTENT)(handler))[1])
        fetcher = caching_fetcher()
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(fetch, fetcher, url)
            while not dripping.requests:
                pause.wait(0.01)
            with pytest.raises(ImageError, match="took too long"):
                fetch(fetcher, url, seconds=0.1)
            pause.set()
            assert first.result(timeout=30) == CONTENT


def test_an_image_inside_the_task_has_the_same_size_limit(make_fetcher: MakeFetcher) -> None:
    fetcher = make_fetcher(max_image_bytes=2000)
    assert fetcher.fetch(InlineFile(b"x" * 2000), 0) == b"x" * 2000
    with pytest.raises(ImageError, match="more than 2000 bytes"):
        fetcher.fetch(InlineFile(b"x" * 2001), 0)


class TestLocalFiles:
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
    def test_a_file_below_the_root_is_read(self, make_fetcher: MakeFetcher, root: Path, path: str) -> None:
        assert make_fetcher(local_files_document_root=str(root)).fetch(LocalFile(path, None), 0) == CONTENT

    @pytest.mark.parametrize("path", ["a\\b.png", "C:\\a\\b.png", "c:/a/b.png", "\\a\\b.png"])
    def test_a_path_of_windows_is_read_too(self, make_fetcher: MakeFetcher, root: Path, path: str) -> None:
        assert make_fetcher(local_files_document_root=str(root)).fetch(LocalFile(path, None), 0) == CONTENT

    @pytest.mark.parametrize(
        "path",
        [
            "..\\outside.png",
            "C:\\..\\outside.png",
            "../outside.png",
            "a/../../outside.png",
            "leads-out.png",
            "/../outside.png",
        ],
    )
    def test_a_path_that_leads_out_is_refused(self, make_fetcher: MakeFetcher, root: Path, path: str) -> None:
        with pytest.raises(ImageError, match="leads out of LOCAL_FILES_DOCUMENT_ROOT") as refused:
            make_fetcher(local_files_document_root=str(root)).fetch(LocalFile(path, None), 0)
        assert refused.value.outcome == "refused"

    @pytest.mark.parametrize("path", ["missing.png", "a", "a/b.png/c"])
    def test_a_missing_file_is_fetched_from_its_fallback(
        self, make_fetcher: MakeFetcher, root: Path, web: ScriptedServer, path: str
    ) -> None:
        fetcher = make_fetcher(local_files_document_root=str(root))
        fallback = RemoteFile((web.serve("/data/local-files/", b"fallback"),))
        assert fetcher.fetch(LocalFile(path, fallback), time.monotonic() + 30) == b"fallback"
        with pytest.raises(ImageError, match="does not exist in LOCAL_FILES_DOCUMENT_ROOT"):
            fetcher.fetch(LocalFile(path, None), 0)

    @pytest.mark.parametrize("path", ["a/" * 3000, "a" * 300, "\x00"], ids=["long", "long name", "null byte"])
    def test_an_impossible_file_name_is_an_error(
        self, make_fetcher: MakeFetcher, root: Path, path: str
    ) -> None:
        with pytest.raises(ImageError) as refused:
            make_fetcher(local_files_document_root=str(root)).fetch(LocalFile(path, None), 0)
        assert refused.value.outcome == "unreachable"

    def test_a_local_file_has_the_same_size_limit(self, make_fetcher: MakeFetcher, root: Path) -> None:
        fetcher = make_fetcher(local_files_document_root=str(root), max_image_bytes=6999)
        with pytest.raises(ImageError, match="more than 6999 bytes"):
            fetcher.fetch(LocalFile("a/b.png", None), 0)
