"""The `kubectl-ocr` command, which kubectl runs as `kubectl ocr`.

Reads the command line, has the cluster read, and prints. Exit code 1: something is wrong, and said; 2: the
command line is wrong.
"""

import argparse
import base64
import sys
from collections.abc import Sequence
from pathlib import Path

from ocr_operator.api.names import PORT, variant_name
from ocr_operator.kubectl import bundle, predict, table
from ocr_operator.kubectl.cluster_objects import BACKENDS, Found, found
from ocr_operator.kubectl.kubectl_program import Kubectl, KubectlError
from ocr_operator.kubectl.predict import PredictError
from ocr_operator.kubectl.why import Answer, why

_LOG_LINES = 2000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; answers the exit code."""
    options = parser().parse_args(arguments)
    kubectl = Kubectl(_flags(options))
    try:
        code: int = options.run(kubectl, options)
    except (KubectlError, PredictError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """The command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-n", "--namespace", help="namespace; the context's if not given")
    common.add_argument("--context", help="context of the kubeconfig")
    common.add_argument("--kubeconfig", help="file to find the cluster with")
    found = argparse.ArgumentParser(prog="kubectl ocr", description="Looks after OCRBackends.")
    commands = found.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("why", parents=[common], help="say why an OCRBackend does not serve")
    one.add_argument("name")
    one.set_defaults(run=_why)
    one = commands.add_parser("status", parents=[common], help="show the variants, of one or of all")
    one.add_argument("name", nargs="?")
    one.set_defaults(run=_status)
    one = commands.add_parser("predict", parents=[common], help="read an image and print its text")
    one.add_argument("name")
    one.add_argument("file", type=Path)
    one.add_argument(
        "--variant",
        metavar="LANGUAGE/MODELTYPE",
        help="ch/mobile, say, or ch-mobile; the first of the spec if not given",
    )
    one.set_defaults(run=_predict)
    one = commands.add_parser("bundle", parents=[common], help="collect what a report needs, no secrets")
    one.add_argument("name")
    one.add_argument("-o", "--output", type=Path, help="file to write; NAME-bundle.tar.gz if not given")
    one.set_defaults(run=_bundle)
    return found


def _flags(options: argparse.Namespace) -> tuple[str, ...]:
    given = {name: getattr(options, name) for name in ("kubeconfig", "context", "namespace")}
    return tuple(f"--{name}={value}" for name, value in given.items() if value)


def _why(kubectl: Kubectl, options: argparse.Namespace) -> int:
    answer, said = _answer(kubectl, found(kubectl, options.name))
    print(said)
    return 0 if answer.is_well else 1


def _answer(kubectl: Kubectl, seen: Found) -> tuple[Answer, str]:
    answer = why(seen)
    lines = [f"{'  ' * depth}{step}" for depth, step in enumerate(answer.path)]
    lines += ["", f"{answer.reason}: {answer.message}"]
    if not answer.is_well:
        lines.append(f"next: {kubectl.command(*answer.command)}")
    lines += [f"not read: {kind}: {said}" for kind, said in seen.unread.items()]
    return answer, "\n".join(lines)


def _status(kubectl: Kubectl, options: argparse.Namespace) -> int:
    backends = [found(kubectl, options.name).backend] if options.name else kubectl.list(BACKENDS)
    print(table.text(table.HEADINGS, table.variants(backends)))
    return 0


def _predict(kubectl: Kubectl, options: argparse.Namespace) -> int:
    spec = found(kubectl, options.name).backend["spec"]
    variant = chosen([(one["language"], one["modelType"]) for one in spec["variants"]], options.variant)
    login = _login(kubectl, (spec.get("labelStudio") or {}).get("basicAuthSecretRef"))
    with kubectl.forwarded(variant_name(options.name, *variant), PORT) as port:
        for text in predict.texts(f"http://127.0.0.1:{port}", options.file, login):
            print(text)
    return 0


def chosen(known: Sequence[tuple[str, str]], wanted: str | None) -> tuple[str, str]:
    """The variant that `ch/mobile` or, as in names of Services, `ch-mobile` means; the first for None.

    Raises:
        KubectlError: there is none of that name; says which there are.
    """
    if wanted is None:
        return known[0]
    found = next((key for key in known if wanted in ("/".join(key), "-".join(key))), None)
    if found is None:
        names = ", ".join("/".join(key) for key in known)
        raise KubectlError(f"there is no variant {wanted}; there are: {names}")
    return found


def _login(kubectl: Kubectl, reference: dict[str, str] | None) -> tuple[str, str] | None:
    """User and password of the backend, read with the rights of whoever runs this."""
    if not reference:
        return None
    secret = kubectl.get("secret", reference["name"])
    if secret is None:
        raise KubectlError(f"there is no Secret {reference['name']}, which spec.labelStudio names")
    held = secret.get("data") or {}
    if missing := {"username", "password"} - held.keys():
        raise KubectlError(f"the Secret {reference['name']} has no {' and no '.join(sorted(missing))}")
    user, password = (base64.b64decode(held[key]).decode() for key in ("username", "password"))
    return user, password


def _bundle(kubectl: Kubectl, options: argparse.Namespace) -> int:
    seen = found(kubectl, options.name)
    _, said = _answer(kubectl, seen)
    rows = table.text(table.HEADINGS, table.variants([seen.backend]))
    folder = f"{options.name}-bundle"
    path = options.output or Path(f"{folder}.tar.gz")
    texts = bundle.members(seen, _logs(kubectl, seen), said + "\n", rows + "\n")
    try:
        bundle.write(path, folder, texts)
    except OSError as error:
        raise KubectlError(f"{path}: {error.strerror}") from error
    print(f"{path}: {len(texts)} files")
    return 0


def _logs(kubectl: Kubectl, seen: Found) -> dict[str, str]:
    """The end of each pod's log, and of the one before it; kubectl's words where there is none."""
    logs = {}
    for pod in (one["metadata"]["name"] for one in seen.of("pods")):
        for name, flags in ((pod, ()), (f"{pod}.previous", ("--previous",))):
            try:
                logs[name] = kubectl.run("logs", pod, f"--tail={_LOG_LINES}", *flags)
            except KubectlError as error:
                logs[name] = f"{error}\n"
    return logs


if __name__ == "__main__":
    sys.exit(main())
