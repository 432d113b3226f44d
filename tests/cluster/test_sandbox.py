import os
import signal
import subprocess
import time

import pytest

from ocr_cluster import cache, lifecycle, sandbox, starting, waiting
from ocr_cluster.record import Process, Record

NAME = f"test-dying-{os.getpid()}"


@pytest.fixture
def held():
    """A cluster of a supervisor alone."""
    claimed = starting.claim(Record(NAME, 0, cache.clusters() / NAME, light=True, ephemeral=True))
    (claimed.folder / "logs").mkdir()
    order = {"setup": [], "start": [], "folder": str(claimed.folder), "path": "", "ephemeral": True}
    held = []
    with sandbox.start(
        claimed.folder,
        claimed.addresses,
        order,
        lambda pid: held.append(claimed.saved(supervisor=Process.of(pid))),
    ):
        yield held[0]
        lifecycle.down(NAME)


@pytest.mark.light
def test_namespaces_that_are_dying_already_are_waited_for(held, monkeypatch):
    sleep = time.sleep
    # What has entered the namespaces must be reaped by its own parent before they can die.
    command = sandbox.enter(held.supervisor.pid, ["sh", "-c", "echo in; exec sleep infinity"])
    parent = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert parent.stdout.readline() == b"in\n"
        parent.send_signal(signal.SIGSTOP)
        for pid in sandbox.supervisors(held.folder):
            os.kill(pid, signal.SIGKILL)
        waiting.until(lambda: not sandbox.supervisors(held.folder), "its command line to be gone", 30)
        assert held.supervisor.is_alive()

        def reap_and_sleep(seconds):
            parent.send_signal(signal.SIGCONT)
            sleep(seconds)

        monkeypatch.setattr(waiting.time, "sleep", reap_and_sleep)
        lifecycle.down(NAME)
        assert not held.supervisor.is_alive()
    finally:
        parent.send_signal(signal.SIGCONT)
        parent.communicate()
