"""The programs of a cluster, and their build from pinned Go modules.

Knows Go, not Kubernetes: `components` knows the arguments of the programs.
"""

import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ocr_cluster import cache, debian
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import step

MODULES = Path(__file__).parents[1] / "go"

OLDEST_VARIABLE = "OCR_OLDEST_KUBERNETES"
"""If this environment variable is set, the control plane is the oldest Kubernetes that the chart admits."""

_KUBERNETES_VERSIONS = {"kubernetes": "1.37.2", "kubernetes-oldest": "1.30.14"}
_KUBERNETES_TAGS = {"kubernetes": "", "kubernetes-oldest": "providerless"}
"""The oldest has the SDKs of clouds in it unless it is built without them."""
_VERSION_PACKAGE = "k8s.io/component-base/version"
# As Helm's own builds: the version of Kubernetes that `helm template` and `helm lint` assume.
_HELM3_LDFLAGS = " ".join(
    f"-X helm.sh/helm/v3/pkg/{package}.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/{package}.k8sVersionMinor=37"
    for package in ("chartutil", "lint/rules")
)


@dataclass(frozen=True)
class Program:
    """A Go program: the module folder that pins it, the package to build, and build options.

    `files` names folders of the package's module to store beside the program.
    """

    module: str
    package: str
    ldflags: str = ""
    tags: str = ""
    cgo: bool = False
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def _kubernetes(name: str, module: str = "kubernetes") -> Program:
    """Without the flags it reports v0.0.0, and every version check fails, including Helm's kubeVersion."""
    version = _KUBERNETES_VERSIONS[module]
    fields = {
        "gitVersion": f"v{version}",
        "gitMajor": version.split(".")[0],
        "gitMinor": version.split(".")[1],
        "gitTreeState": "clean",
    }
    ldflags = " ".join(f"-X {_VERSION_PACKAGE}.{field}={value}" for field, value in fields.items())
    return Program(module, f"k8s.io/kubernetes/cmd/{name}", ldflags, _KUBERNETES_TAGS[module])


def _containerd(name: str) -> Program:
    return Program("containerd", f"github.com/containerd/containerd/v2/cmd/{name}")


# In build order: first the programs that both kinds of cluster need.
PROGRAMS: Mapping[str, Program] = {
    "etcd": Program("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": _kubernetes("kube-apiserver"),
    "kube-controller-manager": _kubernetes("kube-controller-manager"),
    "kube-scheduler": _kubernetes("kube-scheduler"),
    "kubectl": _kubernetes("kubectl"),
    "kwok": Program("kwok", "sigs.k8s.io/kwok/cmd/kwok", files=("kustomize",)),
    "helm": Program("helm", "helm.sh/helm/v4/cmd/helm"),
    "helm3": Program("helm3", "helm.sh/helm/v3/cmd/helm", _HELM3_LDFLAGS),
    "containerd": _containerd("containerd"),
    "containerd-shim-runc-v2": _containerd("containerd-shim-runc-v2"),
    "ctr": _containerd("ctr"),
    "runc": Program(
        "runc",
        "github.com/opencontainers/runc",
        tags="seccomp",
        cgo=True,
        needs=("gcc", "libc6-dev", "pkg-config", "libseccomp-dev"),
    ),
    "kubelet": _kubernetes("kubelet"),
    "kube-proxy": _kubernetes("kube-proxy"),
    "local-path-provisioner": Program("local-path-provisioner", "github.com/rancher/local-path-provisioner"),
    "coredns": Program("coredns", "github.com/coredns/coredns"),
    "node": Program("node", "."),
    # Not part of a cluster: Docker's own reader of compose files, for the tests of the guide.
    "compose": Program("compose", "github.com/compose-spec/compose-go/v2/cmd"),
}

OLDEST: Mapping[str, Program] = {
    name: _kubernetes(name, "kubernetes-oldest")
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
}


KEDA: Mapping[str, Program] = {
    "keda": Program("keda", "github.com/kedacore/keda/v2/cmd/operator"),
    "keda-adapter": Program("keda", "github.com/kedacore/keda/v2/cmd/adapter"),
}
"""KEDA's operator and its server of metrics. No cluster needs them, and they take minutes to build."""


def catalog() -> Mapping[str, Program]:
    """All programs by name."""
    return {**PROGRAMS, **KEDA, **(OLDEST if os.environ.get(OLDEST_VARIABLE) else {})}


def ensure(names: Iterable[str]) -> dict[str, Path]:
    """The path of each named program; builds those that the cache lacks.

    Raises `ClusterError` if Go is missing or too old, or if a build fails; programs built before remain.
    """
    with cache.locked("programs"):
        programs = catalog()
        paths = {name: _path(programs[name], name) for name in names}
        missing = [name for name, path in paths.items() if not path.exists()]
        debian.ensure(package for name in missing for package in programs[name].needs)
        for number, name in enumerate(missing, 1):
            with step(f"building {name} ({number} of {len(missing)})"):
                _build(programs[name], name, paths[name])
    return paths


def key(program: Program, go_version: str, sources: Mapping[str, bytes]) -> str:
    """Twelve hex digits that change with everything that could change the program."""
    digest = hashlib.sha256()
    for part in (go_version, program.ldflags, program.tags, str(program.cgo), *program.files):
        digest.update(part.encode() + b"\0")
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name] + b"\0")
    return digest.hexdigest()[:12]


def _path(program: Program, name: str) -> Path:
    module = MODULES / program.module
    sources = {path.name: path.read_bytes() for path in module.iterdir() if path.is_file()}
    return cache.programs() / f"{program.module}-{key(program, go_version(module), sources)}" / name


@functools.cache
def go_version(module: Path) -> str:
    """The version of Go that builds the module in this folder: an older Go may download the one in go.mod.

    Raises `ClusterError` if there is no Go, or if it is too old and cannot download.
    """
    required = re.findall(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)[0]
    if not shutil.which("go"):
        raise ClusterError(f"Go is not on the PATH; install Go {required} or newer (https://go.dev/dl)")
    result = subprocess.run(["go", "env", "GOVERSION"], cwd=module, capture_output=True, text=True)
    if result.returncode:
        raise ClusterError(
            f"Go {required} or newer is needed, install it (https://go.dev/dl); the Go on the PATH failed: "
            f"{result.stderr.strip()}"
        )
    return result.stdout.strip()


def _build(program: Program, name: str, path: Path) -> None:
    """Builds in a temporary folder and renames, so that a failed build leaves no incomplete program."""
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        built = Path(scratch, name)
        _go(program, name, "build", *_flags(program), "-o", str(built), program.package)
        for folder in program.files:
            _copy_files(program, name, folder, path.parent)
        built.rename(path)


def _flags(program: Program) -> list[str]:
    tags = ["-tags", program.tags] if program.tags else []
    return ["-trimpath", "-ldflags", f"-s -w {program.ldflags}", *tags]


def _copy_files(program: Program, name: str, folder: str, target: Path) -> None:
    module = program.package.partition("/cmd/")[0]
    source = Path(_go(program, name, "list", "-m", "-f", "{{.Dir}}", module).strip(), folder)
    shutil.copytree(source, target / folder, dirs_exist_ok=True)


def _go(program: Program, name: str, *arguments: str) -> str:
    environment = {
        **os.environ,
        "CGO_ENABLED": "1" if program.cgo else "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
    }
    result = subprocess.run(
        ["nice", "go", *arguments],
        cwd=MODULES / program.module,
        env=environment,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        last = "\n".join(result.stderr.splitlines()[-15:])
        raise ClusterError(f"go {arguments[0]} of {name} failed:\n{last}")
    return result.stdout
