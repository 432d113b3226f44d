import base64

import pytest

from ocr_backend.config.settings import Settings
from ocr_backend.errors import ImageError
from ocr_backend.fetch.image_source import InlineFile, LocalFile, RemoteFile, parse_source

LS = "https://ls.example/studio"
AT_LS = Settings(label_studio_url=LS + "/")


JPEG = b"\xff\xd8\xff\xe0" + bytes(60)
PDF = b"%PDF-1.7" + bytes(60)


def presigned(uri: str, task: object = 5) -> RemoteFile:
    name = base64.urlsafe_b64encode(uri.encode()).decode()
    return RemoteFile((f"{LS}/tasks/{task}/presign/?fileuri={name}",), "cloud_storage")


UPLOAD = RemoteFile(
    (f"{LS}/data/upload/1/a b.png", f"{LS}/storage-data/uploaded/?filepath=upload/1/a%20b.png"),
    "label_studio",
)


def at_label_studio(path: str) -> RemoteFile:
    return RemoteFile((LS + path,), "label_studio")


@pytest.mark.parametrize(
    ("value", "source"),
    [
        pytest.param(
            "https://web.example/a.png?x=1#f", RemoteFile(("https://web.example/a.png?x=1#f",)), id="https"
        ),
        pytest.param(
            " HTTP://web.example/a.png\n", RemoteFile(("HTTP://web.example/a.png",)), id="blanks and case"
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
        pytest.param(LS, RemoteFile((LS,), "label_studio"), id="Label Studio itself"),
        pytest.param(
            "https://ls.example/images/1/a.png",
            RemoteFile(("https://ls.example/images/1/a.png",)),
            id="URL beside Label Studio",
        ),
        pytest.param("s3://bucket/ä/b.png", presigned("s3://bucket/ä/b.png"), id="s3"),
        pytest.param("gs://bucket/b.png", presigned("gs://bucket/b.png"), id="gs"),
        pytest.param("azure-blob://c/b.png", presigned("azure-blob://c/b.png"), id="azure"),
        pytest.param("data:image/png;base64,aGVs bG8=", InlineFile(b"hello"), id="data, base64"),
        pytest.param("data:image/png;base64,aGVsbG8%3D", InlineFile(b"hello"), id="data, quoted base64"),
        pytest.param("data:text/plain,he%6Clo", InlineFile(b"hello"), id="data, quoted"),
        pytest.param(
            "DATA:image/png;charset=utf-8;BASE64,aGVsbG8", InlineFile(b"hello"), id="data, no padding"
        ),
        pytest.param("data:image/png; base64 ,aGVs\n bG8=", InlineFile(b"hello"), id="data, white space"),
        pytest.param("data:;base64,-_-_", InlineFile(b"\xfb\xff\xbf"), id="data, URL-safe alphabet"),
        pytest.param("data:;base64,%2B/%2B/", InlineFile(b"\xfb\xff\xbf"), id="data, quoted alphabet"),
        pytest.param(base64.b64encode(JPEG).decode(), InlineFile(JPEG), id="base64 without data:"),
        pytest.param(base64.b64encode(PDF).decode().rstrip("="), InlineFile(PDF), id="base64 of a PDF"),
        pytest.param(
            "http://localhost:8080/data/upload/1/a.png?x=1",
            RemoteFile(
                (f"{LS}/data/upload/1/a.png?x=1", "http://localhost:8080/data/upload/1/a.png?x=1"),
                "label_studio",
            ),
            id="Label Studio's public address",
        ),
        pytest.param(
            "https://public.example/label/tasks/5/presign/?fileuri=eA==",
            RemoteFile(
                (
                    f"{LS}/tasks/5/presign/?fileuri=eA==",
                    "https://public.example/label/tasks/5/presign/?fileuri=eA==",
                ),
                "label_studio",
            ),
            id="Label Studio's public address with a prefix",
        ),
    ],
)
def test_each_kind_of_value_has_its_source(value: str, source: object) -> None:
    assert parse_source(value, 5, AT_LS) == source


def test_local_files_are_read_from_local_files_document_root_first() -> None:
    value = "/data/local-files/?d=a%2Fb.png"
    on_disk = Settings(label_studio_url=LS, local_files_document_root="/files")
    for written in (value, "/studio" + value, LS + value):
        assert parse_source(written, 5, on_disk) == LocalFile("a/b.png", at_label_studio(value))
    assert parse_source(value, 5, Settings(local_files_document_root="/files")) == LocalFile("a/b.png", None)


def test_local_files_under_label_studios_public_address_are_read_from_the_root_too() -> None:
    value = "http://localhost:8080/data/local-files/?d=a%2Fb.png"
    on_disk = Settings(label_studio_url=LS, local_files_document_root="/files")
    urls = (f"{LS}/data/local-files/?d=a%2Fb.png", value)
    assert parse_source(value, 5, on_disk) == LocalFile("a/b.png", RemoteFile(urls, "label_studio"))
    only_on_disk = Settings(local_files_document_root="/files")
    assert parse_source(value, 5, only_on_disk) == LocalFile("a/b.png", RemoteFile((value,)))
    assert parse_source(value, 5, Settings()) == RemoteFile((value,))


def test_a_source_has_a_kind() -> None:
    kinds = {
        "data:,x": "inline",
        "/data/local-files/?d=a.png": "local_file",
        "/data/upload/1/a.png": "label_studio",
        "gs://bucket/a.png": "cloud_storage",
        "https://web.example/a.png": "url",
    }
    settings = Settings(label_studio_url=LS, local_files_document_root="/files")
    assert {value: parse_source(value, 5, settings).kind for value in kinds} == kinds


@pytest.mark.parametrize(
    ("value", "task", "outcome", "reason"),
    [
        pytest.param("ftp://web.example/a.png", 1, "refused", "the scheme 'ftp' is not supported", id="ftp"),
        pytest.param("file:///etc/passwd", 1, "refused", "the scheme 'file' is not supported", id="file"),
        pytest.param("a.png", 1, "refused", "neither a URL nor a path of Label Studio", id="bare name"),
        pytest.param("//web.example/a.png", 1, "refused", "neither a URL nor a path", id="no scheme"),
        pytest.param("C:\\a.png", 1, "refused", "the scheme 'c' is not supported", id="drive"),
        pytest.param("", 1, "refused", "the image's URL is empty", id="empty"),
        pytest.param("  ", 1, "refused", "the image's URL is empty", id="blank"),
        pytest.param(None, 1, "refused", "is empty", id="null"),
        pytest.param(7, 1, "refused", "is of type int", id="number"),
        pytest.param({"url": "x"}, 1, "refused", "is of type dict", id="object"),
        pytest.param("s3://bucket/a.png", None, "refused", "the task has no id", id="s3 without task"),
        pytest.param("s3://bucket/a.png", "../1", "refused", "the task has no id", id="odd task id"),
        pytest.param("data:image/png;base64", 1, "broken", "no comma", id="data without content"),
        pytest.param("data:image/png;base64,a!", 1, "broken", "not base64", id="data, not base64"),
    ],
)
def test_other_values_are_refused_with_a_reason(
    value: object, task: object, outcome: str, reason: str
) -> None:
    with pytest.raises(ImageError, match=reason) as refused:
        parse_source(value, task, AT_LS)
    assert refused.value.outcome == outcome


@pytest.mark.parametrize("value", ["/data/upload/1/a.png", "/data/local-files/?d=a.png", "s3://bucket/a.png"])
def test_an_image_in_label_studio_needs_label_studio_url(value: str) -> None:
    with pytest.raises(ImageError, match="set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY"):
        parse_source(value, 5, Settings())
