import base64

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.image_source import Inline, OnDisk, Remote, shown, source_of

LS = "https://ls.example/studio"
AT_LS = Settings(label_studio_url=LS + "/")


def presigned(uri: str, task: object = 5) -> Remote:
    name = base64.urlsafe_b64encode(uri.encode()).decode()
    return Remote((f"{LS}/tasks/{task}/presign/?fileuri={name}",), "cloud_storage")


UPLOAD = Remote(
    (f"{LS}/data/upload/1/a b.png", f"{LS}/storage-data/uploaded/?filepath=upload/1/a%20b.png"),
    "label_studio",
)


def at_label_studio(path: str) -> Remote:
    return Remote((LS + path,), "label_studio")


@pytest.mark.parametrize(
    ("value", "source"),
    [
        pytest.param(
            "https://web.example/a.png?x=1#f", Remote(("https://web.example/a.png?x=1#f",)), id="https"
        ),
        pytest.param(
            " HTTP://web.example/a.png\n", Remote(("HTTP://web.example/a.png",)), id="blanks and case"
        ),
        pytest.param("/data/upload/1/a b.png", UPLOAD, id="upload"),
        pytest.param("data/upload/1/a b.png", UPLOAD, id="upload, relative"),
        pytest.param("/upload/1/a b.png", UPLOAD, id="upload, short"),
        pytest.param("upload/1/a b.png", UPLOAD, id="upload, as stored"),
        pytest.param("/studio/data/upload/1/a b.png", UPLOAD, id="upload, with Label Studio's prefix"),
        pytest.param("/a/b/data/upload/1/a b.png", UPLOAD, id="upload, with another prefix"),
        pytest.param(
            "/data/local-files/?d=a/b%20c.png",
            at_label_studio("/data/local-files/?d=a/b%20c.png"),
            id="local files",
        ),
        pytest.param(
            "/studio/data/local-files/?d=/x/data/upload/y",
            at_label_studio("/data/local-files/?d=/x/data/upload/y"),
            id="local files, with prefix",
        ),
        pytest.param(
            "/tasks/5/resolve/?fileuri=eA==", at_label_studio("/tasks/5/resolve/?fileuri=eA=="), id="resolved"
        ),
        pytest.param(
            "/studio/tasks/5/resolve/?fileuri=eA==",
            at_label_studio("/tasks/5/resolve/?fileuri=eA=="),
            id="resolved, with prefix",
        ),
        pytest.param(
            f"{LS}/data/upload/1/a.png", at_label_studio("/data/upload/1/a.png"), id="URL of Label Studio"
        ),
        pytest.param(LS, Remote((LS,), "label_studio"), id="Label Studio itself"),
        pytest.param(
            "https://ls.example/data/upload/1/a.png",
            Remote(("https://ls.example/data/upload/1/a.png",)),
            id="URL beside Label Studio",
        ),
        pytest.param("s3://bucket/ä/b.png", presigned("s3://bucket/ä/b.png"), id="s3"),
        pytest.param("gs://bucket/b.png", presigned("gs://bucket/b.png"), id="gs"),
        pytest.param("azure-blob://c/b.png", presigned("azure-blob://c/b.png"), id="azure"),
        pytest.param("data:image/png;base64,aGVs bG8=", Inline(b"hello"), id="data, base64"),
        pytest.param("data:image/png;base64,aGVsbG8%3D", Inline(b"hello"), id="data, quoted base64"),
        pytest.param("data:text/plain,he%6Clo", Inline(b"hello"), id="data, quoted"),
    ],
)
def test_each_kind_of_address_is_found(value: str, source: object) -> None:
    assert source_of(value, 5, AT_LS) == source


def test_local_files_are_looked_for_on_disk_first_where_the_folder_is_known() -> None:
    value = "/data/local-files/?d=a%2Fb.png"
    on_disk = Settings(label_studio_url=LS, local_files_document_root="/files")
    for written in (value, "/studio" + value, LS + value):
        assert source_of(written, 5, on_disk) == OnDisk("a/b.png", at_label_studio(value))
    assert source_of(value, 5, Settings(local_files_document_root="/files")) == OnDisk("a/b.png", None)


def test_a_source_tells_its_kind() -> None:
    kinds = {
        "data:,x": "inline",
        "/data/local-files/?d=a.png": "local_file",
        "/data/upload/1/a.png": "label_studio",
        "gs://bucket/a.png": "cloud_storage",
        "https://web.example/a.png": "url",
    }
    settings = Settings(label_studio_url=LS, local_files_document_root="/files")
    assert {value: source_of(value, 5, settings).kind for value in kinds} == kinds


@pytest.mark.parametrize(
    ("value", "task", "outcome", "reason"),
    [
        pytest.param("ftp://web.example/a.png", 1, "refused", "the scheme 'ftp' is not supported", id="ftp"),
        pytest.param("file:///etc/passwd", 1, "refused", "the scheme 'file' is not supported", id="file"),
        pytest.param("a.png", 1, "refused", "neither a URL nor a path of Label Studio", id="bare name"),
        pytest.param("//web.example/a.png", 1, "refused", "neither a URL nor a path", id="no scheme"),
        pytest.param("C:\\a.png", 1, "refused", "the scheme 'c' is not supported", id="drive"),
        pytest.param("", 1, "refused", "the image's address is empty", id="empty"),
        pytest.param("  ", 1, "refused", "the image's address is empty", id="blank"),
        pytest.param(None, 1, "refused", "is empty", id="null"),
        pytest.param(7, 1, "refused", "is a int", id="number"),
        pytest.param({"url": "x"}, 1, "refused", "is a dict", id="object"),
        pytest.param(
            "s3://bucket/a.png", None, "refused", "only with the id of its task", id="s3 without task"
        ),
        pytest.param(
            "s3://bucket/a.png", "../1", "refused", "only with the id of its task", id="odd task id"
        ),
        pytest.param("data:image/png;base64", 1, "broken", "no comma", id="data without content"),
        pytest.param("data:image/png;base64,a!", 1, "broken", "not base64", id="data, not base64"),
    ],
)
def test_other_addresses_are_refused_with_a_reason(
    value: object, task: object, outcome: str, reason: str
) -> None:
    with pytest.raises(ImageError, match=reason) as refused:
        source_of(value, task, AT_LS)
    assert refused.value.outcome == outcome


@pytest.mark.parametrize("value", ["/data/upload/1/a.png", "/data/local-files/?d=a.png", "s3://bucket/a.png"])
def test_what_lies_in_label_studio_needs_its_address(value: str) -> None:
    with pytest.raises(ImageError, match="set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY"):
        source_of(value, 5, Settings())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://user:secret@web.example:8443/a/b.png?token=1#x", "https://web.example:8443/a/b.png"),
        ("http://[::1", "a URL that cannot be read"),
        ("http://web.example:port/", "a URL that cannot be read"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, said: str) -> None:
    assert shown(url) == said
