"""The store for many processes: asyncpg, one round trip and one durable commit per group."""

import asyncio
from typing import Any

import asyncpg
import msgspec

from gateway.database.lanes import Lane, Waiting, missed
from gateway.database.plpgsql import MISSED, group_function, numbered
from gateway.database.statements import DECLARED, Call, Query, Stale, Statement, Unit

_CALL = "select * from pg_temp.tessera_group($1::text::jsonb, $2::text[])"
# Somebody else won a race that the unit's guards could not see: read again and retry.
_RACES = frozenset({"40001", "40P01", "55P03"})
_INTEGRITY = "23"
# Syntax errors and unknown names are the statement's own; anything else may pass.
_FAULTY_STATEMENT = "42"


class _Failure(msgspec.Struct):
    state: str
    index: int
    message: str


class StatementRefused(Exception):
    """PostgreSQL refused a statement: a bug in its text or its values."""


class PostgresStore:
    """A write lane and read lanes, each one connection with one group under way."""

    def __init__(self, url: str, *, read_lanes: int = 2) -> None:
        self._url = url
        types = _Types()
        self._sessions = [_Session(url, types) for _ in range(1 + read_lanes)]
        self._write = Lane(self._sessions[0].run)
        self._reads = [Lane(session.run) for session in self._sessions[1:]]
        self._turn = 0

    async def commit(self, unit: Unit) -> list[Any]:
        """See ``Database.commit``."""
        return await self._write.submit(unit)

    async def read(self, call: Call) -> list[Any]:
        """See ``Database.all``."""
        unit = Unit("read")
        unit.calls.append(call)
        self._turn = (self._turn + 1) % len(self._reads)
        rows: list[Any] = (await self._reads[self._turn].submit(unit))[0]
        return rows

    async def durability(self) -> dict[str, str]:
        """The settings that decide whether a commit survives a power cut."""
        connection = await asyncpg.connect(self._url)
        try:
            return {
                name: str(await connection.fetchval(f"show {name}"))
                for name in ("fsync", "synchronous_commit", "full_page_writes", "server_version")
            }
        finally:
            await connection.close()

    async def close(self) -> None:
        """Waits for the groups under way, then closes every connection."""
        for lane in (self._write, *self._reads):
            await lane.drain()
        for session in self._sessions:
            await session.close()


class _Session:
    """One connection with its group function; it comes back by itself after a break."""

    def __init__(self, url: str, types: "_Types") -> None:
        self._url = url
        self._types = types
        self._connection: asyncpg.Connection[Any] | None = None
        self._known = 0

    async def run(self, group: list[Waiting]) -> None:
        connection = await self._ready()
        locks: set[str] = set()
        units = []
        for waiting in group:
            locks.update(waiting.unit.locks)
            units.append(
                [(call.statement.number, call.expect, call.values) for call in waiting.unit.calls]
            )
        text = msgspec.json.encode(units).decode()
        records = await connection.fetch(_CALL, text, list(locks))
        for waiting, record in zip(group, records, strict=True):
            try:
                outcome = _outcome(waiting.unit, record[0])
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this unit's alone
                outcome = error
            waiting.answer(outcome)

    async def close(self) -> None:
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close()

    async def _ready(self) -> "asyncpg.Connection[Any]":
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = self._connection = await asyncpg.connect(
                self._url,
                # Durability is ours to promise, whatever the server's default is.
                server_settings={"timezone": "UTC", "synchronous_commit": "on"},
                timeout=10,
                command_timeout=30,
            )
            self._known = 0
        if self._known < len(DECLARED):
            await self._define(connection)
        return connection

    async def _define(self, connection: "asyncpg.Connection[Any]") -> None:
        statements = DECLARED[:]
        types = await self._types.of(statements, connection)
        await connection.execute(group_function(statements, types))
        self._known = len(statements)


class _Types:
    """The parameter types of the declared statements, asked of the server once for all sessions."""

    def __init__(self) -> None:
        self._found: list[list[str] | str] = []
        self._asking = asyncio.Lock()

    async def of(
        self, statements: list[Statement], connection: "asyncpg.Connection[Any]"
    ) -> list[list[str] | str]:
        """The types of each statement, or why PostgreSQL could not prepare it."""
        async with self._asking:
            for statement in statements[len(self._found) :]:
                try:
                    prepared = await connection.prepare(numbered(statement))
                    self._found.append([kind.name for kind in prepared.get_parameters()])
                except asyncpg.PostgresError as error:
                    if not (error.sqlstate or "").startswith(_FAULTY_STATEMENT):
                        raise
                    self._found.append(f"{error}: {statement.sql}")
            return self._found[: len(statements)]


def _outcome(unit: Unit, text: str) -> list[Any] | Exception:
    if text[0] == "{":
        failure = msgspec.json.decode(text, type=_Failure)
        if failure.state == MISSED or failure.state.startswith(_INTEGRITY):
            return missed(unit, failure.index)
        if failure.state in _RACES:
            return Stale()
        return StatementRefused(f"{failure.state} {failure.message}")
    queries = [call.statement for call in unit.calls if isinstance(call.statement, Query)]
    if not queries:
        return []
    try:
        if len(queries) == 1:
            # The usual case: decode the only answer straight into its rows.
            return [queries[0].many.decode(text[1:-1])]
        parts = msgspec.json.decode(text, type=list[msgspec.Raw])
        return [query.many.decode(part) for query, part in zip(queries, parts, strict=True)]
    except msgspec.MsgspecError as error:
        return error
