"""Listings of each hub with its own API: tokens go to the hub only; the real clients accept the stand-ins."""

import hashlib
import io
import json
import shutil
import ssl
import tarfile

import pytest
import trustme

from loopback import ImageFiles, serving
from ocr_backend.models import manifests
from ocr_backend.models.hub import file_listing
from ocr_backend.models.hub.hub_candidates import HubOptions
from ocr_backend.models.hub.model_download import ensure_models
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError
from stand_in_hub import StandInHub
from stand_in_hubs import StandInGitea, StandInModelScope

NAMES = {"detection": "PP-OCRv6_small_det"}
PACKAGE = "PP-OCRv6_small_det_onnx"


@pytest.fixture
def folder(tmp_path):
    """A stand-in for an official folder: valid files with meaningless weights, which nothing here loads."""
    path = tmp_path / "hub" / PACKAGE
    path.mkdir(parents=True)
    (path / "inference.yml").write_text(json.dumps({"Global": {"model_name": NAMES["detection"]}}))
    (path / "inference.onnx").write_bytes(bytes(range(256)) * 1000)
    (path / "README.md").write_text("about it")
    return path


def serve(server_class, folder):
    server = server_class()
    server.put(folder)
    return serving(server)


def download(root, hub, mirror=""):
    return ensure_models(root, NAMES, ["onnx"], HubOptions(hub, mirror, ("onnx",)))["detection"]


def assert_same(folder, model):
    manifest = manifests.read(model.folder)
    assert {file.name for file in manifest.files} == {file.name for file in folder.iterdir()}
    for file in manifest.files:
        content = (folder / file.name).read_bytes()
        assert (model.folder / file.name).read_bytes() == content
        assert file.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("hub", "server_class", "variable", "token_variable", "header"),
    [
        ("modelscope", StandInModelScope, "MODELSCOPE_ENDPOINT", "MODELSCOPE_API_TOKEN", "Bearer secret"),
        ("aistudio", StandInGitea, "STUDIO_GIT_HOST", "AISTUDIO_ACCESS_TOKEN", "token secret"),
    ],
)
def test_every_other_hub_is_listed_with_its_own_api(
    root, folder, monkeypatch, caplog, hub, server_class, variable, token_variable, header
):
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="urllib3")  # as `logs.set_up` has it
    with serve(server_class, folder) as server:
        monkeypatch.setenv(variable, server.url)
        monkeypatch.setenv(token_variable, "secret")
        model = download(root, hub)
        assert_same(folder, model)
        assert manifests.read(model.folder).source == hub
        files = {file.name: file for file in file_listing.list_files(hub, PACKAGE, "").files}
        weights = files["inference.onnx"]
        assert (weights.algorithm, weights.size) == ("sha256", 256_000)
        assert server.authorizations == {header}
        with pytest.raises(ModelNotFoundError, match="does not exist"):
            file_listing.list_files(hub, "PP-OCRv9_onnx", "")
    assert "secret" not in caplog.text


@pytest.mark.usefixtures("outside")
def test_the_next_hub_is_asked_if_the_first_does_not_have_a_model(root, folder, monkeypatch):
    with serving(StandInHub()) as empty, serve(StandInModelScope, folder) as server:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
        assert_same(folder, download(root, "huggingface", empty.url))


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize("is_truncated", [False, True])
def test_an_archive_from_bos_is_unpacked(root, folder, monkeypatch, is_truncated):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, arcname=f"{PACKAGE}_infer")
    content = buffer.getvalue()
    with serving(ImageFiles()) as server:
        server.put(f"{PACKAGE}_infer.tar", content[: len(content) // 2] if is_truncated else content)
        monkeypatch.setattr(file_listing, "BOS_URL", server.url)
        if is_truncated:
            with pytest.raises(ModelMismatchError, match="is not a complete archive"):
                download(root, "bos")
            assert not (root / "official_models" / PACKAGE).exists()
        else:
            assert_same(folder, download(root, "bos"))


@pytest.mark.usefixtures("outside")
def test_a_token_is_sent_to_the_mirror_but_not_to_a_host_that_it_redirects_to(
    root, folder, monkeypatch, caplog
):
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="urllib3")  # as `logs.set_up` has it
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with serve(StandInHub, folder) as storage, serve(StandInHub, folder) as mirror:
        mirror.storage_url = storage.url
        assert_same(folder, download(root, "huggingface", mirror.url))
        assert mirror.authorizations == {"Bearer hf_secret"}
        assert storage.authorizations == {None}
        assert "secret" not in caplog.text


@pytest.mark.usefixtures("outside")
def test_a_password_in_the_mirrors_url_is_sent_but_never_shown(root, folder, caplog):
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="urllib3")  # as `logs.set_up` has it
    with serve(StandInHub, folder) as mirror:
        url = mirror.url.replace("http://", "http://me:pass%21word@")
        model = download(root, "huggingface", url)
        assert mirror.authorizations == {"Basic bWU6cGFzcyF3b3Jk"}
        assert manifests.read(model.folder).source == mirror.url
        mirror.folders.clear()
        shutil.rmtree(root)
        with pytest.raises(ModelError) as error:
            download(root, "huggingface", url)
    for text in (caplog.text, str(error.value)):
        assert "word@" not in text
        assert "pass%21" not in text
        assert "pass!" not in text


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\x"])
def test_a_listing_with_files_outside_the_folder_is_refused(name):
    with serving(ImageFiles()) as server:
        api = f"api/models/PaddlePaddle/{PACKAGE}"
        tree = [{"type": "file", "path": name, "size": 1, "oid": "0" * 40}]
        server.put(f"{api}/revision/main", b'{"sha": "1"}')
        server.put(f"{api}/tree/1?recursive=true", json.dumps(tree).encode())
        with pytest.raises(ModelMismatchError, match="outside its folder"):
            file_listing.list_files("huggingface", PACKAGE, server.url)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"sha": 1}', b"null"])
def test_a_response_that_is_not_a_listing_is_reported(content):
    with serving(ImageFiles()) as server:
        server.put(f"api/models/PaddlePaddle/{PACKAGE}/revision/main", content)
        with pytest.raises(ModelError, match="did not return a list of files|does not exist"):
            file_listing.list_files("huggingface", PACKAGE, server.url)


def download_with_huggingface_hub(url, target):
    from huggingface_hub import snapshot_download

    snapshot_download(f"PaddlePaddle/{PACKAGE}", local_dir=target, endpoint=url, token=False)


def download_with_modelscope(url, target):
    import modelscope

    modelscope.snapshot_download(repo_id=f"PaddlePaddle/{PACKAGE}", local_dir=target, endpoint=url)


def download_with_aistudio_sdk(url, target):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_GIT_HOST", url)
        from aistudio_sdk.snapshot_download import snapshot_download

        snapshot_download(repo_id=f"PaddleX/{PACKAGE}", local_dir=target)


@pytest.mark.usefixtures("outside")  # AI Studio's client reports its use
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("server_class", "client"),
    [
        (StandInHub, download_with_huggingface_hub),
        (StandInModelScope, download_with_modelscope),
        (StandInGitea, download_with_aistudio_sdk),
    ],
)
def test_the_real_clients_download_from_the_stand_ins(folder, tmp_path, server_class, client):
    with serve(server_class, folder) as server:
        client(server.url, tmp_path / "downloaded")
    for file in folder.iterdir():
        assert (tmp_path / "downloaded" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_mirror_with_a_private_certificate_authority_is_trusted_if_a_variable_names_it(
    root, folder, tmp_path, monkeypatch, outside, variable
):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with serve(StandInHub, folder) as mirror:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
        url = mirror.url.replace("http:", "https:")
        with pytest.raises(ModelError, match="has an untrusted certificate; set SSL_CERT_FILE"):
            download(root, "huggingface", url)
        assert "CONNECT git.aistudio.baidu.com:443" in outside.requests, (
            "the other hubs are asked through the proxy"
        )
        monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
        assert_same(folder, download(root, "huggingface", url))
