"""What hubs list and send: each hub in its own layout, tokens for it alone, and the real clients agree."""

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
from ocr_backend.models.hub.model_download import Hub, fetched
from ocr_backend.models.model_errors import ModelError, ModelMismatchError, ModelNotFoundError
from stand_in_hub import StandInHub
from stand_in_hubs import StandInGitea, StandInModelScope

NAMES = {"detection": "PP-OCRv6_small_det"}
PACKAGE = "PP-OCRv6_small_det_onnx"


@pytest.fixture
def folder(tmp_path):
    """A stand-in for an official folder: right files, meaningless weights, which nothing here loads."""
    at = tmp_path / "hub" / PACKAGE
    at.mkdir(parents=True)
    (at / "inference.yml").write_text(json.dumps({"Global": {"model_name": NAMES["detection"]}}))
    (at / "inference.onnx").write_bytes(bytes(range(256)) * 1000)
    (at / "README.md").write_text("about it")
    return at


@pytest.fixture
def root(tmp_path):
    return tmp_path / "models"


def served(kind, folder):
    server = kind()
    server.put(folder)
    return serving(server)


def bring(root, hub, mirror=""):
    return fetched(root, NAMES, ["onnx"], Hub(hub, mirror, ("onnx",)))["detection"]


def assert_same(folder, model):
    manifest = manifests.of_folder(model.folder)
    assert {file.name for file in manifest.files} == {file.name for file in folder.iterdir()}
    for file in manifest.files:
        content = (folder / file.name).read_bytes()
        assert (model.folder / file.name).read_bytes() == content
        assert file.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize(
    ("hub", "kind", "variable", "token", "sent"),
    [
        ("modelscope", StandInModelScope, "MODELSCOPE_ENDPOINT", "MODELSCOPE_API_TOKEN", "Bearer secret"),
        ("aistudio", StandInGitea, "STUDIO_GIT_HOST", "AISTUDIO_ACCESS_TOKEN", "token secret"),
    ],
)
def test_the_other_hubs_are_asked_in_their_own_way(
    root, folder, monkeypatch, caplog, hub, kind, variable, token, sent
):
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="urllib3")  # as `logs.set_up` has it
    with served(kind, folder) as server:
        monkeypatch.setenv(variable, server.url)
        monkeypatch.setenv(token, "secret")
        model = bring(root, hub)
        assert_same(folder, model)
        assert manifests.of_folder(model.folder).source == hub
        listed = {file.name: file for file in file_listing.listing(hub, PACKAGE, "").files}
        weights = listed["inference.onnx"]
        assert (weights.algorithm, weights.size) == ("sha256", 256_000)
        assert server.authorizations == {sent}
        with pytest.raises(ModelNotFoundError, match="not there"):
            file_listing.listing(hub, "PP-OCRv9_onnx", "")
    assert "secret" not in caplog.text


@pytest.mark.usefixtures("outside")
def test_when_the_first_hub_lacks_a_model_the_next_is_asked(root, folder, monkeypatch):
    with serving(StandInHub()) as empty, served(StandInModelScope, folder) as server:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
        assert_same(folder, bring(root, "huggingface", empty.url))


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize("is_cut", [False, True])
def test_an_archive_of_bos_is_unpacked(root, folder, monkeypatch, is_cut):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, arcname=f"{PACKAGE}_infer")
    content = packed.getvalue()
    with serving(ImageFiles()) as server:
        server.put(f"{PACKAGE}_infer.tar", content[: len(content) // 2] if is_cut else content)
        monkeypatch.setattr(file_listing, "BOS", server.url)
        if is_cut:
            with pytest.raises(ModelMismatchError, match="no whole archive"):
                bring(root, "bos")
            assert not (root / "official_models" / PACKAGE).exists()
        else:
            assert_same(folder, bring(root, "bos"))


@pytest.mark.usefixtures("outside")
def test_a_token_goes_to_the_mirror_and_not_to_where_it_leads(root, folder, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="urllib3")  # as `logs.set_up` has it
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with served(StandInHub, folder) as storage, served(StandInHub, folder) as mirror:
        mirror.leads_to = storage.url
        assert_same(folder, bring(root, "huggingface", mirror.url))
        assert mirror.authorizations == {"Bearer hf_secret"}
        assert storage.authorizations == {None}
        assert "secret" not in caplog.text


@pytest.mark.usefixtures("outside")
def test_a_password_in_the_mirrors_url_is_sent_and_never_told(root, folder, caplog):
    caplog.set_level("DEBUG")
    caplog.set_level("WARNING", logger="urllib3")  # as `logs.set_up` has it
    with served(StandInHub, folder) as mirror:
        url = mirror.url.replace("http://", "http://me:pass%21word@")
        model = bring(root, "huggingface", url)
        assert mirror.authorizations == {"Basic bWU6cGFzcyF3b3Jk"}
        assert manifests.of_folder(model.folder).source == mirror.url
        mirror.folders.clear()
        shutil.rmtree(root)
        with pytest.raises(ModelError) as error:
            bring(root, "huggingface", url)
    for told in (caplog.text, str(error.value)):
        assert "word@" not in told
        assert "pass%21" not in told
        assert "pass!" not in told


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\x"])
def test_a_list_that_leads_out_of_the_folder_is_refused(name):
    with serving(ImageFiles()) as server:
        api = f"api/models/PaddlePaddle/{PACKAGE}"
        tree = [{"type": "file", "path": name, "size": 1, "oid": "0" * 40}]
        server.put(f"{api}/revision/main", b'{"sha": "1"}')
        server.put(f"{api}/tree/1?recursive=true", json.dumps(tree).encode())
        with pytest.raises(ModelMismatchError, match="outside of its folder"):
            file_listing.listing("huggingface", PACKAGE, server.url)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"sha": 1}', b"null"])
def test_an_answer_that_is_no_list_is_told(answer):
    with serving(ImageFiles()) as server:
        server.put(f"api/models/PaddlePaddle/{PACKAGE}/revision/main", answer)
        with pytest.raises(ModelError, match="no list of files|is not there"):
            file_listing.listing("huggingface", PACKAGE, server.url)


def of_hugging_face(url, into):
    from huggingface_hub import snapshot_download

    snapshot_download(f"PaddlePaddle/{PACKAGE}", local_dir=into, endpoint=url, token=False)


def of_modelscope(url, into):
    import modelscope

    modelscope.snapshot_download(repo_id=f"PaddlePaddle/{PACKAGE}", local_dir=into, endpoint=url)


def of_aistudio(url, into):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_GIT_HOST", url)
        from aistudio_sdk.snapshot_download import snapshot_download

        snapshot_download(repo_id=f"PaddleX/{PACKAGE}", local_dir=into)


@pytest.mark.usefixtures("outside")  # AI Studio's reports to its makers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "client"),
    [(StandInHub, of_hugging_face), (StandInModelScope, of_modelscope), (StandInGitea, of_aistudio)],
)
def test_the_clients_of_the_hubs_take_the_stand_ins_for_theirs(folder, tmp_path, kind, client):
    with served(kind, folder) as server:
        client(server.url, tmp_path / "got")
    for file in folder.iterdir():
        assert (tmp_path / "got" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_mirror_with_an_authority_of_ones_own_is_trusted_when_it_is_named(
    root, folder, tmp_path, monkeypatch, outside, variable
):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with served(StandInHub, folder) as mirror:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
        url = mirror.url.replace("http:", "https:")
        with pytest.raises(ModelError, match="has a certificate that is not trusted here; SSL_CERT_FILE may"):
            bring(root, "huggingface", url)
        assert "CONNECT git.aistudio.baidu.com:443" in outside.asked_for, "the others are asked by the proxy"
        monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
        assert_same(folder, bring(root, "huggingface", url))
