"""Memory: the tightest limit above the process, or what the machine has left."""

from pathlib import Path

import pytest

from ocr_backend.system.cgroup_memory import usable_bytes

GIB = 2**30


@pytest.mark.parametrize(
    ("files", "usable"),
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
            id="the limit above ours",
        ),
        pytest.param({"sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}"}, GIB, id="v1"),
        pytest.param(
            {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, 0, id="v1 without a limit"
        ),
        pytest.param({}, 0, id="nothing to be found out"),
    ],
)
def test_the_least_of_limits_and_what_is_left_is_taken(
    tmp_path: Path, files: dict[str, str], usable: int
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert usable_bytes(tmp_path) == usable


def test_this_machine_has_some() -> None:
    assert usable_bytes() > 0
