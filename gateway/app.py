"""The roof: opens the database, builds the rooms, opens the doors, and closes it all again."""

import gc
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from gateway import doors, rooms
from gateway import settings as settings_file
from gateway.database import Database
from gateway.database.deployment import claim
from gateway.jobs import Jobs
from gateway.kit.clock import Clock, SystemClock
from gateway.kit.journal import configure
from gateway.kit.vault import Vault
from gateway.rooms import Rooms
from gateway.settings import Settings
from gateway.web.door import Door
from gateway.web.terminators import Terminators

# Requests leave few cycles behind; looking for them after every 700 objects is mostly wasted.
_COLLECT_AFTER = (20_000, 20, 20)

Connect = Callable[[str], Awaitable[Database]]
journal = structlog.get_logger("tessera.app")


class Roof:
    """The ASGI app of one process; everything opens at start-up and nothing at import."""

    def __init__(
        self,
        settings: Settings,
        *,
        connect: Connect = Database.connect,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._connect = connect
        self._clock = clock or SystemClock()
        self._doors: Door | None = None
        self._jobs: Jobs | None = None
        self.rooms: Rooms | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Requests go through the doors; the lifespan opens and closes the house."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._doors is None:
            raise RuntimeError("the server must announce its lifespan")
        await self._doors(scope, receive, send)

    async def open(self) -> Rooms:
        """Connects, builds and starts everything.

        Raises ``DatabaseInUse``, ``WrongDeployment``, ``VaultLocked`` or
        ``TerminatorSecretInvalid`` when it may not.
        """
        settings = self._settings
        terminators = Terminators()
        if settings.mtls_issuer:
            secret = Path(settings.terminator_secret_file)
            terminators = Terminators.from_file(settings.terminator_addresses, secret)
        made_at = self._clock.now() if settings.sandbox else None
        vault = Vault.from_file(settings.key_path, create_at=made_at)
        database = await self._connect(settings.database_url)
        try:
            await claim(database, settings.mode, self._clock.now())
            built = rooms.build(settings, database, vault, self._clock)
            await rooms.furnish(built)
        except BaseException:
            await database.close()
            raise
        self.rooms = built
        self._doors = Door(
            doors.whole(built),
            access_log=settings.access_log == "on",
            terminators=terminators,
        )
        self._jobs = Jobs(rooms.workers(built) if settings.work == "on" else {})
        self._jobs.start()
        # What was built lives as long as the process: the collector need not walk it again,
        # which it would do, for a tenth of a second, in the middle of somebody's request.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        return built

    async def close(self) -> None:
        """Ends the background work, then lets go of connections and database."""
        if self._jobs is not None:
            await self._jobs.stop()
        if self.rooms is not None:
            await self.rooms.sender.close()
            await self.rooms.database.close()

    async def _live(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.open()
                except Exception as error:
                    journal.error("gateway.cannot_start", reason=str(error))
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    raise
                await send({"type": "lifespan.startup.complete"})
                journal.info("gateway.started", issuer=self._settings.issuer)
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def from_environment() -> Roof:
    """The app described by ``TESSERA_*``; the server calls this in each of its processes."""
    settings = settings_file.read(os.environ)
    configure(settings.log_level)
    return Roof(settings)
