"""Brings a cluster up, finds it again, takes it down: the order of things, which stand elsewhere."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_cluster import cache, certificates, cgroups, configuration, debian, inside, programs, record, sandbox
from ocr_cluster.addresses import free_slot
from ocr_cluster.cluster import Cluster
from ocr_cluster.components import API_GATE, STAGES_GATE, STORAGE_GATE, components
from ocr_cluster.components import programs as needed_programs
from ocr_cluster.errors import ClusterError
from ocr_cluster.loading import load_node_image
from ocr_cluster.progress import say, step
from ocr_cluster.record import Process, Record
from ocr_cluster.supervisor import Order

_PACKAGES = ("iproute2", "util-linux")
_NODE_PACKAGES = ("containernetworking-plugins", "nftables", "iptables", "conntrack")
_KUBECONFIGS = {
    "kubeconfig": configuration.ADMIN,
    "controller-manager.kubeconfig": "controller-manager",
    "scheduler.kubeconfig": "scheduler",
    "proxy.kubeconfig": "proxy",
    "kubelet.kubeconfig": "kubelet",
}


def up(
    name: str,
    light: bool = False,
    nodes: int = 1,
    node_resources: tuple[tuple[str, str], ...] = (),
    ephemeral: bool = False,
) -> Cluster:
    """The running cluster of that name, made if there is none; what a crash left of one is removed first.

    `nodes` and `node_resources` are those of a light cluster. Raises `ClusterError` when the cluster cannot
    be made, runs but is of the other kind, or is just being made by another process; `down` removes what a
    failure has left.
    """
    _check_name(name)
    if cluster := find(name):
        _check_usable(cluster, light)
        if cluster.record.ready and cluster.is_running():
            return cluster
    down(name)
    debian.ensure(_PACKAGES if light else (*_PACKAGES, *_NODE_PACKAGES))
    paths = programs.ensure(needed_programs(light))
    asked = Record(name, 0, light=light, ephemeral=ephemeral, nodes=nodes, node_resources=node_resources)
    cluster = _start(_claim(asked), paths)
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
    known = record.load(name)
    sandbox.end(folder, known.addresses if known else None)
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
    if cluster.is_running() and cluster.record.light != light:
        kind = "light" if cluster.record.light else "full"
        raise ClusterError(
            f"cluster {cluster.name} runs and is {kind}; first run `down --name {cluster.name}`"
        )


def _claim(asked: Record) -> Record:
    """The record with a slot that no other cluster has, written down before anybody else can look."""
    with cache.locked("clusters"):
        others = [known for name in record.names() if (known := record.load(name))]
        slot = free_slot((other.slot for other in others), sandbox.routed())
        asked.folder.mkdir()
        return asked.saved(slot=slot.slot, maker=Process.of(os.getpid()))


def _start(claimed: Record, paths: dict[str, Path]) -> Cluster:
    folder = claimed.folder
    for name in ("bin", "logs", "gates", "home", "cni"):
        (folder / name).mkdir()
    for program, path in paths.items():
        # Hard links: the namespaces see them whatever they hide, and the cache may be cleared meanwhile.
        os.link(path, folder / "bin" / program)
    _write_files(claimed)
    if not claimed.light:
        cgroups.make(configuration.cgroup(claimed.name))
    seen: list[Record] = []
    lifeline = sandbox.start(
        folder, claimed.addresses, _order(claimed), lambda pid: seen.append(_held(claimed, pid))
    )
    return Cluster(seen[0], lifeline if claimed.ephemeral else None)


def _held(claimed: Record, pid: int) -> Record:
    return claimed.saved(supervisor=Process.of(pid))


def _write_files(claimed: Record) -> None:
    folder = claimed.folder
    certificates.write(folder / "pki", configuration.identities(claimed))
    for file, identity in _KUBECONFIGS.items():
        text = certificates.kubeconfig(Cluster(claimed).server, folder / "pki", identity)
        (folder / file).write_text(text)
    for file, text in configuration.files(claimed).items():
        (folder / file).write_text(text)


def _order(claimed: Record) -> Order:
    return {
        "setup": [list(command) for command in inside.setup(claimed.folder, claimed.addresses)],
        "start": [
            {"name": each.program, "command": [each.program, *each.arguments], "gate": each.gate}
            for each in components(claimed)
        ],
        "folder": str(inside.FOLDER),
        "path": inside.PATH,
        "ephemeral": claimed.ephemeral,
    }


def _completed(cluster: Cluster, paths: dict[str, Path]) -> Cluster:
    with step(f"starting the control plane of cluster {cluster.name}"):
        _wait_for_api(cluster)
    if cluster.record.light:
        _add_fake_nodes(cluster, paths["kwok"].parent)
    else:
        _add_real_node(cluster)
    _wait_for_nodes(cluster)
    return Cluster(cluster.record.saved(ready=True), cluster.lifeline)


def _wait_for_api(cluster: Cluster) -> None:
    cluster.wait(lambda: _is_api_ready(cluster), "the API server", 120)
    (cluster.folder / API_GATE).touch()


def _is_api_ready(cluster: Cluster) -> bool:
    if cluster.exits():
        raise ClusterError(f"a part of cluster {cluster.name} died: {cluster.exits()} in {cluster.folder}")
    try:
        return cluster.kubectl("get", "--raw=/readyz", seconds=10) == "ok"
    except ClusterError:
        return False


def _add_fake_nodes(cluster: Cluster, kwok: Path) -> None:
    """With KWOK's own stages: pods get ready, jobs succeed, claims get volumes. Tests may add theirs."""
    stages = kwok / "kustomize"
    cluster.kubectl("apply", "--server-side", f"--kustomize={stages / 'crd'}")
    cluster.wait(lambda: _is_served(cluster, "kwok.x-k8s.io/v1alpha1"), "the API of KWOK")
    for folder in ("stage/fast", "stage/volume/fast"):
        cluster.kubectl("apply", f"--kustomize={stages / folder}")
    cluster.apply(*configuration.fake_nodes(cluster.record))
    (cluster.folder / STAGES_GATE).touch()


def _is_served(cluster: Cluster, api: str) -> bool:
    return api in cluster.kubectl("api-versions").split()


def _add_real_node(cluster: Cluster) -> None:
    load_node_image(cluster)
    cluster.apply(*configuration.storage())
    (cluster.folder / STORAGE_GATE).touch()


def _wait_for_nodes(cluster: Cluster) -> None:
    """Also for the account that every pod of the namespace `default` needs."""
    with step("waiting for the nodes"):
        count = cluster.record.nodes if cluster.record.light else 1
        cluster.wait(lambda: _ready_nodes(cluster) == count, f"{count} ready nodes", 120)
        cluster.wait(lambda: cluster.get("serviceaccount", "default"), "the account 'default'")


def _ready_nodes(cluster: Cluster) -> int:
    conditions = [node["status"].get("conditions", []) for node in cluster.get("nodes")["items"]]
    return sum(
        any(each["type"] == "Ready" and each["status"] == "True" for each in known) for known in conditions
    )


def _check_unmounted(folder: Path) -> None:
    """Refuses to delete through a mount, which would delete what is mounted."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if below := [mount for mount in mounts if Path(mount).is_relative_to(folder)]:
        raise ClusterError(f"something is mounted below {folder}: {' '.join(below)}; unmount it first")
