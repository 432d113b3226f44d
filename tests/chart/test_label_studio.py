"""The trial Label Studio: the objects that the chart renders for `labelStudio`."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
URL = "http://r-label-studio.labs.svc:8080"
ENABLED = {"labelStudio.enabled": True, "labelStudio.existingSecret": "trial"}
VARIANTS = [
    {"name": "ch-mobile", "language": "ch", "modelType": "mobile"},
    {"name": "en-server", "language": "en", "modelType": "server"},
]

Json = dict[str, Any]
Render = Callable[..., list[Json]]


def of_kind(objects: list[Json], kind: str) -> list[Json]:
    return [body for body in objects if body["kind"] == kind and "label-studio" in body["metadata"]["name"]]


def backends(objects: list[Json]) -> Json:
    [data] = [body["data"] for body in objects if "backends.yaml" in body.get("data", {})]
    specs: Json = yaml.safe_load(data["backends.yaml"])
    return specs


def test_by_default_it_is_not_installed(render: Render) -> None:
    assert not [body for body in render() if "label-studio" in body["metadata"]["name"]]
    assert "labelStudio" not in backends(render())["ocr"]


def test_backends_use_its_url_and_token_unless_they_set_another_label_studio(
    render: Render,
) -> None:
    other_label_studio = {"url": "http://mine", "apiKeySecretRef": {"name": "mine", "key": "k"}}
    settings = {"basicAuthSecretRef": {"name": "basic"}, "mapping": {"textFromName": "text"}}
    specs = {
        "ocr": {},
        "guarded": {"labelStudio": settings},
        "elsewhere": {"labelStudio": other_label_studio},
    }
    values = {name: {"variants": VARIANTS} | spec for name, spec in specs.items()}
    rendered = backends(render(**ENABLED, backends=values))
    token = {"name": "trial", "key": "token"}
    assert rendered["ocr"]["labelStudio"] == {"url": URL, "apiKeySecretRef": token}
    assert rendered["guarded"]["labelStudio"] == {"url": URL, "apiKeySecretRef": token} | settings
    assert rendered["elsewhere"]["labelStudio"] == other_label_studio


def test_a_job_per_backend_connects_its_variants(render: Render) -> None:
    settings = {"labelStudio": {"basicAuthSecretRef": {"name": "basic"}}}
    objects = render(**ENABLED, backends={"team": {"variants": VARIANTS} | settings})
    [job] = [body for body in objects if body["kind"] == "Job"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert [json.loads(argument) for argument in container["args"]] == [
        {"title": "team ch-mobile", "url": "http://team-ch-mobile.labs.svc:9090"},
        {"title": "team en-server", "url": "http://team-en-server.labs.svc:9090"},
    ]
    secrets = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]["name"]
        for variable in container["env"]
        if "valueFrom" in variable
    }
    assert secrets == {
        "LABEL_STUDIO_API_KEY": "trial",
        "BASIC_AUTH_USER": "basic",
        "BASIC_AUTH_PASS": "basic",
    }
    [mounted] = [body for body in objects if body["metadata"]["name"] == "r-connect"]
    assert {"connect_label_studio.py", "labeling-config.xml"} == set(mounted["data"])
    assert mounted["data"]["labeling-config.xml"] == (CHART / "files/labeling-config.xml").read_text("utf-8")


def test_a_changed_job_has_a_new_name(render: Render) -> None:
    def name(variants: list[Json]) -> str:
        objects = render(**ENABLED, backends={"ocr": {"variants": variants}})
        [job] = [body["metadata"]["name"] for body in objects if body["kind"] == "Job"]
        return str(job)

    assert name(VARIANTS) == name(VARIANTS)
    assert name(VARIANTS) != name(VARIANTS[:1])


def test_only_its_service_selects_its_pods(render: Render) -> None:
    objects = render(**ENABLED, **{"operator.networkPolicy.enabled": True})
    deployments = {body["metadata"]["name"]: body for body in objects if body["kind"] == "Deployment"}
    labels = {
        name: body["spec"]["template"]["metadata"]["labels"].items() for name, body in deployments.items()
    }
    selectors = {
        body["metadata"]["name"]: body["spec"]["selector"].items()
        for body in objects
        if body["kind"] == "Service"
    }
    selected = {
        service: [name for name, items in labels.items() if selector <= items]
        for service, selector in selectors.items()
    }
    assert selected == {
        "r-label-studio": ["r-label-studio"],
        "r-operator-metrics": ["r-operator"],
    }
    others = [body["metadata"]["labels"].items() for body in objects if body["kind"] == "Pod"]
    assert others
    assert not [pod for pod in others for selector in selectors.values() if selector <= pod]


def test_its_data_are_on_a_volume_only_if_a_size_is_set(render: Render) -> None:
    def volume(**values: Any) -> tuple[list[str], list[Json]]:
        objects = render(**ENABLED, **values)
        [deployment] = of_kind(objects, "Deployment")
        claims = [body["metadata"]["name"] for body in of_kind(objects, "PersistentVolumeClaim")]
        return claims, deployment["spec"]["template"]["spec"]["volumes"]

    name = "r-label-studio"
    assert volume() == ([], [{"name": "data", "emptyDir": {"sizeLimit": "2Gi"}}])
    assert volume(**{"labelStudio.storage.size": "1Gi"}) == (
        [name],
        [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
    )


def test_the_notes_show_how_to_sign_in(helm: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = helm(
        "install",
        "r",
        str(CHART),
        "--namespace",
        "labs",
        "--dry-run=client",
        "--set",
        "labelStudio.enabled=true,labelStudio.existingSecret=trial",
    )
    notes = done.stdout.split("NOTES:")[1]
    assert "kubectl port-forward --namespace labs service/r-label-studio 8080" in notes
    assert "kubectl get secret trial --namespace labs" in notes
    assert URL in notes
