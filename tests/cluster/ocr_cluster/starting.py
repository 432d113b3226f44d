"""Starts a new cluster: its slot, files, namespaces and supervisor. `lifecycle` calls it."""

import os
from pathlib import Path

from ocr_cluster import cache, certificates, cgroups, configuration, inside, record, sandbox
from ocr_cluster.addresses import free_slot
from ocr_cluster.cluster import Cluster
from ocr_cluster.components import components
from ocr_cluster.record import Process, Record
from ocr_cluster.supervisor import Instructions

KUBECONFIGS = {
    "kubeconfig": configuration.ADMIN,
    "controller-manager.kubeconfig": "controller-manager",
    "scheduler.kubeconfig": "scheduler",
    "proxy.kubeconfig": "proxy",
    "kubelet.kubeconfig": "kubelet",
}


def claim(requested: Record) -> Record:
    """The record with a slot that no other cluster has; saved while other processes wait for the lock."""
    with cache.locked("clusters"):
        others = [saved for name in record.names() if (saved := record.load(name))]
        addresses = free_slot((other.slot for other in others), sandbox.routed())
        requested.folder.mkdir()
        return requested.saved(slot=addresses.slot, creator=Process.of(os.getpid()))


def start(claimed: Record, paths: dict[str, Path]) -> Cluster:
    """The started cluster; its API server does not respond yet. `paths`: its programs by name.

    Raises `ClusterError` if the machine does not allow it; `down` removes what exists by then.
    """
    folder = claimed.folder
    for name in ("bin", "logs", "gates", "home", "cni"):
        (folder / name).mkdir()
    for program, path in paths.items():
        # Hard links are visible in the namespaces, and remain if the cache is cleared.
        os.link(path, folder / "bin" / program)
    _write_files(claimed)
    if not claimed.light:
        cgroups.make(configuration.cgroup(claimed.name))
    started: list[Record] = []

    def save(pid: int) -> None:
        started.append(claimed.saved(supervisor=Process.of(pid)))

    lifeline = sandbox.start(folder, claimed.addresses, _instructions(claimed), save)
    return Cluster(started[0], lifeline if claimed.ephemeral else None)


def _write_files(claimed: Record) -> None:
    folder = claimed.folder
    certificates.write(folder / "pki", configuration.identities(claimed))
    for file, identity in KUBECONFIGS.items():
        text = certificates.kubeconfig(Cluster(claimed).server, folder / "pki", identity)
        (folder / file).write_text(text)
    for file, text in configuration.files(claimed).items():
        (folder / file).write_text(text)


def _instructions(claimed: Record) -> Instructions:
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
