import os
import signal
import subprocess
import time

import pytest

from ocr_cluster import cache, lifecycle, sandbox, starting, waiting
from ocr_cluster.record import Process, Record

NAME = f"test-ending-{os.getpid()}"


@pytest.fixture
def bare():
    """A cluster that is only a supervisor."""
    claimed = starting.claim(Record(NAME, 0, cache.clusters() / NAME, light=True, ephemeral=True))
    (claimed.folder / "logs").mkdir()
    instructions = {"setup": [], "start": [], "folder": str(claimed.folder), "path": "", "ephemeral": True}
    records = []
    with sandbox.start(
        claimed.folder,
        claimed.addresses,
        instructions,
        lambda pid: records.append(claimed.saved(supervisor=Process.of(pid))),
    ):
        yield records[0]
        lifecycle.down(NAME)


@pytest.mark.light
def test_down_waits_for_namespaces_that_are_already_ending(bare, monkeypatch):
    sleep = time.sleep
    # A process that entered the namespaces must be reaped by its parent before they can end.
    command = sandbox.enter(bare.supervisor.pid, ["sh", "-c", "echo in; exec sleep infinity"])
    parent = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert parent.stdout.readline() == b"in\n"
        parent.send_signal(signal.SIGSTOP)
        for pid in sandbox.supervisors(bare.folder):
            os.kill(pid, signal.SIGKILL)
        waiting.until(lambda: not sandbox.supervisors(bare.folder), "its command line to disappear", 30)
        assert bare.supervisor.is_alive()

        def reap_and_sleep(seconds):
            parent.send_signal(signal.SIGCONT)
            sleep(seconds)

        monkeypatch.setattr(waiting.time, "sleep", reap_and_sleep)
        lifecycle.down(NAME)
        assert not bare.supervisor.is_alive()
    finally:
        parent.send_signal(signal.SIGCONT)
        parent.communicate()
