"""Runs the gateway under granian, one process or several."""

from pathlib import Path

from granian.constants import Interfaces, Loops, SSLProtocols
from granian.server import Server

from gateway.settings import Settings


def serve(settings: Settings) -> None:
    """Serves until a signal; the worker processes read the same environment again."""
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
        # FAPI 2.0 SP 5.2.1-2: 1.2 and 1.3, and rustls offers no suite without ECDHE and AEAD.
        ssl_cert=Path(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_key=Path(settings.tls_key) if settings.tls_key else None,
        ssl_protocol_min=SSLProtocols.tls12,
    ).serve()
