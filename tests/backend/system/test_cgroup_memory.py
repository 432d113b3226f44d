"""Memory of a container, from files of both versions of control groups."""

from pathlib import Path

import pytest

from ocr_backend.system import cgroup_memory

GIB = 2**30


def _write_files(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "available"),
    [
        pytest.param({"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   2097152 kB\n"}, 2 * GIB, id="machine"),
        pytest.param(
            {"proc/meminfo": "MemAvailable: 4194304 kB\n", "sys/fs/cgroup/memory.max": f"{GIB}\n"},
            GIB,
            id="v2",
        ),
        pytest.param(
            {"proc/meminfo": "MemAvailable: 4194304 kB\n", "sys/fs/cgroup/memory.max": "max\n"},
            4 * GIB,
            id="v2 without a limit",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/memory.max": f"{GIB}",
                "sys/fs/cgroup/a/b/memory.max": f"{3 * GIB}",
            },
            GIB,
            id="the limit of the parent",
        ),
        pytest.param({"sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}"}, GIB, id="v1"),
        pytest.param(
            {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, 0, id="v1 without a limit"
        ),
        pytest.param({}, 0, id="unknown"),
    ],
)
def test_available_memory_is_the_lower_of_limit_and_free_memory(
    tmp_path: Path, files: dict[str, str], available: int
) -> None:
    assert cgroup_memory.available_bytes(_write_files(tmp_path, files)) == available


def test_this_machine_has_available_memory() -> None:
    assert cgroup_memory.available_bytes() > 0


V2 = {
    "proc/self/cgroup": "0::/pod/a\n",
    "sys/fs/cgroup/memory.current": "9000",
    "sys/fs/cgroup/pod/a/memory.current": "1000\n",
    "sys/fs/cgroup/pod/a/memory.stat": "anon 1\ninactive_file 300\nslab 5\n",
    "sys/fs/cgroup/pod/memory.max": "4096",
}
V1_IN_A_CONTAINER = {
    "proc/self/cgroup": "4:memory:/host/pod/a\n3:cpu,cpuacct:/host/pod/a\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
    "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 250\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "2048",
}
MORE_INACTIVE_THAN_USED = {
    "sys/fs/cgroup/memory.current": "10",
    "sys/fs/cgroup/memory.stat": "inactive_file 20\n",
}


@pytest.mark.parametrize(
    ("files", "used", "limit"),
    [
        pytest.param(V2, 700, 4096, id="v2"),
        pytest.param(V1_IN_A_CONTAINER, 750, 2048, id="v1"),
        pytest.param(MORE_INACTIVE_THAN_USED, 0, None, id="never negative"),
        pytest.param({}, None, None, id="unknown"),
    ],
)
def test_used_memory_and_limit_are_those_of_the_control_group(
    files: dict[str, str], used: int | None, limit: int | None, tmp_path: Path
) -> None:
    root = _write_files(tmp_path, files)
    assert cgroup_memory.used_bytes(root) == used
    assert cgroup_memory.limit_bytes(root) == limit
