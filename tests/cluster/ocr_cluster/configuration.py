"""The contents of a cluster's configuration files: a pure function of its record.

All paths are inside the namespaces (see `inside`). `starting` writes the files.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from ocr_cluster.certificates import Identity
from ocr_cluster.inside import CONTAINERD, FOLDER
from ocr_cluster.record import Record

NODE = "node-1"
NODE_IMAGE = "localhost/ocr-cluster/node:latest"
DNS_DOMAIN = "cluster.local"
ADMIN = "admin"
STORAGE_NAMESPACE = "local-path-storage"

Document = Mapping[str, Any]


def identities(record: Record) -> dict[str, Identity]:
    """The owners of certificates. Each component is a user of its own in the audit log."""
    node, service = str(record.addresses.node), str(record.addresses.api_service)
    names = ("localhost", "kubernetes.default.svc", f"kubernetes.default.svc.{DNS_DOMAIN}")
    return {
        "apiserver": Identity("kube-apiserver", addresses=("127.0.0.1", node, service, *names)),
        ADMIN: Identity("admin", "system:masters"),
        "controller-manager": Identity("system:kube-controller-manager"),
        "scheduler": Identity("system:kube-scheduler"),
        "proxy": Identity("system:kube-proxy"),
        "kubelet": Identity(f"system:node:{NODE}", "system:nodes", addresses=(node, NODE)),
    }


def files(record: Record) -> dict[str, str]:
    """The text of each file by its path in the run folder, without certificates and kubeconfigs."""
    return {
        "audit-policy.yaml": yaml.safe_dump(_audit_policy()),
        "kubelet.yaml": yaml.safe_dump(_kubelet(record)),
        "containerd.toml": _CONTAINERD,
        "cni/10-pods.conflist": json.dumps(_cni(record)),
        "resolv.conf": "",
        "Corefile": _corefile(record),
        "local-path.json": json.dumps(_LOCAL_PATH),
        "helper-pod.yaml": yaml.safe_dump(_HELPER_POD),
    }


def storage() -> list[Document]:
    """Storage of the real node: class `standard`, the default, and `shared` for all access modes."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STORAGE_NAMESPACE}}
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": _STORAGE_ACCOUNT, "namespace": STORAGE_NAMESPACE},
    }
    return [
        namespace,
        account,
        _storage_class("standard", default=True),
        _storage_class("shared", default=False),
    ]


def fake_nodes(record: Record) -> list[Document]:
    """The nodes of a light cluster, each with the extended resources of the record."""
    capacity = {"cpu": "32", "memory": "256Gi", "pods": "110", "ephemeral-storage": "1Ti"}
    capacity.update(record.node_resources)
    return [_fake_node(f"kwok-{number}", capacity) for number in range(record.nodes)]


def _audit_policy() -> Document:
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }


def _kubelet(record: Record) -> Document:
    pki = FOLDER / "pki"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup(record.name)}",
        # Tests also run on machines with cgroup version 1 or swap.
        "failCgroupV1": False,
        "failSwapOn": False,
        # The disk is the machine's: pods must not be evicted because it is nearly full.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        # Images that were loaded cannot be pulled again.
        "imageGCHighThresholdPercent": 100,
        "clusterDNS": [str(record.addresses.node)],
        "clusterDomain": DNS_DOMAIN,
        "resolvConf": f"{FOLDER}/resolv.conf",
        "podLogsDir": f"{FOLDER}/pod-logs",
    }


def cgroup(name: str) -> str:
    """The control group of all pods of a cluster."""
    return f"ocr-{name}"


_CONTAINERD = f"""\
version = 3
root = "{FOLDER}/containerd"
state = "{CONTAINERD.parent}"

[grpc]
  address = "{CONTAINERD}"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{NODE_IMAGE}"

[plugins.'io.containerd.cri.v1.runtime']
  # Root may lack CAP_SYS_RESOURCE, as in most build machines.
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "{FOLDER}/cni"
"""


def _cni(record: Record) -> Document:
    """Point-to-point links: with a bridge, Services between pods of one node would need br_netfilter."""
    address = {
        "type": "host-local",
        "ranges": [[{"subnet": str(record.addresses.pods)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": f"{FOLDER}/cni-addresses",
    }
    plugins = [{"type": "ptp", "ipam": address}, {"type": "portmap", "capabilities": {"portMappings": True}}]
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}


def _corefile(record: Record) -> str:
    return f"""\
{DNS_DOMAIN} in-addr.arpa {{
    bind {record.addresses.node}
    errors
    kubernetes {DNS_DOMAIN} in-addr.arpa {{
        kubeconfig {FOLDER}/kubeconfig ocr
    }}
}}
"""


_STORAGE_ACCOUNT = "local-path"
_PROVISIONER = "rancher.io/local-path"
_LOCAL_PATH: Document = {
    "setupCommand": "/volume",
    "teardownCommand": "/volume",
    "storageClassConfigs": {
        "standard": {"nodePathMap": [{"node": NODE, "paths": [f"{FOLDER}/volumes"]}]},
        "shared": {"sharedFileSystemPath": f"{FOLDER}/shared-volumes"},
    },
}
_HELPER_POD: Document = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "helper-pod"},
    "spec": {
        "securityContext": {"runAsUser": 0},
        "containers": [{"name": "helper", "image": NODE_IMAGE, "imagePullPolicy": "Never"}],
    },
}


def provisioner_arguments() -> list[str]:
    """Arguments of local-path-provisioner's `start`, besides the kubeconfig."""
    options = {
        "config": FOLDER / "local-path.json",
        "helper-pod-file": FOLDER / "helper-pod.yaml",
        "helper-image": NODE_IMAGE,
        "namespace": STORAGE_NAMESPACE,
        "service-account-name": _STORAGE_ACCOUNT,
        "provisioner-name": _PROVISIONER,
    }
    return [f"--{name}={value}" for name, value in options.items()]


def _storage_class(name: str, default: bool) -> Document:
    mark = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": mark},
        "provisioner": _PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


_CONTROLLER_ATTACHES = {"volumes.kubernetes.io/controller-managed-attach-detach": "true"}
"""As every kubelet sets it: the attach-detach controller ignores nodes without it."""


def _fake_node(name: str, capacity: Mapping[str, str]) -> Document:
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "type": "kwok",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": _CONTROLLER_ATTACHES},
        "status": {"capacity": dict(capacity), "allocatable": dict(capacity)},
    }
