"""One call to the API server: how long a write may take, and which reads are retried when."""

import asyncio
from typing import Any

import pytest

from ocr_operator.cluster.calls import bounded, retry_delay, while_leading
from ocr_operator.cluster.errors import ClusterError, NotLeadingError


class SlowWrite:
    """A write that is answered after the leadership was checked a number of times, and can be cancelled."""

    def __init__(self, checks: int) -> None:
        self._checks = checks
        self._answered = asyncio.Event()
        self.is_cancelled = False

    def seconds_left(self) -> float:
        """A thousandth of a second: nothing but a renewal lets the write go on."""
        self._checks -= 1
        if self._checks <= 0:
            self._answered.set()
        return 0.001

    async def send(self) -> str:
        """The response, once there is one."""
        try:
            await self._answered.wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        return "written"


def test_a_write_may_take_longer_than_the_fence_at_its_start() -> None:
    async def scenario() -> str:
        write = SlowWrite(checks=5)
        return await while_leading(write.send(), write.seconds_left)

    assert asyncio.run(scenario()) == "written"


def test_a_write_is_cancelled_once_the_leadership_is_not_renewed() -> None:
    async def scenario() -> bool:
        write = SlowWrite(checks=1000)
        seconds = iter([0.001, 0.001, 0.0])
        with pytest.raises(NotLeadingError, match="leadership was lost"):
            await while_leading(write.send(), lambda: next(seconds))
        await asyncio.sleep(0)
        return write.is_cancelled

    assert asyncio.run(scenario())


def test_a_slow_api_server_is_not_reported_as_a_lost_leadership() -> None:
    async def never() -> Any:
        raise TimeoutError

    async def scenario() -> None:
        await while_leading(bounded(never()), lambda: 10.0)

    with pytest.raises(ClusterError, match="no response within 15 s") as raised:
        asyncio.run(scenario())
    assert not isinstance(raised.value, NotLeadingError)


@pytest.mark.parametrize(
    ("error", "delay"),
    [
        pytest.param(ClusterError(None, "no response"), 0.5, id="no response"),
        pytest.param(ClusterError(503, "busy"), 0.5, id="server error"),
        pytest.param(ClusterError(429, "busy", 3.0), 3.0, id="Retry-After"),
        pytest.param(ClusterError(429, "busy", 0.0), 0.5, id="Retry-After of 0"),
        pytest.param(ClusterError(429, "busy", 60.0), None, id="Retry-After too long"),
        pytest.param(ClusterError(404, "no"), None, id="not found"),
        pytest.param(ClusterError(422, "no", 1.0), None, id="refused"),
    ],
)
def test_a_read_is_retried_when_the_api_server_asks_for_it(error: ClusterError, delay: float | None) -> None:
    assert retry_delay(error) == delay
