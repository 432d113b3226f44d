import json

import pytest

from ocr_cluster.errors import ClusterError
from ocr_cluster.fixtures import require_test_cluster

pytestmark = pytest.mark.light

RESTRICTED = {
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "containers": [
        {
            "name": "main",
            "image": "any",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}


def _pod(name, spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _create(cluster, namespace, document):
    cluster.kubectl("create", f"--namespace={namespace}", "--filename=-", input=json.dumps(document))


def test_pods_of_a_deployment_become_ready(light_cluster, namespace):
    light_cluster.kubectl(
        "create", "deployment", "web", "--image=any", "--replicas=5", f"--namespace={namespace}"
    )
    light_cluster.kubectl("rollout", "status", "deployment/web", f"--namespace={namespace}")
    pods = light_cluster.get("pods", f"--namespace={namespace}")["items"]
    assert {pod["spec"]["nodeName"] for pod in pods} <= {"kwok-0", "kwok-1", "kwok-2"}
    assert len(pods) == 5


def test_a_job_succeeds(light_cluster, namespace):
    light_cluster.kubectl("create", "job", "once", "--image=any", f"--namespace={namespace}")
    light_cluster.kubectl("wait", "--for=condition=Complete", "job/once", f"--namespace={namespace}")


def test_a_claim_gets_a_volume(light_cluster, namespace):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "claim"},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    _create(light_cluster, namespace, claim)
    light_cluster.kubectl(
        "wait", "--for=jsonpath={.status.phase}=Bound", "pvc/claim", f"--namespace={namespace}"
    )


def test_a_device_that_no_node_has_keeps_the_pod_pending(light_cluster, namespace):
    container = {"name": "main", "image": "any", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    _create(light_cluster, namespace, _pod("pending", {"containers": [container]}))

    def messages():
        conditions = light_cluster.get("pod/pending", f"--namespace={namespace}")["status"].get(
            "conditions", []
        )
        return [each.get("message", "") for each in conditions if each["type"] == "PodScheduled"]

    assert "Insufficient nvidia.com/gpu" in light_cluster.wait(messages, "a message of the scheduler")[0]


def test_pod_security_refuses_a_pod_that_breaks_the_restricted_standard(light_cluster, restricted_namespace):
    with pytest.raises(ClusterError, match="violates PodSecurity"):
        _create(
            light_cluster, restricted_namespace, _pod("bad", {"containers": [{"name": "a", "image": "a"}]})
        )
    _create(light_cluster, restricted_namespace, _pod("good", RESTRICTED))


def test_the_audit_log_names_the_user_of_a_request(light_cluster, namespace):
    account = f"system:serviceaccount:{namespace}:default"
    with pytest.raises(ClusterError, match="cannot list"):
        light_cluster.kubectl("get", "secrets", f"--namespace={namespace}", f"--as={account}")
    entries = [json.loads(line) for line in light_cluster.audit_log.read_text().splitlines()]
    denied = [
        entry
        for entry in entries
        if entry.get("impersonatedUser", {}).get("username") == account and entry["verb"] == "list"
    ]
    assert denied[0]["objectRef"]["resource"] == "secrets"
    assert denied[0]["responseStatus"]["code"] == 403


def test_helm_installs_into_this_cluster(light_cluster, namespace, tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text(
        "apiVersion: v2\nname: small\nversion: 0.1.0\nkubeVersion: '>=1.37.0'\n"
    )
    (tmp_path / "templates" / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made-by-helm}\n"
    )
    light_cluster.helm("install", "small", str(tmp_path), f"--namespace={namespace}", "--wait")
    assert light_cluster.get("configmap", "made-by-helm", f"--namespace={namespace}")


def test_kubectl_reads_neither_the_kubeconfig_variable_nor_home(light_cluster, monkeypatch, tmp_path):
    (tmp_path / "other").write_text("not: [a kubeconfig")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "other"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert light_cluster.kubectl("config", "view", "--minify", "--output=jsonpath={..server}") == (
        light_cluster.server
    )


def test_a_kubeconfig_of_another_cluster_is_refused(light_cluster):
    original = light_cluster.kubeconfig.read_text()
    try:
        light_cluster.kubeconfig.write_text(original.replace(light_cluster.server, "https://192.0.2.1:6443"))
        with pytest.raises(ClusterError, match="refusing to test"):
            require_test_cluster(light_cluster)
    finally:
        light_cluster.kubeconfig.write_text(original)
    require_test_cluster(light_cluster)
