"""How clusters start, end and fail. These tests use clusters of their own."""

import json
import os
import signal
import subprocess
import sys
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ocr_cluster import cache, cli, configuration, lifecycle, waiting
from ocr_cluster.errors import ClusterError
from ocr_cluster.record import Process

NAME = f"test-own-{os.getpid()}"


@pytest.fixture
def name():
    yield NAME
    lifecycle.down(NAME)


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("OCR_CACHE_DIR", str(tmp_path))


def _parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _processes(cluster):
    """The supervisor and all its descendants, with their names. Orphans become its children."""
    parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))}
    descendants, generation = set(), {cluster.record.supervisor.pid}
    while generation:
        descendants |= generation
        generation = {pid for pid, parent in parents.items() if parent in generation}
    names = {Process.of(pid): Path(f"/proc/{pid}/comm") for pid in descendants}
    return {process: comm.read_text().strip() for process, comm in names.items() if comm.exists()}


def _routes(block):
    routes = json.loads(subprocess.check_output(["ip", "-json", "-4", "route", "show", "table", "all"]))
    return [each for each in routes if each["dst"] != "default" and IPv4Network(each["dst"]).overlaps(block)]


def _traces(cluster, processes):
    """Everything of the cluster that exists on the machine, by kind."""
    addresses = cluster.record.addresses
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    traces = {
        "processes": [name for process, name in processes.items() if process.is_alive()],
        "link": list(Path("/sys/class/net").glob(addresses.machine_link)),
        "routes": _routes(addresses.block),
        "mounts": [line for line in mounts if str(cluster.folder) in line],
        "control groups": list(Path("/sys/fs/cgroup").glob(f"**/{configuration.cgroup(cluster.name)}")),
        "folder": [cluster.folder] if cluster.folder.exists() else [],
    }
    return {kind: things for kind, things in traces.items() if things}


@pytest.mark.light
def test_a_light_cluster_leaves_nothing_behind():
    with lifecycle.running(NAME, light=True) as cluster:
        processes = _processes(cluster)
        before = _traces(cluster, processes)
    assert set(before) == {"processes", "link", "routes", "folder"}
    assert {"etcd", "kube-apiserver", "kwok"} <= set(before["processes"])
    assert _traces(cluster, processes) == {}


@pytest.mark.e2e
def test_a_full_cluster_with_a_running_pod_leaves_nothing_behind():
    with lifecycle.running(NAME) as cluster:
        cluster.kubectl("run", "pod", f"--image={configuration.NODE_IMAGE}", "--image-pull-policy=Never")
        cluster.kubectl("wait", "--for=condition=Ready", "pod/pod")
        processes = _processes(cluster)
        before = _traces(cluster, processes)
    # Its mounts are in the cluster's mount namespace, and end with it.
    assert set(before) == {"processes", "link", "routes", "control groups", "folder"}
    assert {"kubelet", "containerd-shim", "pause"} <= set(before["processes"])
    assert _traces(cluster, processes) == {}


@pytest.mark.light
def test_an_ephemeral_cluster_ends_with_the_process_that_started_it(name):
    program = f"import sys; from ocr_cluster import lifecycle\nwith lifecycle.running({name!r}, light=True): "
    creator = subprocess.Popen(
        [sys.executable, "-c", program + "print('up', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )
    with creator:
        assert creator.stdout.readline() == b"up\n"
        cluster = lifecycle.find(name)
        assert cluster.is_running()
        creator.kill()
    waiting.until(lambda: not cluster.is_running(), "the cluster to end by itself", 30)
    lifecycle.sweep()
    assert lifecycle.find(name) is None
    assert not cluster.folder.exists()


@pytest.mark.light
def test_a_cluster_reports_a_dead_component(name, capsys):
    with lifecycle.running(name, light=True) as cluster:
        etcd = [process.pid for process, name in _processes(cluster).items() if name == "etcd"]
        os.kill(etcd[0], signal.SIGKILL)
        assert (
            cluster.wait(cluster.exits, "the end of etcd to be logged")
            == "etcd ended with -9; see logs/etcd.log"
        )
        with pytest.raises(ClusterError, match=r"is broken: etcd ended with -9.*run `down`, then `up`"):
            lifecycle.up(name, light=True)
        assert cli.main(["status"]) == 0
        assert "etcd ended with -9" in capsys.readouterr().out


@pytest.mark.light
def test_up_returns_a_running_cluster(light_cluster):
    again = lifecycle.up(light_cluster.name, light=True)
    assert again.record == light_cluster.record


@pytest.mark.light
def test_up_refuses_another_kind_of_cluster_under_the_same_name(light_cluster):
    with pytest.raises(
        ClusterError, match=f"is running and is light; first run `down --name {light_cluster.name}`"
    ):
        lifecycle.up(light_cluster.name)


@pytest.mark.light
def test_two_clusters_run_at_once(light_cluster):
    with lifecycle.running(NAME, light=True) as other:
        assert other.server != light_cluster.server
        assert len(other.get("nodes")["items"]) == 1
        assert len(light_cluster.get("nodes")["items"]) == 3


@pytest.mark.usefixtures("empty_cache")
def test_down_removes_the_remains_of_a_crash(name, capsys):
    (cache.clusters() / name / "logs").mkdir(parents=True)
    assert cli.main(["status"]) == 0
    assert f"{name}\tincomplete; remove it with `down`" in capsys.readouterr().out
    assert cli.main(["down", "--name", name]) == 0
    assert "was removed" in capsys.readouterr().err
    assert not (cache.clusters() / name).exists()


@pytest.mark.usefixtures("empty_cache")
def test_down_says_that_a_cluster_did_not_exist(name, capsys):
    assert cli.main(["down", "--name", name]) == 0
    assert "did not exist" in capsys.readouterr().err


@pytest.mark.parametrize("bad", ["", "..", "a/b", "A", "-a", "a" * 41])
def test_an_invalid_name_is_refused(bad):
    with pytest.raises(ClusterError, match="is not allowed; use up to 40 characters of a-z"):
        lifecycle.down(bad)


@pytest.mark.usefixtures("empty_cache")
def test_a_command_for_a_stopped_cluster_says_how_to_start_it(name, capsys):
    assert cli.main(["kubeconfig", "--name", name]) == 1
    assert f"start it with `up --name {name}`" in capsys.readouterr().err


def test_an_invalid_node_resource_is_refused_with_an_example(capsys):
    with pytest.raises(SystemExit):
        cli.main(["up", "--light", "--node-resource", "nvidia.com/gpu"])
    assert "nvidia.com/gpu=1" in capsys.readouterr().err


def test_an_unknown_program_is_refused_with_the_known_ones(capsys):
    assert cli.main(["programs", "kubeadm"]) == 1
    assert "unknown program kubeadm; known: etcd, " in capsys.readouterr().err
