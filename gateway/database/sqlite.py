"""The embedded store: one process, one file, WAL, full synchronisation, group commit."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.database.lanes import Lane, Waiting, missed
from gateway.database.statements import Call, Query, Statement, Unit


class DatabaseInUse(Exception):
    """Another process holds the embedded store."""


class SqliteStore:
    """Writes go through one thread that commits groups; reads run on the loop, microseconds each.

    Each unit of a group has its own savepoint and so stands or falls alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = _take_file(path)
        self._writer = _open(path)
        self._reader = _open(path)
        self._reader.execute("pragma query_only = 1")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._lane = Lane(self._run)
        self._texts: dict[Statement, str] = {}

    async def commit(self, unit: Unit) -> list[Any]:
        """See ``Database.commit``."""
        return await self._lane.submit(unit)

    async def read(self, call: Call) -> list[Any]:
        """See ``Database.all``."""
        _, rows = self._execute(self._reader, call)
        return rows

    async def durability(self) -> dict[str, str]:
        """The settings that decide whether a commit survives a power cut."""
        mode = self._writer.execute("pragma journal_mode").fetchone()[0]
        level = self._writer.execute("pragma synchronous").fetchone()[0]
        return {
            "journal_mode": str(mode),
            "synchronous": {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[level],
        }

    async def close(self) -> None:
        """Waits for the last group, then lets go of the file."""
        await self._lane.drain()
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()
        os.close(self._guard)

    async def _run(self, group: list[Waiting]) -> None:
        loop = asyncio.get_running_loop()
        outcomes = await loop.run_in_executor(self._thread, self._group, group)
        for waiting, outcome in zip(group, outcomes, strict=True):
            waiting.answer(outcome)

    def _group(self, group: list[Waiting]) -> list[list[Any] | Exception]:
        connection = self._writer
        connection.execute("begin immediate")
        try:
            outcomes = [self._unit(connection, waiting.unit) for waiting in group]
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        return outcomes

    def _unit(self, connection: sqlite3.Connection, unit: Unit) -> list[Any] | Exception:
        connection.execute("savepoint unit")
        answers: list[Any] = []
        failure: Exception | None = None
        for index, call in enumerate(unit.calls):
            try:
                count, rows = self._execute(connection, call)
            except sqlite3.IntegrityError as error:
                failure = missed(unit, index)
                failure.__cause__ = error
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this unit's alone
                failure = error
                break
            if call.expect is not None and count != call.expect:
                failure = missed(unit, index)
                break
            if isinstance(call.statement, Query):
                answers.append(rows)
        if failure is not None:
            connection.execute("rollback to unit")
        connection.execute("release unit")
        return answers if failure is None else failure

    def _execute(self, connection: sqlite3.Connection, call: Call) -> tuple[int, list[Any]]:
        statement = call.statement
        text = self._texts.get(statement)
        if text is None:
            numbers = {name: f"?{index + 1}" for index, name in enumerate(statement.names)}
            text = self._texts[statement] = statement.rewrite(numbers.__getitem__, "")
        values = [_text_of(value) if type(value) is datetime else value for value in call.values]
        cursor = connection.execute(text, values)
        if not isinstance(statement, Query):
            return cursor.rowcount, []
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor]
        rows: list[Any] = msgspec.convert(found, list[statement.row])  # type: ignore[name-defined]
        return len(rows), rows


def _text_of(moment: datetime) -> str:
    """The instant, which is in UTC, as ``schema.Instant`` stores it: all of one width."""
    return moment.isoformat(timespec="microseconds")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Holds the file as the gateway does; raises ``DatabaseInUse`` when somebody else has it."""
    guard = _take_file(path)
    try:
        yield
    finally:
        os.close(guard)


def _take_file(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    guard = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(guard, 20).decode(errors="replace").strip() or "unknown"
        os.close(guard)
        raise DatabaseInUse(
            f"{path} is in use by process {holder}: the embedded store serves one process. "
            "Stop that one, or give TESSERA_DATABASE_URL a PostgreSQL address to run several."
        ) from None
    os.ftruncate(guard, 0)
    os.write(guard, str(os.getpid()).encode())
    return guard


def make_private(path: Path) -> None:
    """Makes the file, where there is none, for its owner alone, whatever the umask says.

    Customers' names and sealed keys are nobody else's to read. SQLite gives the files that it
    puts beside it the same mode.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _open(path: Path) -> sqlite3.Connection:
    make_private(path)
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma busy_timeout = 5000")
    return connection
