"""Runs the gateway under granian, one process or several."""

from granian.constants import Interfaces, Loops
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
    ).serve()
