import re
from pathlib import Path

import pytest
import yaml

from ocr_cluster import certificates, components, configuration, inside, starting
from ocr_cluster.components import API_GATE, STAGES_GATE, STORAGE_GATE
from ocr_cluster.inside import FOLDER
from ocr_cluster.programs import PROGRAMS
from ocr_cluster.record import Record

FULL = Record("full", 1, Path("/cache/full"))
LIGHT = Record(
    "light", 2, Path("/cache/light"), light=True, nodes=2, node_resources=(("nvidia.com/gpu", "4"),)
)


def _folder_files(record, tmp_path):
    """Names of the files that are written to the run folder before the processes start."""
    certificates.write(tmp_path / "pki", configuration.identities(record))
    pki = {str(path.relative_to(tmp_path)) for path in (tmp_path / "pki").iterdir()}
    return pki | set(configuration.files(record)) | set(starting.KUBECONFIGS)


@pytest.mark.parametrize("record", [FULL, LIGHT], ids=["full", "light"])
def test_every_file_in_arguments_of_components_is_written(record, tmp_path):
    written = _folder_files(record, tmp_path)
    arguments = " ".join(word for each in components.components(record) for word in each.arguments)
    used = set(re.findall(rf"{FOLDER}/(\S+\.(?:crt|key|pub|yaml|json|toml|kubeconfig)|Corefile)", arguments))
    assert used
    assert used <= written


def test_every_file_in_the_kubelets_configuration_is_written(tmp_path):
    written = _folder_files(FULL, tmp_path)
    kubelet = configuration.files(FULL)["kubelet.yaml"]
    used = set(re.findall(rf"{FOLDER}/(\S+\.\w+)", kubelet))
    assert used == {"pki/ca.crt", "pki/kubelet.crt", "pki/kubelet.key", "resolv.conf"}
    assert used <= written


def test_a_full_cluster_runs_a_real_node():
    names = [each.program for each in components.components(FULL)]
    assert {"containerd", "kubelet", "kube-proxy", "coredns", "local-path-provisioner"} < set(names)
    assert "kwok" not in names


def test_a_light_cluster_runs_no_container():
    names = [each.program for each in components.components(LIGHT)]
    assert names == ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]


@pytest.mark.parametrize("light", [True, False])
def test_every_program_that_a_cluster_needs_can_be_built(light):
    needed = components.programs(light)
    assert len(needed) == len(set(needed))
    assert set(needed) <= set(PROGRAMS)


def test_clients_of_the_api_server_wait_for_it():
    gates = {each.program: each.gate for each in components.components(FULL)}
    assert {name for name, gate in gates.items() if not gate} == {"etcd", "kube-apiserver", "containerd"}
    assert gates["local-path-provisioner"] == STORAGE_GATE
    assert {API_GATE, STORAGE_GATE} == {gate for gate in gates.values() if gate}
    assert components.components(LIGHT)[-1].gate == STAGES_GATE


def test_fake_nodes_have_the_requested_resources():
    nodes = configuration.fake_nodes(LIGHT)
    assert [node["metadata"]["name"] for node in nodes] == ["kwok-0", "kwok-1"]
    assert all(node["status"]["allocatable"]["nvidia.com/gpu"] == "4" for node in nodes)
    assert all(node["status"]["capacity"] == node["status"]["allocatable"] for node in nodes)


def test_one_storage_class_is_the_default():
    marks = {
        each["metadata"]["name"]: each["metadata"]["annotations"][
            "storageclass.kubernetes.io/is-default-class"
        ]
        for each in configuration.storage()
        if each["kind"] == "StorageClass"
    }
    assert marks == {"standard": "true", "shared": "false"}


def test_the_run_folder_is_bound_before_the_new_run_hides_it():
    commands = [" ".join(command) for command in inside.setup(FULL.folder, FULL.addresses)]
    bound = next(i for i, command in enumerate(commands) if "--bind" in command)
    moved = next(i for i, command in enumerate(commands) if "--move" in command)
    assert bound < moved


def test_a_kubeconfig_has_one_server_and_embedded_credentials(tmp_path):
    certificates.write(tmp_path, {"admin": certificates.Identity("admin", "system:masters")})
    config = yaml.safe_load(certificates.kubeconfig("https://10.0.0.2:6443", tmp_path, "admin"))
    assert [each["cluster"]["server"] for each in config["clusters"]] == ["https://10.0.0.2:6443"]
    assert set(config["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
    assert config["current-context"] == config["contexts"][0]["name"]
