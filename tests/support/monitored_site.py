"""An installed chart with a real Prometheus, for the test of alerts.

Each context manager causes a real problem until the end of its context.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import requests

from loopback import ImageFiles
from ocr_cluster import waiting
from ocr_cluster.cluster import Cluster
from page_images import data_uri, page
from prometheus_process import Prometheus
from server_process import free_port

_SECONDS = 240

Json = dict[str, Any]
Alerts = Mapping[str, set[str]]
"""The OCRBackends of each alert by its name; an empty name for an alert without an OCRBackend."""


class Site:
    """The release `ocr` in a namespace. `image_files`: a server of images that the pods can reach."""

    def __init__(
        self, cluster: Cluster, namespace: str, prometheus: Prometheus, image_files: ImageFiles
    ) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.prometheus, self.image_files = prometheus, image_files

    def get(self, *arguments: str) -> Any:
        """The result of `kubectl get` in the namespace."""
        return self.cluster.get(*arguments, f"--namespace={self.namespace}")

    def kubectl(self, *arguments: str) -> str:
        """The output of kubectl in the namespace."""
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments)

    def apply(self, name: str, spec: Json) -> None:
        """Creates or changes an OCRBackend."""
        metadata = {"name": name, "namespace": self.namespace}
        kind = {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend"}
        self.cluster.apply(kind | {"metadata": metadata, "spec": spec})

    def patch(self, name: str, spec: Json) -> None:
        """Changes some fields of an OCRBackend."""
        self.kubectl("patch", "ocrb", name, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def pod(self, backend: str) -> str:
        """The name of an OCRBackend's only serving pod."""
        selector = f"--selector=app.kubernetes.io/instance={backend},ocrbackend.io/variant"
        [pod] = self.get("pods", selector)["items"]
        return str(pod["metadata"]["name"])

    def fired(self) -> dict[str, set[str]]:
        """The alerts that have fired so far."""
        return _by_name(self.prometheus.fired())

    def wait_for(self, alerts: Alerts, meanwhile: Callable[[], object] = str) -> None:
        """Waits until all these alerts have fired."""

        def have_fired() -> bool:
            meanwhile()
            fired = self.fired()
            return all(backends <= fired.get(name, set()) for name, backends in alerts.items())

        self._wait(have_fired, f"{dict(alerts)} to fire")

    def wait_without(self, *names: str, meanwhile: Callable[[], object] = str) -> None:
        """Waits until none of these alerts fires; without names, until no alert fires."""

        def are_resolved() -> bool:
            meanwhile()
            firing = self.prometheus.firing()
            return not (firing & set(names) if names else firing)

        self._wait(are_resolved, f"{names or 'all alerts'} to be resolved")

    def wait_until_ready(self, *names: str) -> None:
        """Waits until these OCRBackends are Ready."""

        def are_ready() -> bool:
            return all(self._ready(name) for name in names)

        self._wait(are_ready, f"{names} to be ready")

    def _ready(self, name: str) -> bool:
        backend = self.get("ocrb", name)
        return any(
            (condition["type"], condition["status"], condition["observedGeneration"])
            == ("Ready", "True", backend["metadata"]["generation"])
            for condition in backend["status"]["conditions"]
        )

    def _wait(self, condition: Callable[[], bool], description: str) -> None:
        def diagnostics() -> str:
            return f"firing: {self.prometheus.firing()}\nfired: {self.fired()}\n{self.cluster.diagnostics()}"

        waiting.until(condition, description, _SECONDS, diagnostics)

    def predict(self, service: str, *images: str) -> int:
        """HTTP status of a predict request to a Service with these images; 0 if no pod responds."""
        address = self.get("service", service)["spec"]["clusterIP"]
        return _predict(f"http://{address}:9090/predict", *images)

    def number(self, metric: str, pod: str) -> float:
        """The value of a pod's metric with a single series."""
        [sample] = self.prometheus.query(f'{metric}{{pod="{pod}"}}')
        return float(sample["value"][1])

    @contextmanager
    def under_load(self, service: str, coarse: bool = False) -> Iterator[None]:
        """Sends requests with two pages each, four at a time."""
        address = self.get("service", service)["spec"]["clusterIP"]

        def send() -> None:
            images = [data_uri(page(coarse)) for _ in range(2)]
            assert _predict(f"http://{address}:9090/predict", *images) == 200

        with _repeated(send, 4):
            yield

    @contextmanager
    def stalled_image_store(self, service: str) -> Iterator[None]:
        """Sends one request per second whose image is not sent until the end of the context."""
        address = self.get("service", service)["spec"]["clusterIP"]
        image = self.image_files.hold("late.png")
        stopped = threading.Event()
        with ThreadPoolExecutor(100) as pool:

            def send() -> None:
                while not stopped.wait(1):
                    pool.submit(_predict, f"http://{address}:9090/predict", image)

            sending = pool.submit(send)
            try:
                yield
            finally:
                stopped.set()
                self.image_files.put("late.png", page())
                self.image_files.release()
            sending.result()

    def kill_workers(self, pod: str) -> None:
        """Kills the workers as soon as they have loaded: until then, the pod answers requests with 503.

        They go to the pod itself: a Service has no endpoint while it is not ready.
        """
        url = f"http://{self.get('pod', pod)['status']['podIP']}:9090/predict"
        if [_predict(url, "data:,") for _ in range(5)][-1] == 200:
            self.kubectl("exec", pod, "--", "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)")

    @contextmanager
    def without_permission(self, resource: str, *verbs: str) -> Iterator[None]:
        """Removes these verbs of a resource from the operator's Role."""
        [role] = [
            item
            for item in self.get("roles")["items"]
            if any("ocrbackends/status" in rule["resources"] for rule in item["rules"])
        ]
        for field in ("resourceVersion", "managedFields"):
            role["metadata"].pop(field, None)
        self.cluster.apply(role | {"rules": list(_without(role["rules"], resource, verbs))})
        try:
            yield
        finally:
            self.cluster.apply(role)

    @contextmanager
    def failing_api_server(self, *resources: str) -> Iterator[None]:
        """The API server responds with 500 to changes of these resources: their webhook is missing."""
        name = f"missing-{self.namespace}"
        webhook = {
            "name": "missing.example.com",
            "clientConfig": {"url": f"https://{self.cluster.record.addresses.machine}:{free_port()}"},
            "rules": [
                {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": list(resources)}
            ],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
        self.cluster.apply(kind | {"metadata": {"name": name}, "webhooks": [webhook]})
        try:
            yield
        finally:
            self.cluster.kubectl("delete", "validatingwebhookconfiguration", name)

    @property
    def operator(self) -> Json:
        """The operator's Deployment."""
        selector = "--selector=app.kubernetes.io/name=ocr-backend-operator"
        [deployment] = self.get("deployments", selector)["items"]
        return dict(deployment)

    def scale_operator(self, replicas: int) -> None:
        """Sets the operator's number of pods."""
        self.kubectl("scale", "deployment", self.operator["metadata"]["name"], f"--replicas={replicas}")


def _without(rules: list[Json], resource: str, verbs: tuple[str, ...]) -> Iterator[Json]:
    for rule in rules:
        others = [name for name in rule["resources"] if name != resource]
        if others:
            yield rule | {"resources": others}
        if len(others) < len(rule["resources"]):
            yield rule | {
                "resources": [resource],
                "verbs": [verb for verb in rule["verbs"] if verb not in verbs],
            }


def _by_name(alerts: list[dict[str, str]]) -> dict[str, set[str]]:
    by_name: dict[str, set[str]] = {}
    for labels in alerts:
        by_name.setdefault(labels["alertname"], set()).add(labels.get("ocrbackend", ""))
    return by_name


def _predict(url: str, *images: str) -> int:
    tasks = [{"id": number, "data": {"image": image}} for number, image in enumerate(images)]
    try:
        return requests.post(url, json={"tasks": tasks}, timeout=110).status_code
    except requests.ConnectionError:
        return 0


@contextmanager
def _repeated(action: Callable[[], object], threads: int) -> Iterator[None]:
    """Repeats an action in this number of threads until the end of the context."""
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.is_set():
            action()

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(repeat) for _ in range(threads)]
        try:
            yield
        finally:
            stopped.set()
        for done in running:
            done.result()
