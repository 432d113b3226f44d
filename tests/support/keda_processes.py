"""KEDA's own operator and metrics server as processes on this machine, for a cluster with a real node.

They are administrators of the cluster. Their certificates come from the test, not from KEDA's rotation.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
import yaml

import keda_crds
from installed_crds import install_crd
from ocr_cluster import programs
from ocr_cluster.cluster import Cluster
from server_process import free_port, serving_process

_NAMESPACE, _SERVICE = "keda", "keda-metrics-apiserver"
_API_SERVICE = "v1beta1.external.metrics.k8s.io"
_SECONDS_TO_START = 60


@dataclass(frozen=True)
class _Keda:
    """`folder`: logs and certificates. `port`: where the server of metrics listens, on all addresses."""

    cluster: Cluster
    folder: Path
    port: int

    def operator(self, paths: dict[str, Path], metrics: str, probes: str) -> list[str | Path]:
        """The operator, which responds to the other program at `metrics`."""
        return [
            paths["keda"],
            f"--kubeconfig={self.cluster.kubeconfig}",
            f"--cert-dir={self.folder}",
            f"--metrics-service-bind-address={metrics}",
            f"--health-probe-bind-address={probes}",
            "--metrics-bind-address=0",
        ]

    def adapter(self, paths: dict[str, Path], metrics: str, port: int) -> list[str | Path]:
        """The server of metrics; its own metrics are at `port`."""
        config = self.cluster.kubeconfig
        return [
            paths["keda-adapter"],
            f"--kubeconfig={config}",
            f"--lister-kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={self.folder / 'tls.crt'}",
            f"--tls-private-key-file={self.folder / 'tls.key'}",
            f"--secure-port={self.port}",
            f"--port={port}",
            f"--metrics-service-address={metrics}",
        ]


@contextmanager
def running_keda(cluster: Cluster, folder: Path) -> Iterator[None]:
    """KEDA's CRDs, operator and server of metrics, until the end of the context. Logs are in the folder."""
    keda = _Keda(cluster, folder, free_port())
    paths = programs.ensure(programs.KEDA)
    authority = _write_certificates(folder)
    _install(keda, authority)
    metrics, probes, port = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}", free_port()
    environment = {
        "HOME": str(folder),
        "POD_NAMESPACE": _NAMESPACE,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": _NAMESPACE,
        "WATCH_NAMESPACE": "",
    }
    operator = keda.operator(paths, metrics, probes)
    adapter = keda.adapter(paths, metrics, port)
    with (
        serving_process(
            operator, environment, folder / "keda.log", f"http://{probes}/healthz", _SECONDS_TO_START
        ),
        serving_process(
            adapter,
            environment,
            folder / "keda-adapter.log",
            f"http://127.0.0.1:{port}/metrics",
            _SECONDS_TO_START,
        ),
    ):
        cluster.wait(lambda: _is_available(cluster), f"{_API_SERVICE} to be available")
        yield
    _remove(cluster)


def _write_certificates(folder: Path) -> str:
    """Writes the certificate of both programs and its authority, which is returned as a CA bundle."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", f"{_SERVICE}.{_NAMESPACE}.svc", common_name=_SERVICE)
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    certificate.private_key_pem.write_to_path(str(folder / "tls.key"))
    (folder / "tls.crt").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    return base64.b64encode(authority.cert_pem.bytes()).decode()


def _install(keda: _Keda, authority: str) -> None:
    for file in sorted(keda_crds.folder().glob("*.yaml")):
        install_crd(keda.cluster, yaml.safe_load(file.read_text("utf-8")))
    keda.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}})
    for role in keda_crds.metric_roles():
        keda.cluster.kubectl("apply", f"--filename={role}")
    keda.cluster.apply(*_objects(keda, authority))


def _objects(keda: _Keda, authority: str) -> list[dict[str, Any]]:
    """The Service whose only endpoint is on this machine, and the APIService that names it."""
    metadata = {"name": _SERVICE, "namespace": _NAMESPACE}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"name": "https", "port": 443}]},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata | {"labels": {"kubernetes.io/service-name": _SERVICE}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [str(keda.cluster.record.addresses.machine)]}],
        "ports": [{"name": "https", "port": keda.port}],
    }
    group, version = _API_SERVICE.split(".", 1)[1], _API_SERVICE.split(".", 1)[0]
    api_service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": _API_SERVICE},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "caBundle": authority,
            "service": {"name": _SERVICE, "namespace": _NAMESPACE},
        },
    }
    return [service, endpoints, api_service]


def _is_available(cluster: Cluster) -> bool:
    conditions = cluster.get("apiservice", _API_SERVICE).get("status", {}).get("conditions", [])
    return any((each["type"], each["status"]) == ("Available", "True") for each in conditions)


def _remove(cluster: Cluster) -> None:
    cluster.kubectl("delete", "apiservice", _API_SERVICE)
    cluster.kubectl("delete", "namespace", _NAMESPACE, "--wait=false")
