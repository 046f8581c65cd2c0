"""Sockets: a port is one ledger's, and every front of it gets its share of what comes."""

import socket

import pytest
import typer

from scripts.commands.serve import listen_at
from scripts.listeners import listen, shared


def test_listen_takes_another_port_when_the_usual_one_is_taken() -> None:
    first, second = listen_at(None), listen_at(None)  # whoever has 8000, one of these has not
    ports = {one.getsockname()[1] for one in (first, second)}
    for listener in (first, second):
        listener.close()
    assert len(ports) == 2


def test_listen_is_refused_when_the_port_asked_for_is_taken() -> None:
    first = listen(0)
    with pytest.raises(typer.BadParameter):
        listen_at(first.getsockname()[1])
    first.close()


def test_listen_is_refused_when_the_port_asked_for_is_shared_by_others() -> None:
    first = listen(0)
    port = first.getsockname()[1]
    fronts = shared(first, 2)
    with pytest.raises(typer.BadParameter):
        listen_at(port)
    for listener in fronts:
        listener.close()


def test_connections_reach_every_front_when_the_port_is_shared() -> None:
    first = listen(0)
    address = first.getsockname()
    fronts = shared(first, 2)
    clients = [socket.create_connection(address) for _ in range(64)]  # of one only: 2 in 10^19
    for listener in fronts:
        listener.setblocking(False)
        accepted, _ = listener.accept()
        accepted.close()
        listener.close()
    for client in clients:
        client.close()
