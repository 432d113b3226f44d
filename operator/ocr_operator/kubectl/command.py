"""The `kubectl-ocr` command, which kubectl runs as `kubectl ocr`.

Exit codes: 0 for success, 1 for a problem that the output explains, 2 for a wrong command line.
"""

import argparse
import base64
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ocr_operator.api.names import PORT, child_name
from ocr_operator.kubectl import bundle, changes, predict, table
from ocr_operator.kubectl.cluster_objects import BACKENDS, ClusterObjects, read_objects
from ocr_operator.kubectl.kubectl_program import Kubectl, KubectlError
from ocr_operator.kubectl.predict import PredictError
from ocr_operator.kubectl.why import Answer, why

_LOG_LINES = 2000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = parser().parse_args(arguments)
    kubectl = Kubectl(_flags(options))
    try:
        code: int = options.run(kubectl, options)
    except (KubectlError, PredictError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-n", "--namespace", help="namespace (default: the context's)")
    common.add_argument("--context", help="kubeconfig context (default: the current one)")
    common.add_argument("--kubeconfig", help="path of the kubeconfig file")
    ocr = argparse.ArgumentParser(
        prog="kubectl ocr", description="Inspect, troubleshoot and control OCRBackends."
    )
    commands = ocr.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("why", parents=[common], help="show why an OCRBackend is not ready")
    command.add_argument("name")
    command.set_defaults(run=_why)
    command = commands.add_parser(
        "status", parents=[common], help="list the variants of one or all OCRBackends"
    )
    command.add_argument("name", nargs="?")
    command.set_defaults(run=_status)
    command = commands.add_parser("predict", parents=[common], help="read an image and print its text")
    command.add_argument("name")
    command.add_argument("file", type=Path)
    command.add_argument(
        "--variant", metavar="NAME", help="name of the variant to use (default: the first in the spec)"
    )
    command.set_defaults(run=_predict)
    command = commands.add_parser("bundle", parents=[common], help="write a support bundle without secrets")
    command.add_argument("name")
    command.add_argument("-o", "--output", type=Path, help="file to write (default: NAME-bundle.tar.gz)")
    command.set_defaults(run=_bundle)
    changes.add_commands(commands, common)
    return ocr


def _flags(options: argparse.Namespace) -> tuple[str, ...]:
    values = {name: getattr(options, name) for name in ("kubeconfig", "context", "namespace")}
    return tuple(f"--{name}={value}" for name, value in values.items() if value)


def _why(kubectl: Kubectl, options: argparse.Namespace) -> int:
    objects = read_objects(kubectl, options.name)
    answer = why(objects)
    print(_answer_text(kubectl, objects, answer))
    return 0 if answer.is_ready else 1


def _answer_text(kubectl: Kubectl, objects: ClusterObjects, answer: Answer) -> str:
    lines = [f"{'  ' * depth}{step}" for depth, step in enumerate(answer.path)]
    lines += ["", f"{answer.reason}: {answer.message}"]
    if not answer.is_ready:
        lines.append(f"next: {kubectl.command(*answer.command)}")
    lines += [f"cannot read {kind}: {error}" for kind, error in objects.errors.items()]
    return "\n".join(lines)


def _status(kubectl: Kubectl, options: argparse.Namespace) -> int:
    name = options.name
    backends = [read_objects(kubectl, name).backend] if name else kubectl.list(BACKENDS)
    print(table.text(table.HEADINGS, table.variant_rows(backends)))
    return 0


def _predict(kubectl: Kubectl, options: argparse.Namespace) -> int:
    spec = read_objects(kubectl, options.name).backend["spec"]
    variant = chosen_variant([variant["name"] for variant in spec["variants"]], options.variant)
    credentials = _credentials(kubectl, (spec.get("labelStudio") or {}).get("basicAuthSecretRef"))
    with kubectl.port_forward(child_name(options.name, variant), PORT) as port:
        for text in predict.texts(f"http://127.0.0.1:{port}", options.file, credentials):
            print(text)
    return 0


def chosen_variant(variants: Sequence[str], name: str | None) -> str:
    """The variant of this name; the first for None.

    Raises:
        KubectlError: there is no such variant; the message lists the existing ones.
    """
    return variants[0] if name is None else changes.existing_variant(variants, name)


def _credentials(kubectl: Kubectl, reference: Mapping[str, str] | None) -> tuple[str, str] | None:
    """User and password of the backend, read with the permissions of the user of this command."""
    if not reference:
        return None
    name = reference["name"]
    secret = kubectl.get("secret", name)
    if secret is None:
        raise KubectlError(f"Secret {name}, which spec.labelStudio.basicAuthSecretRef names, not found")
    data = secret.get("data") or {}
    if missing := {"username", "password"} - data.keys():
        raise KubectlError(f"Secret {name} has no {' and no '.join(sorted(missing))}")
    user, password = (base64.b64decode(data[key]).decode() for key in ("username", "password"))
    return user, password


def _bundle(kubectl: Kubectl, options: argparse.Namespace) -> int:
    objects = read_objects(kubectl, options.name)
    rows = table.variant_rows([objects.backend])
    reports = {
        "why.txt": _answer_text(kubectl, objects, why(objects)) + "\n",
        "status.txt": table.text(table.HEADINGS, rows) + "\n",
    }
    folder = f"{options.name}-bundle"
    path = options.output or Path(f"{folder}.tar.gz")
    texts = bundle.files(objects, _logs(kubectl, objects), reports)
    try:
        bundle.write(path, folder, texts)
    except OSError as error:
        raise KubectlError(f"{path}: {error.strerror}") from error
    print(f"{path}: {len(texts)} files")
    return 0


def _logs(kubectl: Kubectl, objects: ClusterObjects) -> dict[str, str]:
    """The end of each pod's log, and of the log before its last restart."""
    logs = {}
    for pod in objects.of_kind("pods"):
        name = pod["metadata"]["name"]
        logs[name] = _log(kubectl, name)
        logs[f"{name}.previous"] = _log(kubectl, name, "--previous")
    return logs


def _log(kubectl: Kubectl, pod: str, *flags: str) -> str:
    """The end of a log, or kubectl's error."""
    try:
        return kubectl.run("logs", pod, f"--tail={_LOG_LINES}", *flags)
    except KubectlError as error:
        return f"{error}\n"


if __name__ == "__main__":
    sys.exit(main())
