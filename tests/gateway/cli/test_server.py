"""Serving: an address that is taken is refused in one line."""

import socket

import pytest

from gateway import settings
from gateway.cli import server

HOST = "127.0.0.1"


def test_a_port_that_somebody_listens_at_is_not_shared() -> None:
    with socket.socket() as taken:
        # As the server's own workers do, which would share it.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = settings.read(
            {
                "TESSERA_MODE": "sandbox",
                "TESSERA_ISSUER": f"http://{HOST}:{port}",
                "TESSERA_DATABASE_URL": "sqlite:///never-opened",
                "TESSERA_PORT": str(port),
            }
        )
        with pytest.raises(OSError, match="TESSERA_PORT"):
            server.serve(found)
