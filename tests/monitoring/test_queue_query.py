"""The query by which KEDA scales a variant, computed by promtool from series of two pods."""

from pathlib import Path

import pytest
import yaml

from api_defaults import defaulted
from ocr_operator.api.spec_parser import parse_backend
from ocr_operator.crd.spec_schema import spec_schema
from ocr_operator.manifests.scaled_object import scaled_object
from prometheus_process import promtool

pytestmark = pytest.mark.prometheus

POD = 'job="ocr-backend",namespace="labs",ocrbackend="ocr",variant="ch-mobile",pod="{}"'
OTHER = POD.replace("ch-mobile", "en-mobile").format("c")
SCALING = {"mode": "Queue", "maxReplicas": 6, "prometheusAddress": "http://prometheus"}
VARIANT = {"name": "ch-mobile", "language": "ch", "modelType": "mobile", "autoscaling": SCALING}


def _query() -> str:
    metadata = {"name": "ocr", "namespace": "labs", "uid": "uid-1", "generation": 1}
    spec = parse_backend({"metadata": metadata, "spec": defaulted(spec_schema(), {"variants": [VARIANT]})})
    [variant] = spec.variants
    assert variant.autoscaling
    query: str = scaled_object(spec, variant, variant.autoscaling)["spec"]["triggers"][0]["metadata"]["query"]
    return query


def _series(pods: dict[str, tuple[int, int, int]]) -> list[dict[str, str]]:
    """`pods`: labels -> waiting images, busy slots, slots."""
    names = ("ocr_images_waiting", "ocr_slots_busy", "ocr_slots")
    return [
        {"series": f"{name}{{{labels}}}", "values": str(value)}
        for labels, values in pods.items()
        for name, value in zip(names, values, strict=True)
    ]


@pytest.mark.parametrize(
    ("pods", "samples"),
    [
        # 14 images for pods of two slots: 7 images in one slot, 3.5 in each slot of two pods.
        pytest.param({"a": (10, 2, 2), "b": (1, 1, 2)}, [7], id="images of two pods"),
        pytest.param({"a": (0, 0, 2)}, [0], id="an idle pod"),
        pytest.param({}, [], id="no pod"),
    ],
)
def test_the_query_counts_the_images_of_the_variant_for_each_slot_of_a_pod(
    tmp_path: Path, pods: dict[str, tuple[int, int, int]], samples: list[int]
) -> None:
    series = _series({**{POD.format(pod): values for pod, values in pods.items()}, OTHER: (50, 2, 2)})
    expected = [{"labels": "{}", "value": value} for value in samples]
    test = {"expr": _query(), "eval_time": "0m", "exp_samples": expected}
    checks = [{"interval": "1m", "input_series": series, "promql_expr_test": [test]}]
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": checks}))
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
