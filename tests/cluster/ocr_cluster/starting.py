"""Starts a new cluster's processes: its place, files, namespaces and supervisor. Called by `lifecycle`."""

import os
from pathlib import Path

from ocr_cluster import cache, certificates, cgroups, configuration, inside, record, sandbox
from ocr_cluster.addresses import free_slot
from ocr_cluster.cluster import Cluster
from ocr_cluster.components import components
from ocr_cluster.record import Process, Record
from ocr_cluster.supervisor import Order

KUBECONFIGS = {
    "kubeconfig": configuration.ADMIN,
    "controller-manager.kubeconfig": "controller-manager",
    "scheduler.kubeconfig": "scheduler",
    "proxy.kubeconfig": "proxy",
    "kubelet.kubeconfig": "kubelet",
}


def claim(asked: Record) -> Record:
    """The record with a slot that no other cluster has, written down before anybody else can look."""
    with cache.locked("clusters"):
        others = [known for name in record.names() if (known := record.load(name))]
        slot = free_slot((other.slot for other in others), sandbox.routed())
        asked.folder.mkdir()
        return asked.saved(slot=slot.slot, maker=Process.of(os.getpid()))


def start(claimed: Record, paths: dict[str, Path]) -> Cluster:
    """The started cluster, before anything in it answers. `paths`: its programs by name.

    Raises `ClusterError` when the machine does not allow it; what was made by then is left to `down`.
    """
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
    for file, identity in KUBECONFIGS.items():
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
