"""The door to whichever store the operator chose."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from contracts import errors
from gateway.database.postgres import PostgresStore
from gateway.database.sqlite import SqliteStore
from gateway.database.statements import Call, Query, Stale, Unit, Value

Row = TypeVar("Row")
_TRIES_MOST = 3


class Store(Protocol):
    """What a kind of database must do; see ``Database`` for the promises."""

    async def commit(self, unit: Unit) -> list[Any]:
        """Makes a unit durable."""
        ...

    async def read(self, call: Call) -> list[Any]:
        """Answers a query's rows."""
        ...

    async def durability(self) -> dict[str, str]:
        """The settings a commit's durability rests on."""
        ...

    async def close(self) -> None:
        """Lets go of the database."""
        ...


class Database:
    """Reads rows and commits units, on SQLite or PostgreSQL alike."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.kind = "postgresql" if isinstance(store, PostgresStore) else "sqlite"

    @classmethod
    async def connect(cls, url: str) -> "Database":
        """Opens ``sqlite:///path`` or ``postgresql://...``.

        Raises ``DatabaseInUse`` when another process holds the SQLite file, and ``ValueError``
        for an address of neither kind.
        """
        if url.startswith("sqlite:///"):
            return cls(SqliteStore(Path(url.removeprefix("sqlite:///"))))
        if url.startswith(("postgresql://", "postgres://")):
            return cls(PostgresStore(url))
        raise ValueError("a database address starts with sqlite:/// or postgresql://")

    async def all(self, query: Query[Row], **values: Value) -> list[Row]:
        """Every row the query finds, as of the last durable commit."""
        return await self._store.read(Call(query, query.bind(values), None, Stale))

    async def find(self, query: Query[Row], **values: Value) -> Row | None:
        """The first row the query finds, or ``None``."""
        rows = await self.all(query, **values)
        return rows[0] if rows else None

    async def commit(self, unit: Unit) -> list[Any]:
        """Makes the unit durable and returns the rows of its queries, slot by slot.

        Raises what the first missed guard declares (``Stale`` by default); then nothing of the
        unit has happened. Raises ``Unavailable`` when the store did not confirm: the unit may
        or may not have happened, and only an idempotent retry can tell.
        """
        answer = await self._store.commit(unit)
        for call in unit.afterwards:
            call()
        return answer

    async def settle(self, compose: Callable[[], Awaitable[Unit]]) -> list[Any]:
        """Composes a unit from fresh reads and commits it, again on ``Stale``.

        Raises ``Conflict`` after the third try.
        """
        try:
            return await self.commit(await compose())
        except Stale:
            # Entering tenacity costs more than the unit, so only those who need it do.
            return await self._again(compose)

    async def _again(self, compose: Callable[[], Awaitable[Unit]]) -> list[Any]:
        tries = AsyncRetrying(
            stop=stop_after_attempt(_TRIES_MOST - 1),
            wait=wait_random_exponential(multiplier=0.005, max=0.05),
            retry=retry_if_exception_type(Stale),
        )
        try:
            async for attempt in tries:
                with attempt:
                    return await self.commit(await compose())
        except RetryError as spent:
            raise errors.Conflict("The resource kept changing; try again.") from spent
        raise AssertionError("unreachable")

    async def durability(self) -> dict[str, str]:
        """The durability settings found in the running store."""
        return await self._store.durability()

    async def close(self) -> None:
        """Waits for what is under way and lets go of the store."""
        await self._store.close()
