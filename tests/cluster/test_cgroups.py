"""With folders that look like the kernel's; the `e2e` tests use the machine's groups."""

import pytest

from ocr_cluster import cgroups
from ocr_cluster.errors import ClusterError


@pytest.fixture
def version_1(tmp_path):
    for name in ("cpuset", "memory", "unified"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset" / "cpuset.mems").write_text("0\n")
    (tmp_path / "cpu").symlink_to("memory")
    (tmp_path / "unified" / "cgroup.controllers").write_text("hugetlb\n")
    return tmp_path


@pytest.fixture
def version_2(tmp_path):
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    return tmp_path


def test_version_1_has_the_group_in_every_hierarchy(version_1):
    cgroups.make("ocr-a", version_1)
    assert sorted(str(path.relative_to(version_1)) for path in version_1.glob("*/ocr-a")) == [
        "cpu/ocr-a",
        "cpuset/ocr-a",
        "memory/ocr-a",
        "unified/ocr-a",
    ]


def test_version_1_inherits_the_cpus_that_the_kernel_leaves_empty(version_1):
    (version_1 / "cpuset" / "ocr-a").mkdir()
    (version_1 / "cpuset" / "ocr-a" / "cpuset.cpus").touch()
    cgroups.make("ocr-a", version_1)
    assert (version_1 / "cpuset" / "ocr-a" / "cpuset.cpus").read_text() == "0-1\n"
    assert (version_1 / "cpuset" / "ocr-a" / "cpuset.mems").read_text() == "0\n"


def test_version_2_has_one_group_and_enables_controllers(version_2):
    cgroups.make("ocr-a", version_2)
    assert (version_2 / "ocr-a").is_dir()
    assert (version_2 / "cgroup.subtree_control").read_text() == "+pids"


def test_version_2_does_not_enable_a_controller_twice(version_2):
    (version_2 / "cgroup.subtree_control").write_text("cpuset cpu memory pids io\n")
    cgroups.make("ocr-a", version_2)
    assert (version_2 / "cgroup.subtree_control").read_text() == "cpuset cpu memory pids io\n"


def test_a_group_is_removed_with_all_groups_in_it(version_1):
    cgroups.make("ocr-a", version_1)
    (version_1 / "memory" / "ocr-a" / "kubepods" / "burstable").mkdir(parents=True)
    # These are plain files; the kernel's disappear with their folder.
    for path in version_1.glob("cpuset/ocr-a/*"):
        path.unlink()
    cgroups.remove("ocr-a", version_1)
    assert not list(version_1.rglob("ocr-a"))


def test_removing_a_missing_group_does_nothing(version_2):
    cgroups.remove("ocr-a", version_2)
    assert not (version_2 / "ocr-a").exists()


def test_a_group_that_cannot_be_created_is_a_readable_error(version_2):
    (version_2 / "cgroup.subtree_control").unlink()
    with pytest.raises(ClusterError, match="pods need control groups"):
        cgroups.make("ocr-a", version_2)
