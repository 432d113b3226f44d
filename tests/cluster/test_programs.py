import re
import subprocess

import pytest

import keda_crds
from ocr_cluster import programs
from ocr_cluster.errors import ClusterError
from ocr_cluster.programs import KEDA, MODULES, OLDEST, PROGRAMS, Program, key

PROGRAM = Program("module", "example.org/cmd/program")
SOURCES = {"go.mod": b"module x", "go.sum": b"sum"}


def test_the_key_is_the_same_for_the_same_sources():
    assert key(PROGRAM, "go1.26", SOURCES) == key(PROGRAM, "go1.26", dict(reversed(SOURCES.items())))


@pytest.mark.parametrize(
    ("program", "version", "sources"),
    [
        pytest.param(PROGRAM, "go1.27", SOURCES, id="version of Go"),
        pytest.param(PROGRAM, "go1.26", {**SOURCES, "go.mod": b"module y"}, id="go.mod"),
        pytest.param(PROGRAM, "go1.26", {**SOURCES, "go.sum": b"other"}, id="go.sum"),
        pytest.param(PROGRAM, "go1.26", {**SOURCES, "main.go": b"package main"}, id="a new source file"),
        pytest.param(Program("module", PROGRAM.package, ldflags="-X a=b"), "go1.26", SOURCES, id="ldflags"),
        pytest.param(Program("module", PROGRAM.package, tags="seccomp"), "go1.26", SOURCES, id="tags"),
        pytest.param(Program("module", PROGRAM.package, cgo=True), "go1.26", SOURCES, id="cgo"),
    ],
)
def test_the_key_changes_with_its_inputs(program, version, sources):
    assert key(program, version, sources) != key(PROGRAM, "go1.26", SOURCES)


@pytest.mark.parametrize(
    "program", [*PROGRAMS.values(), *KEDA.values(), *OLDEST.values()], ids=lambda each: each.package
)
def test_every_program_is_pinned_by_its_module(program):
    module = (MODULES / program.module / "go.mod").read_text()
    if program.package == ".":
        assert "require" not in module
    else:
        assert re.search(rf"^(tool |\t){re.escape(program.package)}$", module, re.MULTILINE)


@pytest.mark.parametrize("programs", [PROGRAMS, OLDEST], ids=["newest", "oldest"])
def test_the_reported_version_of_kubernetes_is_the_pinned_one(programs):
    program = programs["kube-apiserver"]
    pinned = re.search(r"k8s.io/kubernetes v(\S+)", (MODULES / program.module / "go.mod").read_text())
    assert f".gitVersion=v{pinned[1]} " in program.ldflags + " "


def test_the_oldest_control_plane_replaces_the_newest_only_on_request(monkeypatch):
    assert programs.catalog()["kube-apiserver"] == PROGRAMS["kube-apiserver"]
    monkeypatch.setenv(programs.OLDEST_VARIABLE, "1")
    assert programs.catalog()["kube-apiserver"] == OLDEST["kube-apiserver"]
    assert programs.catalog()["kubectl"] == PROGRAMS["kubectl"]


def test_the_programs_of_keda_are_built_only_on_request():
    assert not set(KEDA) & set(PROGRAMS)
    assert set(KEDA) <= set(programs.catalog())


def test_the_crds_of_keda_are_of_the_pinned_version():
    module, version = keda_crds.MODULE.split("@")
    assert f"\t{module} {version}" in (MODULES / "keda" / "go.mod").read_text()


def test_helm_3_assumes_the_version_of_kubernetes_that_it_was_built_with():
    minor = re.search(r"k8s.io/client-go v0\.(\d+)", (MODULES / "helm3" / "go.mod").read_text())
    assert f".k8sVersionMinor={minor[1]} " in PROGRAMS["helm3"].ldflags + " "


def test_without_go_the_error_says_which_version_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    programs.go_version.cache_clear()
    with pytest.raises(ClusterError, match=r"install Go 1\.\d+\.\d+ or newer"):
        programs.ensure(["kubelet"])


def test_with_an_old_go_the_error_repeats_its_message(monkeypatch, tmp_path):
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho 'go.mod requires go >= 1.26 (running go 1.19)' >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    programs.go_version.cache_clear()
    with pytest.raises(ClusterError, match="running go 1.19"):
        programs.ensure(["kubelet"])


@pytest.mark.light
def test_a_failed_build_leaves_no_file_and_shows_the_error(monkeypatch, tmp_path):
    module = tmp_path / "go" / "broken"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module broken\n\ngo 1.21\n")
    (module / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    monkeypatch.setattr(programs, "MODULES", tmp_path / "go")
    monkeypatch.setattr(programs, "PROGRAMS", {"broken": Program("broken", ".")})
    monkeypatch.setenv("OCR_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(ClusterError, match="undefined: undefined"):
        programs.ensure(["broken"])
    assert not [path for path in (tmp_path / "cache" / "programs").rglob("*") if path.is_file()]


@pytest.mark.light
def test_a_program_is_built_once(monkeypatch, tmp_path):
    monkeypatch.setenv("OCR_CACHE_DIR", str(tmp_path))
    first = programs.ensure(["node"])["node"]
    built = first.stat().st_mtime_ns
    assert programs.ensure(["node"])["node"] == first
    assert first.stat().st_mtime_ns == built
    result = subprocess.run([first], capture_output=True, text=True)
    assert "known names: pause, volume, serve, fetch" in result.stderr


@pytest.fixture(autouse=True)
def fresh_go_version():
    yield
    programs.go_version.cache_clear()
