"""What a container uses, from the files of both versions of control groups."""

from pathlib import Path

import pytest

from ocr_backend.system import cgroup_usage


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


V2 = {
    "proc/self/cgroup": "0::/pod/a\n",
    "sys/fs/cgroup/memory.current": "9000",
    "sys/fs/cgroup/pod/a/memory.current": "1000\n",
    "sys/fs/cgroup/pod/a/memory.stat": "anon 1\ninactive_file 300\nslab 5\n",
    "sys/fs/cgroup/pod/memory.max": "4096",
    "sys/fs/cgroup/pod/a/cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
}
V1_AS_SEEN_IN_A_CONTAINER = {
    "proc/self/cgroup": "4:memory:/host/pod/a\n3:cpu,cpuacct:/host/pod/a\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
    "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 250\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "2048",
    "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "1500000000",
}
TOO_MUCH_TO_DROP = {
    "sys/fs/cgroup/memory.current": "10",
    "sys/fs/cgroup/memory.stat": "inactive_file 20\n",
}


@pytest.mark.parametrize(
    ("files", "memory", "limit", "cpu"),
    [
        pytest.param(V2, 700, 4096, 2.5, id="v2"),
        pytest.param(V1_AS_SEEN_IN_A_CONTAINER, 750, 2048, 1.5, id="v1"),
        pytest.param(TOO_MUCH_TO_DROP, 0, None, None, id="never below nothing"),
        pytest.param({}, None, None, None, id="nothing to be found out"),
    ],
)
def test_what_is_used(
    files: dict[str, str], memory: int | None, limit: int | None, cpu: float | None, tmp_path: Path
) -> None:
    root = _tree(tmp_path, files)
    assert cgroup_usage.memory_bytes(root) == memory
    assert cgroup_usage.memory_limit_bytes(root) == limit
    assert cgroup_usage.cpu_seconds(root) == cpu
