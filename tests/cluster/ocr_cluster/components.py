"""The processes of a cluster with their arguments: a pure function of its record.

`supervisor` starts them inside the namespaces, each when the file named by its gate exists.
"""

from dataclasses import dataclass

from ocr_cluster.certificates import PROXY
from ocr_cluster.configuration import NODE, provisioner_arguments
from ocr_cluster.inside import FOLDER
from ocr_cluster.record import Record

_PKI = FOLDER / "pki"
API_GATE = "gates/api"
STORAGE_GATE = "gates/storage"
STAGES_GATE = "gates/stages"


@dataclass(frozen=True)
class Component:
    """A program that runs as long as the cluster. `gate`: a file to wait for before the start."""

    program: str
    arguments: tuple[str, ...]
    gate: str = ""


def components(record: Record) -> list[Component]:
    """All components, in the order in which they can start."""
    plane = [_etcd(), _api_server(record), _controller_manager(), _scheduler()]
    return [*plane, _kwok(record)] if record.light else [_containerd(), *plane, *_node(record)]


def programs(light: bool) -> list[str]:
    """Names of the programs that such a cluster needs, including its tools."""
    started = [component.program for component in components(Record("any", 0, FOLDER, light=light))]
    tools = ["kubectl", "helm"]
    runtime = ["containerd-shim-runc-v2", "runc", "ctr", "node"]
    return [*started, *tools, *(["helm3"] if light else runtime)]


def _etcd() -> Component:
    options = {
        "data-dir": FOLDER / "etcd",
        "listen-client-urls": "http://127.0.0.1:2379",
        "advertise-client-urls": "http://127.0.0.1:2379",
        "listen-peer-urls": "http://127.0.0.1:2380",
        "log-level": "warn",
    }
    # No cluster survives a crash of its machine, so etcd need not wait for the disk.
    return Component("etcd", (*_flags(options), "--unsafe-no-fsync"))


def _api_server(record: Record) -> Component:
    options = {
        "etcd-servers": "http://127.0.0.1:2379",
        # Inside the namespace only. Pods reach the advertised address through the Service 'kubernetes'.
        "bind-address": "0.0.0.0",
        "advertise-address": record.addresses.node,
        "secure-port": 6443,
        "service-cluster-ip-range": record.addresses.services,
        "tls-cert-file": _PKI / "apiserver.crt",
        "tls-private-key-file": _PKI / "apiserver.key",
        "client-ca-file": _PKI / "ca.crt",
        "service-account-key-file": _PKI / "sa.pub",
        "service-account-signing-key-file": _PKI / "sa.key",
        "service-account-issuer": "https://kubernetes.default.svc",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "kubelet-client-certificate": _PKI / "admin.crt",
        "kubelet-client-key": _PKI / "admin.key",
        "kubelet-certificate-authority": _PKI / "ca.crt",
        # Otherwise `kubectl logs` and `exec` try to resolve the node's name.
        "kubelet-preferred-address-types": "InternalIP",
        "audit-policy-file": FOLDER / "audit-policy.yaml",
        "audit-log-path": FOLDER / "audit.log",
        # In megabytes: more than any test run needs; it limits the log of a demo that is never stopped.
        "audit-log-maxsize": 500,
        "audit-log-maxbackup": 1,
    }
    return Component("kube-apiserver", _flags(options | _aggregation()))


def _aggregation() -> dict[str, object]:
    """Options with which the API server forwards the requests for an APIService to its Service."""
    return {
        "requestheader-client-ca-file": _PKI / f"{PROXY}-ca.crt",
        "requestheader-allowed-names": PROXY,
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": _PKI / f"{PROXY}.crt",
        "proxy-client-key-file": _PKI / f"{PROXY}.key",
    }


def _controller_manager() -> Component:
    options = {
        "kubeconfig": FOLDER / "controller-manager.kubeconfig",
        "service-account-private-key-file": _PKI / "sa.key",
        "root-ca-file": _PKI / "ca.crt",
        "cluster-signing-cert-file": _PKI / "ca.crt",
        "cluster-signing-key-file": _PKI / "ca.key",
        "use-service-account-credentials": "true",
        "leader-elect": "false",
        "bind-address": "127.0.0.1",
        # A test does not wait for the five minutes of Kubernetes.
        "horizontal-pod-autoscaler-downscale-stabilization": "20s",
    }
    return Component("kube-controller-manager", _flags(options), API_GATE)


def _scheduler() -> Component:
    options = {
        "kubeconfig": FOLDER / "scheduler.kubeconfig",
        "leader-elect": "false",
        "bind-address": "127.0.0.1",
    }
    return Component("kube-scheduler", _flags(options), API_GATE)


def _kwok(record: Record) -> Component:
    options = {
        "kubeconfig": FOLDER / "kubeconfig",
        "manage-all-nodes": "true",
        "cidr": record.addresses.pods,
        "node-ip": record.addresses.node,
        "node-lease-duration-seconds": 40,
        "enable-crds": "Stage",
    }
    return Component("kwok", _flags(options), STAGES_GATE)


def _containerd() -> Component:
    return Component("containerd", ("--config", f"{FOLDER}/containerd.toml"))


def _node(record: Record) -> list[Component]:
    kubelet = {
        "config": FOLDER / "kubelet.yaml",
        "kubeconfig": FOLDER / "kubelet.kubeconfig",
        "hostname-override": NODE,
        "node-ip": record.addresses.node,
        "root-dir": FOLDER / "kubelet",
        "cert-dir": _PKI,
    }
    proxy = {
        "kubeconfig": FOLDER / "proxy.kubeconfig",
        "proxy-mode": "nftables",
        "cluster-cidr": record.addresses.pods,
        "hostname-override": NODE,
        # A namespace cannot set this limit of the machine.
        "conntrack-max-per-core": 0,
    }
    storage = ("start", "--kubeconfig", f"{FOLDER}/kubeconfig", *provisioner_arguments())
    return [
        Component("kubelet", _flags(kubelet), API_GATE),
        Component("kube-proxy", _flags(proxy), API_GATE),
        Component("coredns", ("-conf", f"{FOLDER}/Corefile"), API_GATE),
        Component("local-path-provisioner", storage, STORAGE_GATE),
    ]


def _flags(options: dict[str, object]) -> tuple[str, ...]:
    return tuple(f"--{name}={value}" for name, value in options.items())
