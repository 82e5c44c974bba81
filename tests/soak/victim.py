"""A gateway that kills itself at a chosen commit, one life after another.

A parent with everything imported forks one child a life, so that a life costs a start and not an
import. Orders come as JSON lines on standard input, what happened goes out on standard output:
whatever else a gateway prints goes to standard error.
"""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

import partners
from gateway.app import Roof
from gateway.database import Database, Unit
from gateway.kit.journal import configure
from gateway.settings import Settings

_LISTEN_SECONDS = 30.0

Way = Literal["before", "after", "amid"]


class Doom(msgspec.Struct, frozen=True):
    """Where a life ends: at which commit of a unit since arming, and on which side of it.

    ``before`` the commit reaches the store, ``after`` it is durable and before the caller hears,
    or ``amid``: some milliseconds after it set out.
    """

    unit: str
    occurrence: int
    way: Way
    milliseconds: float = 0


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """How a life begins: its settings, how far its clock runs ahead, and perhaps its doom."""

    settings: Settings
    ahead_seconds: float
    doom: Doom | None = None


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the driver wants: a life, a doom for it, the names of its commits, or its end."""

    life: Life | None = None
    doom: Doom | None = None
    names: bool = False
    stop: bool = False


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the victim says: ready, doomed, the commits it has made, or how it died."""

    ready: bool = False
    doomed: bool = False
    names: list[str] | None = None
    died: int | None = None


class ShiftedClock:
    """The time as it is after all the downtimes that nobody has waited for."""

    def __init__(self, ahead_seconds: float) -> None:
        self._ahead = timedelta(seconds=ahead_seconds)

    def now(self) -> datetime:
        """Now, ahead of the machine."""
        return datetime.now(UTC) + self._ahead


class Fate:
    """Counts the commits of a life and knows which of them is the last."""

    def __init__(self, doom: Doom | None) -> None:
        self.names: list[str] = []
        self._doom: Doom | None = None
        self._met: Counter[str] = Counter()
        self.seal(doom)

    def seal(self, doom: Doom | None) -> None:
        """Begins to count anew, towards another doom or none."""
        self._doom = doom
        self._met.clear()

    def meet(self, unit: str) -> Doom | None:
        """The doom, if this commit is it."""
        self.names.append(unit)
        self._met[unit] += 1
        doom = self._doom
        if doom is None or (doom.unit, doom.occurrence) != (unit, self._met[unit]):
            return None
        return doom


class MortalDatabase(Database):
    """A database in whose commits the process dies as its fate wants."""

    fate: Fate

    async def commit(self, unit: Unit) -> list[Any]:
        """See ``Database.commit``; perhaps it does not return, and nothing does any more."""
        doom = self.fate.meet(unit.name)
        if doom is None:
            return await super().commit(unit)
        if doom.way == "before":
            die()
        if doom.way == "amid":
            asyncio.get_running_loop().call_later(doom.milliseconds / 1000, die)
        answer = await super().commit(unit)
        die()
        return answer


def die() -> None:
    """Ends the process as a power cut would: nothing runs after it."""
    os.kill(os.getpid(), signal.SIGKILL)


class Line:
    """JSON lines between driver and victim."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming = incoming
        self._outgoing = outgoing
        self._rest = b""

    def say(self, report: Report) -> None:
        """One report, whole."""
        os.write(self._outgoing, msgspec.json.encode(report) + b"\n")

    def read(self) -> list[Command] | None:
        """What has come in, waiting for something; ``None`` when nothing will any more."""
        found = os.read(self.incoming, 65536)
        if not found:
            return None
        *lines, self._rest = (self._rest + found).split(b"\n")
        return [msgspec.json.decode(line, type=Command) for line in lines]


async def live(life: Life, line: Line) -> None:
    """One life: opens the house, serves it, and obeys until told to stop."""
    fate = Fate(life.doom)

    async def connect(url: str) -> Database:
        database = await MortalDatabase.connect(url)
        assert isinstance(database, MortalDatabase)
        database.fate = fate
        return database

    settings = life.settings
    roof = Roof(settings, connect=connect, clock=ShiftedClock(life.ahead_seconds))
    await roof.open()
    server = Server(
        roof,
        address=settings.host,
        port=settings.port,
        # The house is open already, so the server has no lifespan to announce.
        interface=Interfaces.ASGINL,
        log_enabled=False,
        websockets=False,
    )
    serving = asyncio.create_task(server.serve())
    obeyed = asyncio.Event()
    asyncio.get_running_loop().add_reader(line.incoming, _obey, line, fate, obeyed)
    await _listens(settings)
    line.say(Report(ready=True))
    await obeyed.wait()
    serving.cancel()
    await roof.close()


async def _listens(settings: Settings) -> None:
    deadline = time.monotonic() + _LISTEN_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.005)
        else:
            writer.close()
            return


def _obey(line: Line, fate: Fate, obeyed: asyncio.Event) -> None:
    commands = line.read()
    if commands is None:
        obeyed.set()
        return
    for command in commands:
        if command.names:
            line.say(Report(names=fate.names[:]))
            fate.names.clear()
        elif command.stop:
            obeyed.set()
        else:
            fate.seal(command.doom)
            line.say(Report(doomed=True))


def main() -> None:
    """Forks a life for each that is ordered, and reports how it ended."""
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    line = Line(incoming, outgoing)
    for name in partners.names():
        partners.find(name)
    while (commands := line.read()) is not None:
        for life in (command.life for command in commands if command.life is not None):
            child = os.fork()
            if child == 0:
                configure(life.settings.log_level)
                uvloop.run(live(life, line))
                sys.stdout.flush()
                os._exit(0)
            _, status = os.waitpid(child, 0)
            # The child's loop watched the pipe without blocking, and it is the same pipe.
            os.set_blocking(incoming, True)
            line.say(Report(died=os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main()
