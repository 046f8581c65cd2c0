"""The sockets that are served: on the loopback address, one or several at one port."""

import socket

_HOST = "127.0.0.1"


def listen(port: int, *, is_shared: bool = False) -> socket.socket:
    """A listening socket at this port, 0 for any; raises OSError when it is taken."""
    # The protocol is named, since asyncio turns delaying of small packets off only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen()  # before anybody is told the address
    except OSError:
        listener.close()
        raise
    return listener


def shared(listener: socket.socket, count: int) -> list[socket.socket]:
    """So many listeners at the port of this one, in its place: the kernel deals out connections.

    Of one socket that several processes share, the first to wake would take all that have come.
    """
    port = listener.getsockname()[1]
    listener.close()
    return [listen(port, is_shared=True) for _ in range(count)]


def url_of(listener: socket.socket) -> str:
    """Where it answers."""
    return f"http://{_HOST}:{listener.getsockname()[1]}"
