"""skaffold.yaml names nothing that is not there: targets, files, values, Services, commands.

Skaffold itself is no Go module that can be fetched; its own check is `skaffold diagnose`.
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


def at(path: str, node: Any) -> Any:
    """What a JSON pointer leads to; KeyError or IndexError where that is nothing."""
    for step in path.strip("/").split("/"):
        node = node[int(step)] if isinstance(node, list) else node[step]
    return node


def patched(profile: str) -> Json:
    """The configuration with a profile's patches carried out as RFC 6902 says."""
    found: Json = yaml.safe_load(FILE.read_text("utf-8"))
    for patch in PROFILES[profile].get("patches", []):
        parent, _, last = patch["path"].rpartition("/")
        place = at(parent, found)
        if patch["op"] != "add":
            assert at(patch["path"], found), f"{profile}: nothing at {patch['path']}"
        if patch["op"] == "remove":
            del place[last]
        elif last == "-":
            place.append(patch["value"])
        else:
            place[int(last) if isinstance(place, list) else last] = patch["value"]
    return found | {key: PROFILES[profile][key] for key in ("build",) if key in PROFILES[profile]}


CONFIGS = {"": CONFIG} | {name: patched(name) for name in PROFILES}


def release(config: Json) -> Json:
    [found] = config["deploy"]["helm"]["releases"]
    return dict(found)


def artifacts(config: Json) -> dict[str, Json]:
    return {one["image"]: one for one in config["build"].get("artifacts", [])}


def test_the_profiles_are_those_that_the_head_of_the_file_tells() -> None:
    head = FILE.read_text("utf-8").split("apiVersion")[0]
    assert re.findall(r"-p (\S+)", head) == list(PROFILES)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_built_are_targets_of_the_dockerfile(name: str) -> None:
    for image, artifact in artifacts(CONFIGS[name]).items():
        target = image.removeprefix("ocr-backend/")
        assert target in images.INPUTS
        if "docker" in artifact:
            assert artifact["docker"]["target"] == target
            assert (ROOT / artifact["docker"]["dockerfile"]).is_file()
            text = (ROOT / "Dockerfile").read_text("utf-8")
            assert all(f"ARG {one}=" in text for one in artifact["docker"].get("buildArgs", {}))


def test_the_script_is_run_again_when_what_goes_into_its_image_changes() -> None:
    for image, artifact in artifacts(CONFIGS["script"]).items():
        target = image.removeprefix("ocr-backend/")
        paths = artifact["custom"]["dependencies"]["paths"]
        assert sorted(paths) == sorted(images.INPUTS[target])
        words = shlex.split(artifact["custom"]["buildCommand"])
        assert words[words.index("images") + 1] == target


@pytest.mark.parametrize("name", CONFIGS)
def test_the_release_is_of_files_and_values_that_the_chart_has(name: str) -> None:
    found = release(CONFIGS[name])
    assert (ROOT / found["chartPath"] / "Chart.yaml").is_file()
    assert all((ROOT / file).is_file() for file in found["valuesFiles"])
    known = {value.path for value in values(VALUES_FILE.read_text("utf-8"))}
    assert set(found["setValueTemplates"]) <= known


@pytest.mark.parametrize("name", CONFIGS)
def test_every_image_that_is_built_is_the_one_that_is_installed(name: str) -> None:
    templates = release(CONFIGS[name])["setValueTemplates"]
    used = set(re.findall(r"\.IMAGE_(?:REPO|TAG)_(\w+)", " ".join(templates.values())))
    assert used == {re.sub(r"\W", "_", image) for image in artifacts(CONFIGS[name])}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_port_leads_to_a_service_of_the_release(name: str) -> None:
    found = release(CONFIGS[name])
    [forward] = CONFIGS[name]["portForward"]
    files = [yaml.safe_load((ROOT / file).read_text("utf-8")) for file in found["valuesFiles"]]
    services = {
        f"{backend}-{variant['language']}-{variant['modelType']}"
        for file in files
        for backend, spec in file["backends"].items()
        for variant in spec["variants"]
    }
    assert forward["resourceName"] in services
    assert (forward["namespace"], forward["port"]) == (found["namespace"], 9090)
