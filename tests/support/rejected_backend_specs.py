"""Specs with invalid variants, engines or models, and the message of the API server."""

import pytest

MOBILE = {"name": "ch-mobile", "language": "ch", "modelType": "mobile"}
BUILTIN = {"ocrVersion": "PP-OCRv6", "models": {"source": "Builtin"}}
CLAIM = {"models": {"source": "Claim", "storage": {"claimName": "mine"}}}

REJECTED_BACKENDS = [
    pytest.param({}, "spec.variants: Required value", id="no variants"),
    pytest.param({"variants": []}, "should have at least 1 items", id="an empty list"),
    pytest.param(
        {"variants": [{"language": "ch"}]}, "variants[0].modelType: Required value", id="no model type"
    ),
    pytest.param(
        {"variants": [{"name": "xx-mobile", "language": "xx", "modelType": "mobile"}]},
        "the language is unknown: set one of ch, en, japan, korean, arabic, cyrillic, devanagari, latin,",
        id="an unknown language",
    ),
    pytest.param(
        {"variants": [{"name": "ch-tiny", "language": "ch", "modelType": "tiny"}]},
        'supported values: "server", "mobile"',
        id="an unknown model type",
    ),
    pytest.param(
        {"variants": [MOBILE, MOBILE]},
        "variants[1]: Duplicate value",
        id="a variant twice",
    ),
    pytest.param(
        {"variants": [MOBILE], "labelStudio": {"url": "http://label-studio", "readNewTasks": True}},
        "labelStudio.readNewTasks needs labelStudio.url and labelStudio.apiKeySecretRef",
        id="new tasks without a token",
    ),
    pytest.param({"variants": [MOBILE] * 17}, "must have at most 16 items", id="seventeen variants"),
    pytest.param(
        {
            "ocrVersion": "PP-OCRv6",
            "variants": [{"name": "korean-mobile", "language": "korean", "modelType": "mobile"}],
        },
        "PP-OCRv6 supports only ch, en, japan, latin, chinese_cht: set another language or ocrVersion "
        "(korean needs PP-OCRv5 or PP-OCRv3",
        id="a language that the newest OCR version lacks",
    ),
    pytest.param(
        {
            "ocrVersion": "PP-OCRv6",
            "variants": [{"name": "ru-mobile", "language": "ru", "modelType": "mobile"}],
        },
        "(korean needs PP-OCRv5 or PP-OCRv3; arabic needs PP-OCRv5 or PP-OCRv3",
        id="a name of a language that the newest OCR version lacks",
    ),
    pytest.param(
        {
            "ocrVersion": "PP-OCRv4",
            "variants": [{"name": "japan-mobile", "language": "japan", "modelType": "mobile"}],
        },
        "PP-OCRv4 supports only ch, en",
        id="a language that an old OCR version lacks",
    ),
    pytest.param(
        {
            "ocrVersion": "PP-OCRv5",
            "variants": [{"name": "ka-mobile", "language": "ka", "modelType": "mobile"}],
        },
        "PP-OCRv5 supports only ch, en, japan, korean, arabic, cyrillic, devanagari, latin, eslav",
        id="a language that only the oldest OCR version has",
    ),
    pytest.param(
        {
            "ocrVersion": "PP-OCRv3",
            "variants": [{"name": "th-mobile", "language": "th", "modelType": "mobile"}],
        },
        "PP-OCRv3 supports only ch, en, japan, korean, arabic, cyrillic, devanagari, latin, eslav",
        id="a language that a later OCR version added",
    ),
    pytest.param(
        {"ocrVersion": "PP-OCRv2", "variants": [MOBILE]},
        'supported values: "PP-OCRv6"',
        id="an unknown OCR version",
    ),
    pytest.param(
        {"variants": [MOBILE | {"replicas": 2, "autoscaling": {"maxReplicas": 3}}]},
        "replicas and autoscaling exclude each other: remove one of them",
        id="replicas and autoscaling",
    ),
    pytest.param(
        {"variants": [MOBILE | {"autoscaling": {"minReplicas": 3, "maxReplicas": 2}}]},
        "autoscaling.minReplicas must not be greater than autoscaling.maxReplicas",
        id="a minimum above the maximum",
    ),
    pytest.param(
        {
            "variants": [
                MOBILE | {"autoscaling": {"maxReplicas": 2}, "resources": {"limits": {"memory": "1Gi"}}}
            ]
        },
        "autoscaling.mode CPU needs a CPU request: set resources.requests.cpu",
        id="autoscaling without a CPU request",
    ),
    pytest.param(
        {"ocrVersion": "PP-OCRv4", "models": {"source": "Builtin"}, "variants": [MOBILE]},
        "models.source Builtin has only some mobile models: set every modelType to mobile, and ocrVersion to "
        "PP-OCRv6 with the languages ch, en, japan, latin, chinese_cht or ocrVersion to PP-OCRv5 with",
        id="builtin with an OCR version that has no builtin models",
    ),
    pytest.param(
        {
            "models": {"source": "Builtin"},
            "variants": [{"name": "ko", "language": "korean", "modelType": "mobile"}],
        },
        "or ocrVersion to PP-OCRv5 with the languages ch, en, japan, chinese_cht",
        id="builtin with a language that has no builtin model",
    ),
    pytest.param(
        {
            "models": {"source": "Builtin"},
            "variants": [{"name": "fr", "language": "fr", "modelType": "mobile"}],
        },
        "or ocrVersion to PP-OCRv5 with the languages ch, en, japan, chinese_cht",
        id="builtin with a name of a language that has no builtin model",
    ),
    pytest.param(
        BUILTIN | {"variants": [{"name": "ch-server", "language": "ch", "modelType": "server"}]},
        "every modelType to mobile",
        id="builtin with another model type",
    ),
    pytest.param(
        BUILTIN | {"variants": [MOBILE], "options": {"useDocUnwarping": True}},
        "models.source Builtin has no model for useDocUnwarping",
        id="an option that builtin lacks",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "OnnxRuntime", "ocrVersion": "PP-OCRv4"},
        "the hubs have PP-OCRv4 and PP-OCRv3 only for the engine Paddle",
        id="an engine without models",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "OnnxRuntime", "options": {"useDocUnwarping": True}},
        "the engines OpenVINO and OnnxRuntime do not support useDocUnwarping",
        id="an option that the engine lacks",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "OpenVINO", "accelerator": {"resourceName": "nvidia.com/gpu"}},
        "the engine OpenVINO runs on the CPU only",
        id="an accelerator for a CPU engine",
    ),
    pytest.param(
        {
            "variants": [MOBILE | {"accelerator": {"resourceName": "nvidia.com/gpu"}}],
            "engine": "OpenVINO",
        },
        "the engine OpenVINO runs on the CPU only",
        id="an accelerator of a variant for a CPU engine",
    ),
    pytest.param(
        {"variants": [MOBILE], "engine": "Tesseract"},
        'supported values: "Auto", "OpenVINO", "OnnxRuntime", "Paddle"',
        id="an unknown engine",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"source": "Claim"}},
        "models.source Claim needs models.storage.claimName",
        id="the source Claim without a claim",
    ),
    pytest.param(
        {
            "ocrVersion": "PP-OCRv6",
            "variants": [MOBILE],
            "models": {"source": "Builtin", "storage": {"claimName": "mine"}},
        },
        "models.storage.claimName needs models.source Claim or Hub",
        id="a claim for another source",
    ),
    *(
        pytest.param(
            {
                "variants": [MOBILE],
                "models": {"source": source, "storage": {"claimName": "mine"} | storage},
            },
            "models.storage.claimName excludes size and storageClassName",
            id=f"{field} of an existing claim, for {source}",
        )
        for source in ("Claim", "Hub")
        for field, storage in [
            ("size", {"size": "10Gi"}),
            ("class", {"storageClassName": "fast"}),
        ]
    ),
    pytest.param(
        {"variants": [MOBILE | {"autoscaling": {"minReplicas": 2}}]},
        "autoscaling.maxReplicas is required: set it, or set mode to External",
        id="autoscaling without a maximum",
    ),
    pytest.param(
        {"variants": [MOBILE | {"autoscaling": {"mode": "Queue", "maxReplicas": 2}}]},
        "autoscaling.mode Queue needs autoscaling.prometheusAddress",
        id="autoscaling on the queue without Prometheus",
    ),
    pytest.param(
        {
            "variants": [
                MOBILE
                | {"autoscaling": {"mode": "Queue", "maxReplicas": 2, "prometheusAddress": "host:9090"}}
            ]
        },
        "autoscaling.prometheusAddress must be a URL that begins with http:// or https://",
        id="autoscaling on the queue with a Prometheus that is no URL",
    ),
    pytest.param(
        {
            "variants": [MOBILE | {"autoscaling": {"maxReplicas": 2}}],
            "accelerator": {"resourceName": "a.b/c"},
        },
        "autoscaling.mode CPU does not fit a variant with an accelerator",
        id="autoscaling on CPU with an accelerator",
    ),
    pytest.param(
        {"variants": [MOBILE | {"accelerator": {"runtimeClassName": "nvidia"}}]},
        "accelerator needs resourceName: set it, or set accelerator to {} for none",
        id="an accelerator of a variant without a device",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"source": "Image"}},
        "models.source Image and models.image need each other",
        id="the source Image without an image",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"image": {"reference": "models:1"}}},
        "models.source Image and models.image need each other",
        id="a models image for another source",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"offline": True, "mirror": "https://hub.example.com"}},
        "models.offline excludes models.mirror",
        id="a mirror without downloads",
    ),
    pytest.param(
        {"variants": [MOBILE | {"models": {"recognition": "rec"}}]},
        "variants[].models needs a claim or image with custom models: set models.source to Claim or Image",
        id="a custom recognition model with the source Hub",
    ),
    pytest.param(
        BUILTIN | {"variants": [MOBILE | {"models": {"detection": "det"}}]},
        "variants[].models needs a claim or image with custom models: set models.source to Claim or Image",
        id="a custom detection model with the source Builtin",
    ),
    *(
        pytest.param(
            CLAIM | {"variants": [MOBILE | {"models": {field: folder}}]},
            f"models.{field} must be a path relative to the claim, or to /models of the image",
            id=f"a custom model in {folder}",
        )
        for field, folder in [
            ("recognition", "/data/models/rec"),
            ("detection", "../det"),
            ("recognition", "receipts/../../rec"),
            ("recognition", "receipts/.."),
            ("detection", "."),
            ("detection", "receipts//det"),
            ("detection", "receipts/"),
        ]
    ),
    pytest.param(
        CLAIM | {"variants": [MOBILE | {"models": {"recognition": ""}}]},
        "models.recognition",
        id="an empty path of a custom model",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"mirror": "hub.example.com"}},
        "models.mirror must be a URL that begins with http:// or https://",
        id="a mirror that is not a URL",
    ),
    pytest.param(
        {"variants": [MOBILE], "models": {"storage": {"size": "much"}}},
        "models.storage.size",
        id="a size that is not a quantity",
    ),
]
