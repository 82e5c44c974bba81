"""A gateway in a thread of the test, whose clock is the test's own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server

from contracts.v1.onboarding import Registration
from gateway.app import Roof
from gateway.products.service import decode_package
from gateway.rooms import Rooms
from gateway.settings import Settings
from tests.conftest import SetClock
from tests.flows.partner import Keys, Partner, registered, registration
from tests.flows.server import HOST
from tests.flows.wire import Line
from tests.ports import free_port


class Served:
    """A gateway whose clock is ours, in a thread of its own."""

    def __init__(self, rooms: Rooms, line: Line, clock: SetClock) -> None:
        self.rooms = rooms
        self.line = line
        self.clock = clock
        self.loop = asyncio.get_running_loop()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Does something inside the gateway, as an operator's command would."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def publish(self, text: str) -> None:
        """Publishes a package file, through the compiler."""
        at = self.clock.now()
        package = decode_package(text.encode(), "a package")
        self.run(self.rooms.publication.publish(package, text, operator="flow", at=at))
        self.run(self.rooms.catalogue.refresh())

    def listed_partner(self, name: str = "Wayfare", *, scope: str = "") -> Partner:
        """A partner on the bank's list of partners in credit, with ``scope`` beside the usual."""
        keys = Keys.fresh()
        wanted = registration(keys, name, f"{name.lower()}.example")
        wanted["scope"] += f" {scope}" if scope else ""
        asked = msgspec.convert(wanted, Registration)
        onboarding, at = self.rooms.onboarding, self.clock.now()
        made = self.run(onboarding.register(asked, operator="flow", at=at))
        self.run(onboarding.standings.enlist(made.partner_id, True, operator="flow", at=at))
        client = {"client_id": made.client_id, "redirect_uris": made.redirect_uris}
        return registered(self.line, keys, client, clock=lambda: self.clock.at.timestamp())


@contextmanager
def served(database_url: str, home: Path, since: datetime) -> Iterator[Served]:
    """A gateway on that database, its clock standing still at ``since``."""
    port, clock = free_port(), SetClock(since)
    issuer = f"http://{HOST}:{port}"
    settings = Settings(
        mode="sandbox", issuer=issuer, database_url=database_url, home=str(home), port=port
    )
    ready: list[Served] = []
    opened = threading.Event()
    servers: list[Server] = []

    async def serve() -> None:
        roof = Roof(msgspec.structs.replace(settings, work="off"), clock=clock)
        try:
            ready.append(Served(await roof.open(), Line(issuer), clock))
            servers.append(Server(roof, port=port, interface=Interfaces.ASGINL))
        finally:
            opened.set()
        await servers[0].serve()
        await roof.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    opened.wait(60)
    try:
        yield ready[0]
    finally:
        ready[0].loop.call_soon_threadsafe(servers[0].stop)
        thread.join(60)
