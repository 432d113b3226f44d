"""The second part of the demo: the chart, an OCRBackend, and requests to the Service of each variant."""

import json
import time
from typing import Any

from ocr_demo.clusters import DemoCluster, DemoError, current_cluster, own_cluster
from ocr_demo.image import ROOT, read_through
from ocr_demo.local import print_lines
from ocr_demo.progress import say, step

NAMESPACE = "ocr-demo"
RELEASE = "ocr-demo"
BACKEND = ROOT / "docs/examples/two-variants.yaml"
READY_SECONDS = 300


def read_on_cluster(*, current: bool) -> None:
    """Installs the chart, applies an OCRBackend, waits until it is ready and prints what each variant reads.

    Everything remains running. Prints the next commands and how to clean up.

    Raises:
        DemoError: a step failed; the message says which, and why.
    """
    cluster = current_cluster(RELEASE, NAMESPACE) if current else own_cluster()
    with step(f"installing the chart as release {RELEASE!r} in namespace {NAMESPACE!r}"):
        cluster.helm(*_install_arguments(cluster))
    with step(f"applying {BACKEND.relative_to(ROOT)} and waiting until it is Ready"):
        cluster.kubectl("apply", "--namespace", NAMESPACE, "--filename", str(BACKEND))
        _wait_until_ready(cluster)
    for variant in _backend(cluster)["status"]["variants"]:
        service = variant["url"].removeprefix("http://").split(".")[0]
        with cluster.service_url(NAMESPACE, service) as url:
            say(f"text lines from Service {service}:")
            print_lines(read_through(url))
    _print_next_steps(cluster)


def _install_arguments(cluster: DemoCluster) -> list[str]:
    chart = str(ROOT / "chart")
    values = [
        "--values",
        f"{chart}/values-airgap.yaml",
        "--set",
        "backends=null,defaultBackend.enabled=false",
    ]
    namespace = ["--namespace", NAMESPACE, "--create-namespace"]
    return [
        "upgrade",
        "--install",
        RELEASE,
        chart,
        *namespace,
        *values,
        *cluster.image_values,
        "--wait",
        "--timeout=3m",
    ]


def _backend(cluster: DemoCluster) -> dict[str, Any]:
    name = "ocrbackends.ocrbackend.io/ocr"
    body: dict[str, Any] = json.loads(cluster.kubectl("get", name, "--namespace", NAMESPACE, "-o", "json"))
    return body


def _wait_until_ready(cluster: DemoCluster) -> None:
    deadline = time.monotonic() + READY_SECONDS
    printed = ""
    while time.monotonic() < deadline:
        backend = _backend(cluster)
        ready = _ready(backend)
        state = f"{backend.get('status', {}).get('summary', '')} {ready.get('reason', '')}".strip()
        if state != printed:
            say(f"  {state or 'waiting for the operator'}")
            printed = state
        if ready.get("status") == "True":
            return
        time.sleep(0.5)
    raise DemoError(
        f"not Ready after {READY_SECONDS} s: {ready.get('message', 'the operator has set no status')}"
    )


def _ready(backend: dict[str, Any]) -> dict[str, Any]:
    """The Ready condition of the present generation; empty if there is none yet."""
    for condition in backend.get("status", {}).get("conditions", []):
        if (
            condition["type"] == "Ready"
            and condition["observedGeneration"] == backend["metadata"]["generation"]
        ):
            ready: dict[str, Any] = condition
            return ready
    return {}


def _print_next_steps(cluster: DemoCluster) -> None:
    print(cluster.kubectl("get", "ocrb", "--namespace", NAMESPACE), flush=True)
    urls = [variant["url"] for variant in _backend(cluster)["status"]["variants"]]
    say("everything is running. URLs for a Label Studio in the same cluster (Settings > Model):")
    print("".join(f"    {url}\n" for url in urls))
    print("Label Studio needs ML_BLOCK_LOCAL_IP=false: otherwise it refuses addresses inside the cluster.\n")
    print(f"next:      {cluster.kubectl_hint} --namespace {NAMESPACE} get ocrb,pods,services")
    print(f"           {cluster.kubectl_hint} explain ocrbackend.spec.variants")
    print(f"clean up:  {cluster.clean_up_hint}", flush=True)
