"""CPU of a container, from files of both versions of control groups."""

import os

import pytest

from ocr_backend.system.cgroup_cpu import usable_cores, used_seconds


@pytest.fixture
def machine(tmp_path):
    """`machine(files)`: a folder with these files."""

    def write_files(files):
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        return tmp_path

    return write_files


@pytest.fixture(autouse=True)
def many_cores(monkeypatch):
    """A machine with 16 cores; the real one may have fewer than the quotas here."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))


def test_without_limits_all_cores_are_usable(tmp_path):
    assert usable_cores(tmp_path) == 16


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        pytest.param({"sys/fs/cgroup/cpu.max": "300000 100000"}, 3, id="v2, in a container"),
        pytest.param({"sys/fs/cgroup/cpu.max": "max 100000"}, 16, id="v2, no quota"),
        pytest.param({"sys/fs/cgroup/cpu.max": "250000 100000"}, 2, id="v2, rounded down"),
        pytest.param({"sys/fs/cgroup/cpu.max": "20000 100000"}, 1, id="v2, less than one"),
        pytest.param({"sys/fs/cgroup/cpu.max": "6400000 100000"}, 16, id="v2, more than the machine has"),
        pytest.param(
            {
                "proc/self/cgroup": "0::/kubepods/pod1/main",
                "sys/fs/cgroup/kubepods/cpu.max": "800000 100000",
                "sys/fs/cgroup/kubepods/pod1/cpu.max": "200000 100000",
                "sys/fs/cgroup/kubepods/pod1/main/cpu.max": "max 100000",
            },
            2,
            id="v2, the lowest of the parents",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/../other",
                "sys/fs/cgroup/cpu.max": "400000 100000",
            },
            4,
            id="v2, a path that is not visible",
        ),
        pytest.param(
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000",
            },
            3,
            id="v1, in a container",
        ),
        pytest.param(
            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"},
            16,
            id="v1, no quota",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:memory:/a\n5:cpuset:/b\n3:cpu,cpuacct:/docker/one",
                "sys/fs/cgroup/cpu,cpuacct/docker/one/cpu.cfs_quota_us": "200000",
                "sys/fs/cgroup/cpu,cpuacct/docker/one/cpu.cfs_period_us": "100000",
            },
            2,
            id="v1, below the mount",
        ),
    ],
)
def test_a_quota_limits_the_usable_cores(machine, files, cores):
    assert usable_cores(machine(files)) == cores


def test_cpu_affinity_limits_the_usable_cores(machine, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5})
    assert usable_cores(machine({"sys/fs/cgroup/cpu.max": "800000 100000"})) == 2


def test_this_machine_has_at_least_one_core():
    assert usable_cores() >= 1


@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        pytest.param(
            {
                "proc/self/cgroup": "0::/pod/a",
                "sys/fs/cgroup/pod/a/cpu.stat": "usage_usec 2500000\nuser_usec 1",
            },
            2.5,
            id="v2",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:memory:/host/pod/a\n3:cpu,cpuacct:/host/pod/a",
                "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "1500000000",
            },
            1.5,
            id="v1",
        ),
        pytest.param({}, None, id="unknown"),
    ],
)
def test_used_seconds_are_those_of_the_control_group(machine, files, seconds):
    assert used_seconds(machine(files)) == seconds
