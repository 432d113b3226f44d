"""The trial of Label Studio: what the chart makes of `labelStudio`."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.helm

CHART = Path(__file__).parents[2] / "chart"
URL = "http://r-ocr-backend-label-studio.labs.svc:8080"
ON = {"labelStudio.enabled": True}
VARIANTS = [{"language": "ch", "modelType": "mobile"}, {"language": "en", "modelType": "server"}]

Json = dict[str, Any]
Render = Callable[..., list[Json]]


def of_kind(objects: list[Json], kind: str) -> list[Json]:
    return [one for one in objects if one["kind"] == kind and "label-studio" in one["metadata"]["name"]]


def backends(objects: list[Json]) -> Json:
    [data] = [one["data"] for one in objects if "backends.yaml" in one.get("data", {})]
    found: Json = yaml.safe_load(data["backends.yaml"])
    return found


def test_by_default_there_is_none(render: Render) -> None:
    assert not [one for one in render() if "label-studio" in one["metadata"]["name"]]
    assert "labelStudio" not in backends(render())["ocr"]


def test_backends_fetch_images_with_its_token_unless_they_have_a_label_studio_of_their_own(
    render: Render,
) -> None:
    own = {"url": "http://mine", "apiKeySecretRef": {"name": "mine", "key": "k"}}
    guard = {"basicAuthSecretRef": {"name": "basic"}, "mapping": {"textFromName": "text"}}
    specs = {"ocr": {}, "guarded": {"labelStudio": guard}, "elsewhere": {"labelStudio": own}}
    given = {name: {"variants": VARIANTS} | spec for name, spec in specs.items()}
    found = backends(render(**ON, backends=given))
    token = {"name": "r-ocr-backend-label-studio", "key": "token"}
    assert found["ocr"]["labelStudio"] == {"url": URL, "apiKeySecretRef": token}
    assert found["guarded"]["labelStudio"] == {"url": URL, "apiKeySecretRef": token} | guard
    assert found["elsewhere"]["labelStudio"] == own


def test_each_backend_has_a_job_that_connects_its_variants(render: Render) -> None:
    guard = {"labelStudio": {"basicAuthSecretRef": {"name": "basic"}}}
    objects = render(**ON, backends={"ocr": None, "team": {"variants": VARIANTS} | guard})
    [job] = [one for one in objects if one["kind"] == "Job"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == [
        "team ch/mobile",
        "http://team-ch-mobile.labs.svc:9090",
        "team en/server",
        "http://team-en-server.labs.svc:9090",
    ]
    secrets = {
        one["name"]: one["valueFrom"]["secretKeyRef"]["name"]
        for one in container["env"]
        if "valueFrom" in one
    }
    assert secrets == {
        "LABEL_STUDIO_API_KEY": "r-ocr-backend-label-studio",
        "BASIC_AUTH_USER": "basic",
        "BASIC_AUTH_PASS": "basic",
    }
    [mounted] = of_kind(objects, "ConfigMap")
    assert {"connect_label_studio.py", "labeling-config.xml"} == set(mounted["data"])
    assert mounted["data"]["labeling-config.xml"] == (CHART / "files/labeling-config.xml").read_text("utf-8")


def test_a_changed_job_has_another_name(render: Render) -> None:
    def name(variants: list[Json]) -> str:
        objects = render(**ON, backends={"ocr": {"variants": variants}})
        [job] = [one["metadata"]["name"] for one in objects if one["kind"] == "Job"]
        return str(job)

    assert name(VARIANTS) == name(VARIANTS)
    assert name(VARIANTS) != name(VARIANTS[:1])


def test_its_service_leads_to_its_pods_and_no_other_service_does(render: Render) -> None:
    objects = render(**ON, **{"operator.networkPolicy.enabled": True})
    deployments = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Deployment"}
    labels = {
        name: one["spec"]["template"]["metadata"]["labels"].items() for name, one in deployments.items()
    }
    selectors = {
        one["metadata"]["name"]: one["spec"]["selector"].items()
        for one in objects
        if one["kind"] == "Service"
    }
    led = {
        service: [name for name, has in labels.items() if selector <= has]
        for service, selector in selectors.items()
    }
    assert led == {
        "r-ocr-backend-label-studio": ["r-ocr-backend-label-studio"],
        "r-ocr-backend-operator-metrics": ["r-ocr-backend-operator"],
    }
    others = [one["metadata"]["labels"].items() for one in objects if one["kind"] == "Pod"]
    assert others
    assert not [pod for pod in others for selector in selectors.values() if selector <= pod]


def test_its_data_go_with_the_pod_or_lie_on_a_volume(render: Render) -> None:
    def volume(**values: Any) -> tuple[list[str], list[Json]]:
        objects = render(**ON, **values)
        [deployment] = of_kind(objects, "Deployment")
        claims = [one["metadata"]["name"] for one in of_kind(objects, "PersistentVolumeClaim")]
        return claims, deployment["spec"]["template"]["spec"]["volumes"]

    name = "r-ocr-backend-label-studio"
    assert volume() == ([], [{"name": "data", "emptyDir": {"sizeLimit": "2Gi"}}])
    assert volume(**{"labelStudio.storage.size": "1Gi"}) == (
        [name],
        [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
    )


def test_the_notes_say_how_to_sign_in(helm: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = helm(
        "install",
        "r",
        str(CHART),
        "--namespace",
        "labs",
        "--dry-run=client",
        "--set",
        "labelStudio.enabled=true",
    )
    notes = done.stdout.split("NOTES:")[1]
    assert "kubectl port-forward --namespace labs service/r-ocr-backend-label-studio 8080" in notes
    assert "kubectl get secret r-ocr-backend-label-studio --namespace labs" in notes
    assert URL in notes
