"""Actions on the light cluster that make the API server refuse pods, by a quota or by an admission policy."""

import json

from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from trouble_actions import backend, created_object


def quota_of_no_pods(cluster: Cluster, namespace: str) -> None:
    """Creates a quota that allows no pods, and waits until it is in effect."""
    created_object("ResourceQuota", "small", spec={"hard": {"pods": "0"}})(cluster, namespace)
    cluster.wait(
        lambda: (
            cluster.get("resourcequota", "small", f"--namespace={namespace}").get("status", {}).get("used")
        ),
        "the quota to be in effect",
    )


def policy_against_pods(cluster: Cluster, namespace: str) -> None:
    """Creates an admission policy that allows no pods in the namespace, and waits until it is enforced."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    api = "admissionregistration.k8s.io/v1"
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
        "validations": [{"expression": "false", "message": "no pods on Tuesdays"}],
    }
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    metadata = {"name": namespace}
    cluster.apply(
        {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": policy},
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": binding,
        },
    )
    probe = ("create", "--dry-run=server", "--filename=-", f"--namespace={namespace}")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}}
    container = {"name": "probe", "image": "probe"}
    cluster.wait(
        lambda: _is_refused(cluster, *probe, input=json.dumps(pod | {"spec": {"containers": [container]}})),
        "the policy to be enforced",
    )


def _is_refused(cluster: Cluster, *arguments: str, input: str) -> bool:
    try:
        cluster.kubectl(*arguments, input=input)
    except ClusterError as error:
        return "Tuesdays" in str(error)
    return False


def deleted_policy(cluster: Cluster, namespace: str) -> None:
    """Deletes the admission policy, and edits the spec, since refused controllers retry late."""
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        cluster.kubectl("delete", kind, namespace, "--ignore-not-found")
    cluster.apply(backend(namespace, options={"scoreThreshold": "0.6"}))
