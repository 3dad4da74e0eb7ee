"""Connections on their way through the supervisor to a worker."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from server.transport.listening import open_sockets
from server.workers.acceptor import Acceptor
from server.workers.handover import HandedSocket, hand_over
from tests.server.waiting import until


class Worker:
    """A worker that takes connections only while it is ``open``."""

    def __init__(self) -> None:
        self.open = True
        self.taken: list[socket.socket] = []
        self.refused = 0

    @property
    def load(self) -> int:
        return len(self.taken)

    def take(self, connection: socket.socket) -> bool:
        if self.open:
            self.taken.append(connection.dup())
        else:
            self.refused += 1
        return self.open


async def test_connections_go_to_the_least_loaded_worker_that_takes_them() -> None:
    workers = {0: Worker(), 1: Worker(), 2: Worker()}
    workers[1].open = False
    [listening] = open_sockets("127.0.0.1", 0)
    acceptor = Acceptor([listening], lambda: workers)
    acceptor.start()
    clients = [socket.create_connection(listening.getsockname()) for _ in range(6)]
    await until(lambda: sum(worker.load for worker in workers.values()) == 6)
    assert [worker.load for worker in workers.values()] == [3, 0, 3]
    acceptor.stop()
    for client in clients:
        client.close()


async def test_no_connection_is_lost_while_no_worker_takes_any() -> None:
    worker = Worker()
    worker.open = False
    [listening] = open_sockets("127.0.0.1", 0)
    acceptor = Acceptor([listening], lambda: {0: worker})
    acceptor.start()
    clients = [socket.create_connection(listening.getsockname()) for _ in range(3)]
    await until(lambda: worker.refused > 0)
    worker.open = True
    await until(lambda: worker.load == 3)
    assert {one.getpeername() for one in worker.taken} == {
        client.getsockname() for client in clients
    }
    acceptor.stop()


@pytest.fixture
def channel() -> Iterator[tuple[socket.socket, HandedSocket, list[int]]]:
    """Both ends of a channel, and one entry for each connection received."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    received: list[int] = []
    handed = HandedSocket(fileno=theirs.detach())
    handed.setblocking(False)
    handed.on_received = lambda: received.append(1)
    ours.setblocking(False)
    yield ours, handed, received
    ours.close()
    handed.close()


async def test_a_connection_arrives_with_its_address(
    channel: tuple[socket.socket, HandedSocket, list[int]],
) -> None:
    ours, handed, received = channel
    [listening] = open_sockets("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()) as client:
        listening.setblocking(True)
        accepted, address = listening.accept()
        assert hand_over(accepted, ours)
        accepted.close()
        connection, seen = handed.accept()
        assert (seen, received) == (address, [1])
        connection.sendall(b"hello")
        assert client.recv(5) == b"hello"
        connection.close()
    with pytest.raises(BlockingIOError):
        handed.accept()


async def test_a_connection_that_is_gone_is_left_out(
    channel: tuple[socket.socket, HandedSocket, list[int]],
) -> None:
    ours, handed, received = channel
    with socket.socket() as unconnected:
        assert hand_over(unconnected, ours)
    with pytest.raises(ConnectionAbortedError):
        handed.accept()
    assert received == [1]


def test_a_full_channel_and_one_whose_worker_has_ended_take_nothing(
    channel: tuple[socket.socket, HandedSocket, list[int]],
) -> None:
    ours, handed, _ = channel
    with socket.socket() as connection:
        taken = 0
        while hand_over(connection, ours):
            taken += 1
        assert taken > 0
        handed.close()
        assert not hand_over(connection, ours)
