"""The two clusters that the demo can use: its own single node, or the current cluster of kubectl."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ocr_cluster import images, lifecycle, loading, programs
from ocr_demo.progress import say

PORT = 9090


class DemoError(Exception):
    """The demo cannot continue; the message says why and what to do."""


@dataclass(frozen=True)
class DemoCluster:
    """A cluster for the demo.

    `kubectl` and `helm` run the tools and return their output. `image_values` are Helm's arguments for the
    images. The hints are commands to print. `kubectl_command` forwards ports; it is empty if this machine can
    reach Services directly.
    """

    kubectl: Callable[..., str]
    helm: Callable[..., str]
    image_values: list[str]
    kubectl_hint: str
    clean_up_hint: str
    kubectl_command: tuple[str, ...] = ()

    @contextmanager
    def service_url(self, namespace: str, service: str) -> Iterator[str]:
        """The URL of a Service for this machine: its cluster IP, or a port that kubectl forwards."""
        if self.kubectl_command:
            with _forwarded([*self.kubectl_command, "--namespace", namespace], service) as port:
                yield f"http://127.0.0.1:{port}"
            return
        query = ("service", service, "--namespace", namespace, "--output", "jsonpath={.spec.clusterIP}")
        yield f"http://{self.kubectl('get', *query)}:{PORT}"


def own_cluster() -> DemoCluster:
    """The demo's own single node with the images; starts it if it is not running."""
    built = images.build()
    cluster = lifecycle.up("demo")
    loading.load(cluster, [image.archive for image in built])
    return DemoCluster(
        kubectl=cluster.kubectl,
        helm=cluster.helm,
        image_values=_image_values(images.REGISTRY, {image.target: image.tag for image in built}),
        kubectl_hint=f"kubectl --kubeconfig {cluster.kubeconfig}",
        clean_up_hint="make cluster-down",
    )


def current_cluster(release: str, namespace: str) -> DemoCluster:
    """The current cluster of kubectl, after the user has agreed.

    Raises:
        DemoError: there is no kubectl or no current context, or the user did not agree.
    """
    if not shutil.which("kubectl"):
        raise DemoError("CLUSTER=current needs kubectl on the PATH; install it, or run without CLUSTER")
    context = _run("kubectl", "config", "current-context").strip()
    registry = os.environ.get("IMAGE_REGISTRY", images.REGISTRY)
    say(
        f"the cluster needs the images {' and '.join(images.references(registry))}; "
        "docs/clusters.md explains how to provide them"
    )
    _ask(f"Install the demo in the cluster of the kubectl context {context!r}, namespace {namespace!r}?")
    helm = shutil.which("helm") or str(programs.ensure(["helm"])["helm"])
    kubectl = ("kubectl", "--context", context)
    return DemoCluster(
        kubectl=lambda *arguments: _run(*kubectl, *arguments),
        helm=lambda *arguments: _run(helm, "--kube-context", context, *arguments),
        image_values=_image_values(registry, {target: images.tag(target) for target in images.TARGETS}),
        kubectl_hint="kubectl",
        clean_up_hint=f"helm uninstall {release} --namespace {namespace}; "
        f"kubectl delete namespace {namespace}; kubectl delete crd ocrbackends.ocrbackend.io",
        kubectl_command=kubectl,
    )


def _image_values(registry: str, tags: Mapping[str, str]) -> list[str]:
    values = {
        "global.imageRegistry": registry,
        "operator.image.tag": tags["operator"],
        "backend.image.tag": tags["backend-cpu"],
    }
    return [word for key, value in values.items() for word in ("--set-string", f"{key}={value}")]


def _ask(question: str) -> None:
    if os.environ.get("YES") == "1":
        say(f"{question} Yes, because YES=1 is set")
        return
    if not sys.stdin.isatty():
        raise DemoError(f"{question} There is no terminal to ask; set YES=1 to agree")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise DemoError("you did not agree, so nothing was changed")


def _run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise DemoError(f"{' '.join(command[:6])} ... failed: {(result.stderr or result.stdout).strip()}")
    return result.stdout


@contextmanager
def _forwarded(kubectl: list[str], service: str) -> Iterator[int]:
    """A free loopback port that is forwarded to the Service until the end of the context."""
    command = [*kubectl, "port-forward", "--address", "127.0.0.1", f"service/{service}", f":{PORT}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            # kubectl prints this line when it listens, and ends if it cannot.
            line = process.stdout.readline() if process.stdout else ""
            match = re.search(r"127\.0\.0\.1:(\d+)", line)
            if not match:
                raise DemoError(f"kubectl cannot forward a port to Service {service}: see its error above")
            yield int(match[1])
        finally:
            process.terminate()
