"""Starts, finds and removes clusters: the order of the steps. Other modules do the steps."""

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
    """The running cluster of this name; starts it if needed, after removing the remains of a crash.

    `node_count` and `node_resources` are for light clusters. Raises `ClusterError` if the cluster cannot be
    started, is of the other kind, or is being started by another process. `down` removes the remains of a
    failed start.
    """
    _check_name(name)
    if cluster := find(name):
        _check_usable(cluster, light)
        if cluster.record.ready and cluster.is_running():
            return cluster
    if os.geteuid() != 0:
        raise ClusterError("only root can create namespaces and network links; run this with sudo")
    down(name)
    debian.ensure(_PACKAGES if light else (*_PACKAGES, *_NODE_PACKAGES))
    paths = programs.ensure(components.programs(light))
    folder = cache.clusters() / name
    requested = Record(
        name, 0, folder, light=light, ephemeral=ephemeral, nodes=node_count, node_resources=node_resources
    )
    cluster = starting.start(starting.claim(requested), paths)
    try:
        return _complete(cluster, paths)
    except BaseException:
        # Nothing else ends an ephemeral cluster. Others remain, with their logs.
        if ephemeral:
            _end(cluster)
        raise


@contextmanager
def running(name: str, **options: object) -> Iterator[Cluster]:
    """An ephemeral cluster until the end of the context, or until this process dies."""
    cluster = up(name, ephemeral=True, **options)  # type: ignore[arg-type]
    try:
        yield cluster
    finally:
        _end(cluster)


def find(name: str) -> Cluster | None:
    """The cluster of this name as recorded, running or not; None if there is no record."""
    saved = record.load(name)
    return Cluster(saved) if saved else None


def down(name: str) -> bool:
    """Removes the cluster and all its traces; returns whether it existed. May be repeated."""
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
    """Removes ephemeral clusters whose creators have ended."""
    for name in record.names():
        cluster = find(name)
        if cluster and cluster.record.ephemeral and not cluster.record.creator.is_alive():
            say(f"removing the remains of cluster {name}")
            down(name)


def _end(cluster: Cluster) -> None:
    """`down`, then closes the pipes to the supervisor and reaps it."""
    down(cluster.name)
    if cluster.lifeline:
        with cluster.lifeline:
            pass


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        raise ClusterError(
            f"name {name!r} is not allowed; use up to 40 characters of a-z, 0-9 and '-', no '-' at the ends"
        )


def _check_usable(cluster: Cluster, light: bool) -> None:
    if not cluster.record.ready and cluster.record.creator.is_alive():
        pid = cluster.record.creator.pid
        raise ClusterError(f"process {pid} is starting cluster {cluster.name}; wait until it is ready")
    if cluster.is_running() and cluster.exits():
        raise ClusterError(f"cluster {cluster.name} is broken: {cluster.exits()}; run `down`, then `up`")
    if cluster.is_running() and cluster.record.light != light:
        kind = "light" if cluster.record.light else "full"
        raise ClusterError(
            f"cluster {cluster.name} is running and is {kind}; first run `down --name {cluster.name}`"
        )


def _complete(cluster: Cluster, paths: dict[str, Path]) -> Cluster:
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
        raise ClusterError(
            f"a component of cluster {cluster.name} died: {cluster.exits()} in {cluster.folder}"
        )
    try:
        return cluster.kubectl("get", "--raw=/readyz", seconds=10) == "ok"
    except ClusterError:
        return False


def _check_unmounted(folder: Path) -> None:
    """Refuses to delete a folder with a mount in it, which would delete the mounted files."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if inner := [mount for mount in mounts if Path(mount).is_relative_to(folder)]:
        raise ClusterError(f"file systems are mounted in {folder}: {' '.join(inner)}; unmount it first")
