"""What surrounds every test: no network but loopback, warnings are errors."""

import socket
import warnings

import pytest
from pytest_socket import SocketConnectBlockedError


def test_connect_is_refused_when_the_host_is_not_loopback() -> None:
    with socket.socket() as connection, pytest.raises(SocketConnectBlockedError):
        connection.connect(("192.0.2.1", 9))  # RFC 5737: never a real host


def test_warn_raises_when_a_library_deprecates_what_we_use() -> None:
    with pytest.raises(DeprecationWarning, match="old"):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
