"""Specs with invalid options, pods, monitoring or networking, and the message of the API server."""

import pytest

MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}

REJECTED_PODS = [
    pytest.param(
        {"variants": [MOBILE], "labelStudio": {"url": "labels.example.com"}},
        "labelStudio.url must be a URL that begins with http:// or https://",
        id="a host instead of a URL",
    ),
    pytest.param(
        {"variants": [MOBILE], "labelStudio": {"apiKeySecretRef": {"name": "s"}}},
        "apiKeySecretRef.key: Required value",
        id="a secret without a key",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"scoreThreshold": "1.5"}},
        'scoreThreshold must be a decimal from 0 to 1 in quotes, such as "0.5"',
        id="a threshold above one",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"scoreThreshold": "half"}},
        'scoreThreshold must be a decimal from 0 to 1 in quotes, such as "0.5"',
        id="a threshold that is not a number",
    ),
    pytest.param(
        {"variants": [MOBILE], "options": {"scoreThreshold": 0.5}}, "must be of type string", id="a float"
    ),
    pytest.param(
        {"variants": [MOBILE], "env": [{"name": "OCR_PORT", "value": "1"}]},
        "env must not set variables that the operator sets",
        id="a reserved variable",
    ),
    pytest.param(
        {"variants": [MOBILE], "env": [{"name": "LABEL_STUDIO_API_KEY", "value": "x"}]},
        "use the fields of the spec",
        id="a variable for a Secret",
    ),
    pytest.param(
        {
            "variants": [MOBILE],
            "env": [{"name": "A", "value": "1", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        },
        "a variable of env must have value or valueFrom, not both",
        id="a variable with two sources",
    ),
    pytest.param(
        {"variants": [MOBILE], "accelerator": {"resourceName": "gpu"}},
        "accelerator.resourceName must name an extended resource, such as nvidia.com/gpu",
        id="a device without a domain",
    ),
    pytest.param(
        {"variants": [MOBILE], "accelerator": {"resourceName": "nvidia.com/gpu", "count": 0}},
        "should be greater than or equal to 1",
        id="zero devices",
    ),
    pytest.param(
        {"variants": [MOBILE], "server": {"threads": 0}}, "greater than or equal to 1", id="zero threads"
    ),
    pytest.param(
        {"variants": [MOBILE | {"replicas": 0}]}, "should be greater than or equal to 1", id="zero replicas"
    ),
    pytest.param(
        {"variants": [MOBILE], "image": {"digest": "sha256:12"}}, "image.digest", id="an incomplete digest"
    ),
    pytest.param(
        {"variants": [MOBILE], "rollout": {"progressDeadlineSeconds": 5}},
        "should be greater than or equal to 30",
        id="a deadline below the minimum",
    ),
    pytest.param(
        {"variants": [MOBILE], "env": [{"name": "A", "valueFrom": {}}]},
        "valueFrom must have either secretKeyRef or configMapKeyRef",
        id="a variable without a source",
    ),
    pytest.param(
        {"variants": [MOBILE], "networkPolicy": {"allowFrom": [{}]}},
        "an entry of networkPolicy.allowFrom must have either ipBlock, or podSelector",
        id="an empty peer",
    ),
    pytest.param(
        {
            "variants": [MOBILE],
            "networkPolicy": {"allowFrom": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]},
        },
        "an entry of networkPolicy.allowFrom must have either ipBlock, or podSelector",
        id="a peer of pods and addresses",
    ),
    pytest.param(
        {"variants": [MOBILE], "networkPolicy": {"allowFrom": [{"ipBlock": {"cidr": "10.0.0"}}]}},
        "a network must be in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32",
        id="an invalid network",
    ),
    pytest.param(
        {"variants": [MOBILE], "monitoring": {"serviceMonitor": "Perhaps"}},
        'supported values: "Never", "Auto", "Always"',
        id="an unknown mode",
    ),
    pytest.param(
        {"variants": [MOBILE], "monitoring": {"labels": {"app.kubernetes.io/instance": "x"}}},
        "the labels app.kubernetes.io/instance, app.kubernetes.io/managed-by, app.kubernetes.io/name and",
        id="a reserved label",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"labels": {"ocrbackend.io/language": "x"}}},
        "and ocrbackend.io/* are reserved: use other labels",
        id="a reserved label of pods",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumes": [{"name": "files"}]}},
        "a volume of podTemplate must have exactly one of configMap, secret, persistentVolumeClaim, emptyDir",
        id="a volume without a source",
    ),
    pytest.param(
        {
            "variants": [MOBILE],
            "podTemplate": {"volumes": [{"name": "files", "emptyDir": {}, "configMap": {"name": "files"}}]},
        },
        "a volume of podTemplate must have exactly one of configMap, secret, persistentVolumeClaim, emptyDir",
        id="a volume with two sources",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}},
        'unknown field "spec.podTemplate.volumes[0].hostPath"',
        id="a hostPath",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumes": [{"name": "tmp", "emptyDir": {}}]}},
        "the volume names tmp and models are reserved: use another name",
        id="a reserved volume name",
    ),
    pytest.param(
        {"variants": [MOBILE], "podTemplate": {"volumeMounts": [{"name": "a", "mountPath": "/a"}]}},
        "every entry of podTemplate.volumeMounts must name a volume of podTemplate.volumes",
        id="a mount without a volume",
    ),
    *(
        pytest.param(
            {
                "variants": [MOBILE],
                "podTemplate": {
                    "volumes": [{"name": "a", "emptyDir": {}}],
                    "volumeMounts": [{"name": "a", "mountPath": path}],
                },
            },
            "podTemplate.volumeMounts must not be in or above /tmp or /data/models",
            id=f"a mount at {path}",
        )
        for path in ("/tmp", "/tmp/more", "/data", "/data/models", "/data/models/x")
    ),
    pytest.param(
        {"variants": [MOBILE], "placement": {"topologySpreadConstraints": [{"maxSkew": 1}]}},
        "topologySpreadConstraints[0].topologyKey: Required value",
        id="a spread without a topology key",
    ),
    pytest.param({"variants": [MOBILE], "option": {}}, 'unknown field "spec.option"', id="an unknown field"),
]
