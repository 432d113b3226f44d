import subprocess
import urllib.request

import pytest

from ocr_cluster.configuration import DNS_DOMAIN, NODE_IMAGE

pytestmark = pytest.mark.e2e

SECURE = {
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
}


def _objects(namespace, storage_class, access_mode):
    labels = {"app": "web"}
    container = {
        "name": "web",
        "image": NODE_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/serve", "/data", "stored on a volume"],
        "readinessProbe": {"httpGet": {"port": 8080, "path": "/text"}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "resources": {"limits": {"memory": "64Mi", "cpu": "200m"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "claim"}}
    claim = {
        "accessModes": [access_mode],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": "10Mi"}},
    }
    pod = {**SECURE, "containers": [container], "volumes": [volume]}
    deployment = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    service = {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}
    return [
        _object("v1", "PersistentVolumeClaim", "claim", namespace, claim),
        _object("apps/v1", "Deployment", "web", namespace, deployment),
        _object("v1", "Service", "web", namespace, service),
    ]


def _object(version, kind, name, namespace, spec):
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


@pytest.mark.parametrize(
    ("storage_class", "access_mode"), [("standard", "ReadWriteOnce"), ("shared", "ReadWriteMany")]
)
def test_a_pod_with_a_volume_answers_through_its_service(
    full_cluster, restricted_namespace, storage_class, access_mode
):
    here = f"--namespace={restricted_namespace}"
    full_cluster.apply(*_objects(restricted_namespace, storage_class, access_mode))
    full_cluster.kubectl("rollout", "status", "deployment/web", here)

    address = full_cluster.get("service/web", here)["spec"]["clusterIP"]
    with urllib.request.urlopen(f"http://{address}/text", timeout=10) as response:
        assert response.read() == b"stored on a volume"
    name = f"web.{restricted_namespace}.svc.{DNS_DOMAIN}"
    assert full_cluster.kubectl("exec", here, "deployment/web", "--", "/fetch", f"http://{name}/text") == (
        "stored on a volume"
    )
    assert "serving /data" in full_cluster.kubectl("logs", here, "deployment/web")


def test_the_default_storage_class_waits_for_its_first_pod(full_cluster, namespace):
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}}
    full_cluster.apply(_object("v1", "PersistentVolumeClaim", "claim", namespace, claim))
    stored = full_cluster.get("pvc/claim", f"--namespace={namespace}")
    assert stored["spec"]["storageClassName"] == "standard"
    assert stored["status"]["phase"] == "Pending"


def test_a_command_runs_in_the_clusters_network(full_cluster):
    result = subprocess.run(
        full_cluster.enter("ip", "-brief", "address", "show", "node0"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(full_cluster.record.addresses.node) in result.stdout
