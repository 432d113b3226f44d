"""The command line of `ocr-operator`, as the chart writes it."""

import argparse
from pathlib import Path

from ocr_operator.api.names import ObjectReference
from ocr_operator.api.operator_config import OperatorConfig, parse_image_reference
from ocr_operator.controller.watchdog import STALE_SECONDS
from ocr_operator.leader.claims import Claimant


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    arguments = argparse.ArgumentParser(prog="ocr-operator", description="Runs OCRBackends on Kubernetes.")
    _add_scope(arguments)
    _add_images(arguments)
    _add_chart_backends(arguments)
    arguments.add_argument(
        "--lease",
        required=True,
        type=_lease,
        metavar="NAMESPACE/NAME",
        help="Lease for the leader election",
    )
    arguments.add_argument(
        "--surge-wait-seconds",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long a new pod may wait for a device before an old pod is stopped",
    )
    arguments.add_argument(
        "--max-concurrent-rollouts",
        type=int,
        default=0,
        metavar="NUMBER",
        help="how many OCRBackends may roll out a new revision at the same time; 0 for no limit",
    )
    arguments.add_argument(
        "--stale-seconds",
        type=float,
        default=STALE_SECONDS,
        metavar="SECONDS",
        help="seconds without a verified watch before /livez fails",
    )
    arguments.add_argument("--port", type=int, default=8081, help="port of /metrics, /readyz and /livez")
    arguments.add_argument("--log-format", default="text", choices=("text", "json"))
    arguments.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    return arguments


def _add_scope(arguments: argparse.ArgumentParser) -> None:
    scope = arguments.add_mutually_exclusive_group(required=True)
    scope.add_argument("--namespace", action="append", default=[], help="namespace to watch; may be repeated")
    scope.add_argument("--all-namespaces", action="store_true", help="watch every namespace")


def _add_images(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--image", required=True, help="default image of variants without an accelerator")
    arguments.add_argument(
        "--paddle-image", required=True, help="the same for those that only PaddlePaddle can run"
    )
    arguments.add_argument("--gpu-image", required=True, help="default image of variants with an accelerator")
    arguments.add_argument(
        "--pull-policy", default="IfNotPresent", choices=("Always", "IfNotPresent", "Never")
    )
    arguments.add_argument(
        "--pull-secret", action="append", default=[], help="Secret to pull the default images with"
    )
    arguments.add_argument(
        "--image-volumes",
        default="Auto",
        choices=("Auto", "Never"),
        help="mount model images as volumes if the Kubernetes version can, or always copy them into the pod",
    )


def _add_chart_backends(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--backends", type=Path, metavar="FILE", help="OCRBackends to apply: names to specs, as YAML"
    )
    arguments.add_argument(
        "--backends-owner", metavar="NAMESPACE/NAME", help="ConfigMap that holds this file and owns them"
    )


def _lease(text: str) -> ObjectReference:
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAMESPACE/NAME")
    return ObjectReference("coordination.k8s.io/v1", "Lease", namespace, name)


def lease_owner(options: argparse.Namespace) -> ObjectReference | None:
    """The object with which the Lease is garbage-collected when the release is uninstalled."""
    namespace, _, name = (options.backends_owner or "").partition("/")
    return ObjectReference("v1", "ConfigMap", namespace, name) if name else None


def claimant(options: argparse.Namespace) -> Claimant:
    """The release: all its replicas have the same Lease for their election.

    It names the namespaces that it watches, unless it watches all, and that of the chart's OCRBackends.
    """
    owner = lease_owner(options)
    namespaces = frozenset((*options.namespace, *([owner.namespace] if owner else [])))
    return Claimant(f"{options.lease.namespace}/{options.lease.name}", owner, namespaces)


def operator_config(options: argparse.Namespace) -> OperatorConfig:
    """The configuration that the command line asks for, without what only the cluster knows."""
    return OperatorConfig(
        cpu_image=parse_image_reference(options.image),
        paddle_image=parse_image_reference(options.paddle_image),
        gpu_image=parse_image_reference(options.gpu_image),
        pull_policy=options.pull_policy,
        pull_secrets=tuple(options.pull_secret),
        surge_wait_seconds=options.surge_wait_seconds,
        max_concurrent_rollouts=options.max_concurrent_rollouts,
    )
