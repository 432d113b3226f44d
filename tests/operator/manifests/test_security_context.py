"""Who the pods run as: fixed ids where the cluster assigns none, the spec's fields before the operator's."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ocr_operator.api.operator_config import OperatorConfig
from variant_manifests import pod_template

Make = Callable[..., dict[str, Any]]
USER_IDS = {"runAsUser", "runAsGroup", "fsGroup"}


def test_pods_choose_their_user_where_the_cluster_assigns_none(
    ocrbackend: Make, config: OperatorConfig
) -> None:
    security = pod_template(ocrbackend, config)["spec"]["securityContext"]
    assert {security[name] for name in USER_IDS} == {10001}


def test_openshift_assigns_user_and_group(ocrbackend: Make, config: OperatorConfig) -> None:
    assigning = replace(config, assigns_user_ids=True)
    security = pod_template(ocrbackend, assigning)["spec"]["securityContext"]
    assert not USER_IDS & security.keys()
    assert security["runAsNonRoot"] is True


def test_fields_of_the_spec_replace_single_fields(ocrbackend: Make, config: OperatorConfig) -> None:
    template = {
        "securityContext": {"fsGroup": 2000},
        "containerSecurityContext": {"readOnlyRootFilesystem": False},
    }
    spec = pod_template(ocrbackend, config, podTemplate=template)["spec"]
    assert spec["securityContext"]["fsGroup"] == 2000
    assert spec["securityContext"]["runAsUser"] == 10001
    container = spec["containers"][0]["securityContext"]
    assert container["readOnlyRootFilesystem"] is False
    assert container["allowPrivilegeEscalation"] is False


def test_pods_get_scheduler_hosts_and_dns_of_the_template(ocrbackend: Make, config: OperatorConfig) -> None:
    fields = {
        "schedulerName": "volcano",
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["studio"]}],
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["10.0.0.2"]},
    }
    spec = pod_template(ocrbackend, config, podTemplate=fields)["spec"]
    assert {name: spec[name] for name in fields} == fields
