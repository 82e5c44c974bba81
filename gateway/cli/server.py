"""Runs the gateway under granian, one process or several."""

import socket
from pathlib import Path

from granian.constants import Interfaces, Loops, SSLProtocols
from granian.server import Server

from gateway.settings import Settings


def serve(settings: Settings) -> None:
    """Serves until a signal; the worker processes read the same environment again.

    Raises ``OSError`` when somebody else listens at the address.
    """
    _check_free(settings.host, settings.port)
    Server(
        "gateway.app:from_environment",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.processes,
        log_enabled=False,
        websockets=False,
        backlog=2048,
        # CN-API-06, FAPI 2.0 SP 5.2.1-2: 1.2 and 1.3; rustls has only suites with ECDHE and AEAD.
        ssl_cert=Path(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_key=Path(settings.tls_key) if settings.tls_key else None,
        ssl_protocol_min=SSLProtocols.tls12,
    ).serve()


def _check_free(host: str, port: int) -> None:
    """The workers share their port, so the kernel would let a stranger's gateway share it too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # An address that a process left a moment ago is free; one that is listened at is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                f"{host}:{port} cannot be listened at ({error.strerror}): end what runs there, or "
                "set TESSERA_HOST and TESSERA_PORT."
            ) from None
