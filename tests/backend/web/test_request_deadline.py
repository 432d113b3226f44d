"""Sockets that receive only until a deadline."""

import errno
import socket
from collections.abc import Iterator

import pytest

from ocr_backend.web.request_deadline import HEAD_SECONDS, DeadlineSocket


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    server, client = socket.socketpair()
    with server, client:
        yield server, client


def test_data_is_received_until_the_deadline_however_it_trickles(pair) -> None:
    server, client = pair
    clock = Clock()
    timed = DeadlineSocket(server, clock)
    client.sendall(b"ab")
    assert timed.recv(1) == b"a"
    clock.now += HEAD_SECONDS
    with pytest.raises(ConnectionResetError, match="too slowly") as caught:
        timed.recv(1)
    assert caught.value.errno == errno.ECONNRESET


def test_a_client_that_sends_nothing_is_given_up(pair) -> None:
    server, _ = pair
    timed = DeadlineSocket(server)
    timed.allow_seconds(0.01)
    with pytest.raises(ConnectionResetError):
        timed.recv(1)


def test_the_timeout_of_the_socket_is_as_before_and_the_rest_is_passed_on(pair) -> None:
    server, client = pair
    server.settimeout(7)
    timed = DeadlineSocket(server)
    client.sendall(b"a")
    assert timed.recv(9) == b"a"
    assert (server.gettimeout(), timed.fileno()) == (7, server.fileno())
    timed.sendall(b"b")
    assert client.recv(9) == b"b"


def test_a_new_deadline_counts_from_now(pair) -> None:
    server, client = pair
    clock = Clock()
    timed = DeadlineSocket(server, clock)
    clock.now += HEAD_SECONDS
    timed.allow_seconds(5)
    client.sendall(b"a")
    assert timed.recv(9) == b"a"
