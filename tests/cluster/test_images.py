import re
from pathlib import Path

import pytest

from ocr_cluster import base_image, cli, images
from ocr_cluster.engines import Build, Buildah, Docker, Podman
from ocr_cluster.errors import ClusterError

DOCKERFILE = images.ROOT / "Dockerfile"


def _stages():
    """The lines of each stage of the Dockerfile by its name, and the stage or image that it is based on."""
    lines, origins = {}, {}
    name = ""
    for line in DOCKERFILE.read_text().replace("\\\n", " ").splitlines():
        if match := re.match(r"FROM (\S+) AS (\S+)", line):
            origins[match[2]], name = match[1], match[2]
        if line and not line.startswith("#"):
            lines.setdefault(name, []).append(line)
    return lines, origins


def _copied(stage):
    """The paths that the stage, and the stages that it uses, copy from the build's folder."""
    lines, origins = _stages()
    if stage not in lines:
        return set()
    copies = [line.split()[1:] for line in lines[stage] if line.startswith("COPY")]
    paths = {name for words in copies if not words[0].startswith("--from") for name in words[:-1]}
    others = [origins[stage], *(w[0].removeprefix("--from=") for w in copies if w[0].startswith("--from"))]
    return paths.union(*(_copied(other) for other in others))


@pytest.mark.parametrize("target", images.INPUTS)
def test_the_hash_covers_exactly_what_the_dockerfile_copies(target):
    assert _copied(target) | {"Dockerfile"} == set(images.INPUTS[target])


def test_each_backend_image_adds_one_installing_command():
    lines, origins = _stages()
    assert origins["runtimes"] == origins["backend-gpu"] == "backend"
    assert origins["backend-cpu"] == origins["backend-paddle"] == "runtimes"
    commands = {
        stage: [line.split()[0] for line in lines[stage] if not line.startswith("ARG")]
        for stage in ("runtimes", "backend-cpu", "backend-paddle", "backend-gpu")
    }
    assert commands["runtimes"] + commands["backend-cpu"][1:] == commands["backend-gpu"]
    assert commands["backend-paddle"] == commands["backend-gpu"] == ["FROM", "COPY", "RUN", "COPY", "USER"]
    assert lines["backend-cpu"][-2:] == lines["backend-gpu"][-2:] == lines["backend-paddle"][-2:]


@pytest.mark.parametrize("target", images.INPUTS)
def test_every_image_runs_as_a_numeric_user(target):
    lines, _ = _stages()
    users = [line for line in lines[target] if line.startswith("USER")]
    assert users == ["USER 10001:10001"]


def test_dockerignore_allows_every_copied_path():
    allowed = {
        line[1:] for line in (images.ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = set().union(*images.INPUTS.values()) - {"Dockerfile"}
    assert {name.partition("/")[0] for name in copied} == allowed


def test_the_key_depends_only_on_names_and_contents():
    assert images.key({"a": b"1", "b": b"2"}) == images.key({"b": b"2", "a": b"1"})
    assert images.key({"a": b"1", "b": b"2"}) != images.key({"a": b"2", "b": b"1"})
    assert images.key({"a": b"1", "b": b""}) != images.key({"a": b"1"})


def test_build_arguments_change_the_tag():
    assert images.tag("backend-gpu", {"GPU_PACKAGES": "a"}) != images.tag("backend-gpu")


def test_a_reference_contains_registry_target_and_tag():
    assert images.references("registry.example.com", ["operator"]) == [
        f"registry.example.com/ocr-backend/operator:{images.tag('operator')}"
    ]


def test_an_unknown_image_is_refused_with_the_known_ones():
    known = "operator, backend-cpu, backend-paddle, backend-gpu"
    with pytest.raises(ClusterError, match=f"unknown image 'backend-tpu'; known: {known}"):
        images.tag("backend-tpu")


BUILD = Build("name:1", Path("/folder"), Path("/folder/Dockerfile"), "stage", {"A": "b"}, Path("/ca.crt"))
OPTIONS = [
    *("--file", "/folder/Dockerfile", "--tag", "name:1", "--target", "stage"),
    *("--build-arg", "A=b", "--secret", "id=ca,src=/ca.crt"),
]


@pytest.mark.parametrize("engine", [Docker(), Podman(), Buildah()], ids=lambda engine: engine.name)
def test_every_builder_gets_the_same_options(engine):
    command = engine.build(BUILD)
    assert engine.name in command
    assert command[-len(OPTIONS) - 1 :] == [*OPTIONS, "/folder"]


def test_a_build_without_certificates_and_target_names_neither():
    options = Build("name:1", Path("/folder"), Path("/folder/Dockerfile")).options()
    assert options == ["--file", "/folder/Dockerfile", "--tag", "name:1"]


@pytest.mark.parametrize(
    ("targets", "mirror"),
    [
        pytest.param("http://a/debian/ bookworm Debian\n", "http://a/debian/", id="Debian"),
        pytest.param(
            "http://a/cloud/ stable Cloud\nhttp://b/debian-security/ bookworm-security Debian\n"
            "http://b/debian/ bookworm-updates Debian\nhttp://b/debian/ trixie Debian\n",
            "http://b/debian/",
            id="after other origins, security and updates",
        ),
        pytest.param("http://a/ubuntu/ noble Ubuntu\n", "", id="none on another distribution"),
        pytest.param("http://a/x/ stable \n\n", "", id="lines without an origin"),
    ],
)
def test_the_mirror_is_the_first_complete_debian(targets, mirror):
    assert base_image.mirror(targets) == mirror


def test_the_public_base_has_the_python_and_suite_of_the_local_base():
    assert base_image.public(DOCKERFILE.read_text()).endswith("python:3.11-slim-bookworm")


def test_a_dockerfile_without_a_default_base_is_refused():
    with pytest.raises(ClusterError, match="ARG BASE_IMAGE"):
        base_image.public("FROM scratch")


def test_a_given_name_needs_exactly_one_known_target(capsys):
    assert cli.main(["images", "operator", "backend-cpu", "--as", "name:1"]) == 1
    assert "--as needs exactly one target; given: operator backend-cpu" in capsys.readouterr().err
    assert cli.main(["images", "operators", "--as", "name:1"]) == 1
    assert "unknown image 'operators'; known: operator, " in capsys.readouterr().err
