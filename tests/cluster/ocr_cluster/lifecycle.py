"""Brings a cluster up, finds it again, takes it down: the order of things, which stand elsewhere."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_cluster import (
    cache,
    cgroups,
    components,
    configuration,
    debian,
    nodes,
    programs,
    record,
    sandbox,
    starting,
)
from ocr_cluster.cluster import Cluster
from ocr_cluster.errors import ClusterError
from ocr_cluster.progress import say, step
from ocr_cluster.record import Record

_PACKAGES = ("iproute2", "util-linux")
_NODE_PACKAGES = ("containernetworking-plugins", "nftables", "iptables", "conntrack")


def up(
    name: str,
    light: bool = False,
    node_count: int = 1,
    node_resources: tuple[tuple[str, str], ...] = (),
    ephemeral: bool = False,
) -> Cluster:
    """The running cluster of that name, made if there is none; what a crash left of one is removed first.

    `node_count` and `node_resources` speak of a light cluster. Raises `ClusterError` when the cluster cannot
    be made, runs but is of the other kind, or is just being made by another process; `down` removes what a
    failure has left.
    """
    _check_name(name)
    if cluster := find(name):
        _check_usable(cluster, light)
        if cluster.record.ready and cluster.is_running():
            return cluster
    if os.geteuid() != 0:
        raise ClusterError("namespaces and network links can be made by root only; run this with sudo")
    down(name)
    debian.ensure(_PACKAGES if light else (*_PACKAGES, *_NODE_PACKAGES))
    paths = programs.ensure(components.programs(light))
    folder = cache.clusters() / name
    asked = Record(
        name, 0, folder, light=light, ephemeral=ephemeral, nodes=node_count, node_resources=node_resources
    )
    cluster = starting.start(starting.claim(asked), paths)
    try:
        return _completed(cluster, paths)
    except BaseException:
        # Nobody gets the handle of an ephemeral one; others stay as they are, with their logs.
        if ephemeral:
            _end(cluster)
        raise


@contextmanager
def running(name: str, **asked: object) -> Iterator[Cluster]:
    """An ephemeral cluster for the time of a `with` block; also gone if this process dies within it."""
    cluster = up(name, ephemeral=True, **asked)  # type: ignore[arg-type]
    try:
        yield cluster
    finally:
        _end(cluster)


def find(name: str) -> Cluster | None:
    """The cluster of that name as it was recorded, running or not."""
    known = record.load(name)
    return Cluster(known) if known else None


def down(name: str) -> bool:
    """Removes the cluster and all it has left on the machine; whether there was anything. May be repeated."""
    _check_name(name)
    folder = cache.clusters() / name
    sandbox.end(folder, record.load(name))
    cgroups.remove(configuration.cgroup(name))
    existed = folder.exists()
    _check_unmounted(folder)
    if existed:
        shutil.rmtree(folder)
    return existed


def sweep() -> None:
    """Removes what is left of ephemeral clusters whose makers are gone."""
    for name in record.names():
        cluster = find(name)
        if cluster and cluster.record.ephemeral and not cluster.record.maker.is_alive():
            say(f"removing what is left of cluster {name}")
            down(name)


def _end(cluster: Cluster) -> None:
    """`down`, then closes the pipes to the supervisor and reaps it."""
    down(cluster.name)
    if cluster.lifeline:
        with cluster.lifeline:
            pass


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        raise ClusterError(f"name {name!r} is not allowed; use up to 40 of a-z, 0-9 and, inside, '-'")


def _check_usable(cluster: Cluster, light: bool) -> None:
    if not cluster.record.ready and cluster.record.maker.is_alive():
        maker = cluster.record.maker.pid
        raise ClusterError(
            f"cluster {cluster.name} is just being made by process {maker}; wait until it is done"
        )
    if cluster.is_running() and cluster.exits():
        raise ClusterError(f"cluster {cluster.name} is broken: {cluster.exits()}; run `down`, then `up`")
    if cluster.is_running() and cluster.record.light != light:
        kind = "light" if cluster.record.light else "full"
        raise ClusterError(
            f"cluster {cluster.name} runs and is {kind}; first run `down --name {cluster.name}`"
        )


def _completed(cluster: Cluster, paths: dict[str, Path]) -> Cluster:
    with step(f"starting the control plane of cluster {cluster.name}"):
        _wait_for_api(cluster)
    if cluster.record.light:
        nodes.add_fake_nodes(cluster, paths["kwok"].parent)
    else:
        nodes.add_real_node(cluster)
    nodes.wait_for_nodes(cluster)
    return Cluster(cluster.record.saved(ready=True), cluster.lifeline)


def _wait_for_api(cluster: Cluster) -> None:
    cluster.wait(lambda: _is_api_ready(cluster), "the API server", 120)
    (cluster.folder / components.API_GATE).touch()


def _is_api_ready(cluster: Cluster) -> bool:
    if cluster.exits():
        raise ClusterError(f"a part of cluster {cluster.name} died: {cluster.exits()} in {cluster.folder}")
    try:
        return cluster.kubectl("get", "--raw=/readyz", seconds=10) == "ok"
    except ClusterError:
        return False


def _check_unmounted(folder: Path) -> None:
    """Refuses to delete through a mount, which would delete what is mounted."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if below := [mount for mount in mounts if Path(mount).is_relative_to(folder)]:
        raise ClusterError(f"something is mounted below {folder}: {' '.join(below)}; unmount it first")
