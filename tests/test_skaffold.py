"""Everything that skaffold.yaml names exists: targets, files, values, Services, commands.

Skaffold cannot be installed as a Go module, so the tests do not run it; `skaffold diagnose` is its own check.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from ocr_cluster import images
from ocr_operator.docs.values_page import VALUES_FILE, values

ROOT = Path(__file__).parents[1]
FILE = ROOT / "skaffold.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
PROFILES = {profile["name"]: profile for profile in CONFIG["profiles"]}

Json = dict[str, Any]


def resolved(path: str, node: Any) -> Any:
    """The value of a JSON pointer; raises KeyError or IndexError if there is none."""
    for step in path.strip("/").split("/"):
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node


def patched(profile: str) -> Json:
    """The configuration after a profile's patches (RFC 6902)."""
    config: Json = yaml.safe_load(FILE.read_text("utf-8"))
    for patch in PROFILES[profile].get("patches", []):
        parent, _, last = patch["path"].rpartition("/")
        container = resolved(parent, config)
        if patch["op"] != "add":
            assert resolved(patch["path"], config), f"{profile}: there is no {patch['path']}"
        if patch["op"] == "remove":
            del container[last]
        elif last == "-":
            container.append(patch["value"])
        else:
            container[int(last) if isinstance(container, list) else last] = patch["value"]
    return config | {key: PROFILES[profile][key] for key in ("build",) if key in PROFILES[profile]}


CONFIGS = {"": CONFIG} | {name: patched(name) for name in PROFILES}


def release(config: Json) -> Json:
    [helm_release] = config["deploy"]["helm"]["releases"]
    return dict(helm_release)


def artifacts(config: Json) -> dict[str, Json]:
    return {artifact["image"]: artifact for artifact in config["build"].get("artifacts", [])}


def test_the_head_of_the_file_lists_the_profiles() -> None:
    head = FILE.read_text("utf-8").split("apiVersion")[0]
    assert re.findall(r"-p (\S+)", head) == list(PROFILES)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_built_image_is_a_target_of_the_dockerfile(name: str) -> None:
    for image, artifact in artifacts(CONFIGS[name]).items():
        target = image.removeprefix("ocr-backend/")
        assert target in images.INPUTS
        if "docker" in artifact:
            assert artifact["docker"]["target"] == target
            assert (ROOT / artifact["docker"]["dockerfile"]).is_file()
            text = (ROOT / "Dockerfile").read_text("utf-8")
            assert all(f"ARG {name}=" in text for name in artifact["docker"].get("buildArgs", {}))


def test_the_script_runs_again_when_inputs_of_its_image_change() -> None:
    for image, artifact in artifacts(CONFIGS["script"]).items():
        target = image.removeprefix("ocr-backend/")
        paths = artifact["custom"]["dependencies"]["paths"]
        assert sorted(paths) == sorted(images.INPUTS[target])
        words = shlex.split(artifact["custom"]["buildCommand"])
        assert words[words.index("images") + 1] == target


@pytest.mark.parametrize("name", CONFIGS)
def test_the_release_uses_existing_files_and_values_of_the_chart(name: str) -> None:
    helm_release = release(CONFIGS[name])
    assert (ROOT / helm_release["chartPath"] / "Chart.yaml").is_file()
    assert all((ROOT / file).is_file() for file in helm_release["valuesFiles"])
    paths = {value.path for value in values(VALUES_FILE.read_text("utf-8"))}
    assert set(helm_release["setValueTemplates"]) <= paths


@pytest.mark.parametrize("name", CONFIGS)
def test_exactly_the_built_images_are_installed(name: str) -> None:
    templates = release(CONFIGS[name])["setValueTemplates"]
    used = set(re.findall(r"\.IMAGE_(?:REPO|TAG)_(\w+)", " ".join(templates.values())))
    assert used == {re.sub(r"\W", "_", image) for image in artifacts(CONFIGS[name])}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_port_is_forwarded_to_a_service_of_the_release(name: str) -> None:
    helm_release = release(CONFIGS[name])
    [forward] = CONFIGS[name]["portForward"]
    files = [yaml.safe_load((ROOT / file).read_text("utf-8")) for file in helm_release["valuesFiles"]]
    services = {
        f"{backend}-{variant['language']}-{variant['modelType']}"
        for file in files
        for backend, spec in file["backends"].items()
        for variant in spec["variants"]
    }
    assert forward["resourceName"] in services
    assert (forward["namespace"], forward["port"]) == (helm_release["namespace"], 9090)
