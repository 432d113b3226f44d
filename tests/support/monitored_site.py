"""An installed chart under a real Prometheus, as the test of alerts acts on it and looks at it.

Each `with` is a cause of trouble that really is there until its end.
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
from prometheus_process import Prometheus
from server_process import free_port
from shown_pages import data_uri, page

_SECONDS = 240

Json = dict[str, Any]
Alerts = Mapping[str, set[str]]
"""Name of an alert -> the OCRBackends of which it speaks, or the namespace where it speaks of none."""


class Site:
    """The release `ocr` in a namespace. `image_files`: a store of images that the pods reach."""

    def __init__(
        self, cluster: Cluster, namespace: str, prometheus: Prometheus, image_files: ImageFiles
    ) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.prometheus, self.image_files = prometheus, image_files

    def get(self, *what: str) -> Any:
        """What `kubectl get` finds in the namespace."""
        return self.cluster.get(*what, f"--namespace={self.namespace}")

    def kubectl(self, *words: str) -> str:
        """Runs it in the namespace."""
        return self.cluster.kubectl(f"--namespace={self.namespace}", *words)

    def apply(self, name: str, spec: Json) -> None:
        """Makes or changes an OCRBackend."""
        metadata = {"name": name, "namespace": self.namespace}
        kind = {"apiVersion": "ocrbackend.io/v1alpha1", "kind": "OCRBackend"}
        self.cluster.apply(kind | {"metadata": metadata, "spec": spec})

    def patch(self, name: str, spec: Json) -> None:
        """Changes some fields of an OCRBackend."""
        self.kubectl("patch", "ocrb", name, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def pod(self, backend: str) -> str:
        """Name of the only pod that serves for an OCRBackend."""
        chosen = f"--selector=app.kubernetes.io/instance={backend},ocrbackend.io/language"
        [pod] = self.get("pods", chosen)["items"]
        return str(pod["metadata"]["name"])

    def fired(self) -> dict[str, set[str]]:
        """What has fired up to now."""
        return _by_name(self.prometheus.fired())

    def wait_for(self, alerts: Alerts, meanwhile: Callable[[], object] = str) -> None:
        """Until all of them have fired."""

        def have_fired() -> bool:
            meanwhile()
            fired = self.fired()
            return all(who <= fired.get(name, set()) for name, who in alerts.items())

        self._wait(have_fired, f"{dict(alerts)} to fire")

    def wait_without(self, *names: str, meanwhile: Callable[[], object] = str) -> None:
        """Until none of these alerts fires; without names: none at all."""

        def are_gone() -> bool:
            meanwhile()
            firing = self.prometheus.firing()
            return not (firing & set(names) if names else firing)

        self._wait(are_gone, f"{names or 'all alerts'} to clear")

    def wait_until_ready(self, *names: str) -> None:
        """Until these OCRBackends are as their specs say."""

        def are_ready() -> bool:
            return all(self._ready(name) for name in names)

        self._wait(are_ready, f"{names} to be ready")

    def _ready(self, name: str) -> bool:
        found = self.get("ocrb", name)
        return any(
            (one["type"], one["status"], one["observedGeneration"])
            == ("Ready", "True", found["metadata"]["generation"])
            for one in found["status"]["conditions"]
        )

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        def blame() -> str:
            return f"firing: {self.prometheus.firing()}\nfired: {self.fired()}\n{self.cluster.blame()}"

        waiting.until(condition, what, _SECONDS, blame)

    def predict(self, service: str, *images: str) -> int:
        """Status of a request through a Service with these images; 0 where none of its pods answers."""
        address = self.get("service", service)["spec"]["clusterIP"]
        return _predict(f"http://{address}:9090/predict", *images)

    def number(self, metric: str, pod: str) -> float:
        """Value of the only series of a metric of a pod."""
        [found] = self.prometheus.query(f'{metric}{{pod="{pod}"}}')
        return float(found["value"][1])

    @contextmanager
    def under_load(self, service: str, coarse: bool = False) -> Iterator[None]:
        """Four requests with two pages each, at any time."""
        address = self.get("service", service)["spec"]["clusterIP"]

        def send() -> None:
            images = [data_uri(page(coarse)) for _ in range(2)]
            assert _predict(f"http://{address}:9090/predict", *images) == 200

        with _repeated(send, 4):
            yield

    @contextmanager
    def store_hangs(self, service: str) -> Iterator[None]:
        """A request a second whose image does not come; at the end all come."""
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

    def kill_the_workers(self, pod: str, service: str) -> None:
        """Faster than they can load, so that what is asked then is answered with 503."""
        self.kubectl("exec", pod, "--", "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)")
        for _ in range(5):
            self.predict(service, "data:,")

    @contextmanager
    def without_right(self, resource: str, *verbs: str) -> Iterator[None]:
        """The operator's Role lacks these verbs of a resource."""
        [role] = [
            one
            for one in self.get("roles")["items"]
            if any("ocrbackends/status" in rule["resources"] for rule in one["rules"])
        ]
        for field in ("resourceVersion", "managedFields"):
            role["metadata"].pop(field, None)
        self.cluster.apply(role | {"rules": list(_without(role["rules"], resource, verbs))})
        try:
            yield
        finally:
            self.cluster.apply(role)

    @contextmanager
    def api_server_fails(self, *resources: str) -> Iterator[None]:
        """It answers 500 to changes of these resources: a webhook that is to look at them is not there."""
        name = f"gone-{self.namespace}"
        webhook = {
            "name": "gone.example.com",
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
        [found] = self.get("deployments", "--selector=app.kubernetes.io/name=ocr-backend-operator")["items"]
        return dict(found)

    def scale_operator(self, replicas: int) -> None:
        """Sets how many pods of it there are."""
        self.kubectl("scale", "deployment", self.operator["metadata"]["name"], f"--replicas={replicas}")


def _without(rules: list[Json], resource: str, verbs: tuple[str, ...]) -> Iterator[Json]:
    for rule in rules:
        others = [one for one in rule["resources"] if one != resource]
        if others:
            yield rule | {"resources": others}
        if len(others) < len(rule["resources"]):
            yield rule | {
                "resources": [resource],
                "verbs": [one for one in rule["verbs"] if one not in verbs],
            }


def _by_name(alerts: list[dict[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for labels in alerts:
        found.setdefault(labels["alertname"], set()).add(labels.get("ocrbackend", ""))
    return found


def _predict(url: str, *images: str) -> int:
    tasks = [{"id": number, "data": {"image": image}} for number, image in enumerate(images)]
    try:
        return requests.post(url, json={"tasks": tasks}, timeout=110).status_code
    except requests.ConnectionError:
        return 0


@contextmanager
def _repeated(work: Callable[[], object], threads: int) -> Iterator[None]:
    """Does it again and again in so many threads until the end of the context."""
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.is_set():
            work()

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(repeat) for _ in range(threads)]
        try:
            yield
        finally:
            stopped.set()
        for done in running:
            done.result()
