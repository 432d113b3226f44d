import io
import json
import tarfile

import pytest

from ocr_cluster.archive import references, write_node_image
from ocr_cluster.errors import ClusterError


def _archive(path, files):
    with tarfile.open(path, "w") as archive:
        for name, value in files.items():
            content = json.dumps(value).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def node_image(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF program")
    write_node_image(program, "localhost/node:1", tmp_path / "node.tar")
    return tmp_path / "node.tar"


def test_the_node_image_has_a_name(node_image):
    assert references(node_image) == ["localhost/node:1"]


def test_the_node_image_has_one_executable_under_each_name(node_image):
    with tarfile.open(node_image) as archive, tarfile.open(fileobj=archive.extractfile("layer.tar")) as layer:
        assert [(entry.name, entry.mode) for entry in layer] == [
            ("pause", 0o755),
            ("volume", 0o755),
            ("serve", 0o755),
            ("fetch", 0o755),
        ]
        assert {layer.extractfile(name).read() for name in ("pause", "volume", "serve", "fetch")} == {
            b"\x7fELF program"
        }


def test_writing_a_node_image_leaves_no_temporary_file(node_image):
    assert sorted(path.name for path in node_image.parent.iterdir()) == ["node.tar", "program"]


def test_names_are_read_from_an_archive_of_docker_save(tmp_path):
    manifest = [{"RepoTags": ["a:1", "b:2"]}, {"RepoTags": None}]
    assert references(_archive(tmp_path / "a.tar", {"manifest.json": manifest})) == ["a:1", "b:2"]


def test_names_are_read_from_an_oci_archive(tmp_path):
    named = {"annotations": {"org.opencontainers.image.ref.name": "c:3"}}
    index = {"manifests": [named, {"annotations": {}}, {}]}
    assert references(_archive(tmp_path / "a.tar", {"index.json": index})) == ["c:3"]


def test_an_archive_without_names_is_refused(tmp_path):
    path = _archive(tmp_path / "a.tar", {"manifest.json": [{"RepoTags": None}]})
    with pytest.raises(ClusterError, match="contains no named image"):
        references(path)


def test_a_file_that_is_not_an_archive_is_refused(tmp_path):
    path = tmp_path / "a.tar"
    path.write_text("no tar")
    with pytest.raises(ClusterError, match="is not an image archive"):
        references(path)


def test_a_missing_archive_is_refused(tmp_path):
    with pytest.raises(ClusterError, match="is not an image archive"):
        references(tmp_path / "absent.tar")
