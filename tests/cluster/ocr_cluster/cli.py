"""The command line: `python -m ocr_cluster --help`. Results go to stdout, progress to stderr."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ocr_cluster import images, lifecycle, loading, record
from ocr_cluster import programs as go_programs
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import say

_DEFAULT_NAME = "demo"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 after an error message, or 130 if interrupted."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\ninterrupted; run the command again, or run `down` to remove what was created", file=sys.stderr
        )
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ocr_cluster", description="A real Kubernetes cluster on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = _command(commands, "up", _up, "start the cluster, unless it is running")
    up.add_argument(
        "--light", action="store_true", help="fake nodes that run no containers, instead of a real one"
    )
    up.add_argument("--nodes", type=int, default=1, help="number of fake nodes (with --light; default 1)")
    up.add_argument(
        "--node-resource",
        type=_resource,
        action="append",
        default=[],
        metavar="NAME=COUNT",
        help="extended resource of each fake node, such as nvidia.com/gpu=1; may be repeated",
    )
    _command(commands, "down", _down, "stop the cluster and remove all its files")
    _command(commands, "kubeconfig", _kubeconfig, "print the path of the administrator's kubeconfig")
    load = _command(commands, "load", _load, "load image archives into the node, except those that it has")
    load.add_argument("archive", type=Path, nargs="+")
    image = _command(
        commands,
        "images",
        _images,
        "build the images whose inputs changed, and print their names",
        named=False,
    )
    image.add_argument("target", nargs="*", help=f"default: {' '.join(images.TARGETS)}")
    image.add_argument(
        "--as",
        dest="name",
        metavar="NAME",
        help="build one target under this name, for Skaffold; with PUSH_IMAGE=true, also push it",
    )
    image.add_argument(
        "--print", action="store_true", help="print JSON: target, reference and archive of each image"
    )
    image.add_argument(
        "--load",
        nargs="?",
        const=_DEFAULT_NAME,
        metavar="NAME",
        help=f"also load the images into this cluster (default {_DEFAULT_NAME}) if it is running",
    )
    _command(commands, "status", _status, "list all clusters of this cache folder", named=False)
    build = _command(commands, "programs", _programs, "build the programs and print their paths", named=False)
    build.add_argument("program", nargs="*", help=f"default: all of {', '.join(go_programs.PROGRAMS)}")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], None],
    description: str,
    named: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=description, description=description)
    parser.set_defaults(command=run)
    if named:
        parser.add_argument(
            "--name", default=_DEFAULT_NAME, help=f"name of the cluster (default {_DEFAULT_NAME})"
        )
    return parser


def _resource(text: str) -> tuple[str, str]:
    name, separator, count = text.partition("=")
    if not separator or not name or not count.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=COUNT, such as nvidia.com/gpu=1")
    return name, count


def _up(options: argparse.Namespace) -> None:
    before = lifecycle.find(options.name)
    cluster = lifecycle.up(options.name, options.light, options.nodes, tuple(options.node_resource))
    was_running = before and before.record == cluster.record
    say(f"cluster {cluster.name} {'was already' if was_running else 'is'} running at {cluster.server}")
    print(cluster.kubeconfig)


def _down(options: argparse.Namespace) -> None:
    say(f"cluster {options.name} {'was removed' if lifecycle.down(options.name) else 'did not exist'}")


def _kubeconfig(options: argparse.Namespace) -> None:
    print(_running(options.name).kubeconfig)


def _load(options: argparse.Namespace) -> None:
    for reference in loading.load(_running(options.name), options.archive):
        print(reference)


def _images(options: argparse.Namespace) -> None:
    if options.name:
        _image_as(options)
        return
    built = images.build(options.target or images.TARGETS)
    if options.load:
        cluster = lifecycle.find(options.load)
        if cluster and cluster.is_running():
            loading.load(cluster, [image.archive for image in built])
        else:
            say(f"cluster {options.load} is not running: no image was loaded")
    rows = [
        {"target": each.target, "reference": each.reference, "archive": str(each.archive)} for each in built
    ]
    print(json.dumps(rows, indent=2) if options.print else "\n".join(row["reference"] for row in rows))


def _image_as(options: argparse.Namespace) -> None:
    if len(options.target) != 1:
        raise ClusterError(f"--as needs exactly one target; given: {' '.join(options.target) or 'none'}")
    arguments = {name: os.environ[name] for name in ("GPU_INDEX",) if os.environ.get(name)}
    images.build_as(options.name, options.target[0], arguments, push=os.environ.get("PUSH_IMAGE") == "true")
    print(options.name)


def _status(_: argparse.Namespace) -> None:
    for name in record.names():
        cluster = lifecycle.find(name)
        print(f"{name}\t{_state(cluster)}")


def _state(cluster: Cluster | None) -> str:
    if not cluster or not cluster.record.ready:
        return "incomplete; remove it with `down`"
    kind = "light" if cluster.record.light else "full"
    state = "running" if cluster.is_running() else "dead; start it again with `up`, or remove it with `down`"
    return "\t".join([kind, state, cluster.server, str(cluster.folder), cluster.exits().replace("\n", "; ")])


def _programs(options: argparse.Namespace) -> None:
    unknown = set(options.program) - set(go_programs.catalog())
    if unknown:
        programs = ", ".join(go_programs.catalog())
        raise ClusterError(f"unknown program {' '.join(sorted(unknown))}; known: {programs}")
    for path in go_programs.ensure(options.program or go_programs.PROGRAMS).values():
        print(path)


def _running(name: str) -> Cluster:
    cluster = lifecycle.find(name)
    if not cluster or not cluster.is_running():
        raise ClusterError(f"cluster {name} is not running; start it with `up --name {name}`")
    return cluster
