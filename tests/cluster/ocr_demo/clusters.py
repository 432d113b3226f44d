"""The two clusters the demo can run on: its own single node, or the one that kubectl points to."""

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
    """The demo cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class DemoCluster:
    """What the demo needs of a cluster.

    `kubectl` and `helm` run the tools against it and answer their output; `image_values` are Helm's arguments
    that name the images it has; the hints are commands to show; `kubectl_command` forwards ports where the
    machine cannot reach Services itself, and is empty where it can.
    """

    kubectl: Callable[..., str]
    helm: Callable[..., str]
    image_values: list[str]
    kubectl_hint: str
    clean_up_hint: str
    kubectl_command: tuple[str, ...] = ()

    @contextmanager
    def service_url(self, namespace: str, service: str) -> Iterator[str]:
        """URL that leads this machine to the Service: its cluster IP, or a port that kubectl forwards."""
        if self.kubectl_command:
            with _forwarded([*self.kubectl_command, "--namespace", namespace], service) as port:
                yield f"http://127.0.0.1:{port}"
            return
        wanted = ("service", service, "--namespace", namespace, "--output", "jsonpath={.spec.clusterIP}")
        yield f"http://{self.kubectl('get', *wanted)}:{PORT}"


def own_cluster() -> DemoCluster:
    """The demo's own single node, started if it is not running, with the images in it."""
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
    """The cluster that kubectl points to, after the person has agreed.

    Raises:
        DemoError: there is no kubectl or no current context, or the person did not agree.
    """
    if not shutil.which("kubectl"):
        raise DemoError("CLUSTER=current needs kubectl on the PATH; install it, or leave CLUSTER out")
    context = _run("kubectl", "config", "current-context").strip()
    registry = os.environ.get("IMAGE_REGISTRY", images.REGISTRY)
    say(f"the cluster must have {' and '.join(images.references(registry))}: docs/clusters.md says how")
    _ask(f"Install the demo into the cluster of kubectl's context {context!r}, namespace {namespace!r}?")
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
        say(f"{question} YES=1 says so")
        return
    if not sys.stdin.isatty():
        raise DemoError(f"{question} Nobody is at the terminal to say so; set YES=1 if you mean it")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise DemoError("nothing was touched")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise DemoError(f"{' '.join(command[:6])} ... failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


@contextmanager
def _forwarded(kubectl: list[str], service: str) -> Iterator[int]:
    """A free port of loopback that leads to the Service while the context lasts."""
    command = [*kubectl, "port-forward", "--address", "127.0.0.1", f"service/{service}", f":{PORT}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            # kubectl prints this line once it listens, and ends when it cannot.
            first = process.stdout.readline() if process.stdout else ""
            found = re.search(r"127\.0\.0\.1:(\d+)", first)
            if not found:
                raise DemoError(f"kubectl cannot forward a port to service {service}: see its words above")
            yield int(found[1])
        finally:
            process.terminate()
