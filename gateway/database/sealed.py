"""Sealed columns: where secrets rest, declared beside their statements, so that keys can change.

A room that keeps a sealed value says so in its store, once for each column. Whoever replaces the
key that all of them rest on (``tessera keys rewrap``) finds them here; a value in a column that is
not declared would be lost with its key, so a test looks for one in every column of every table.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from gateway.database.database import Database
from gateway.database.statements import Query, Statement, Unit

BATCH_ROWS: Final = 200

# Every sealed column of the program, in order of declaration. Like the statements it only grows.
SEALED: Final[list["SealedColumn"]] = []


class SealedRow(msgspec.Struct, frozen=True):
    """A sealed value with its row's key, whose second part is empty where there is only one."""

    key0: str
    key1: str
    sealed: str


class _Count(msgspec.Struct, frozen=True):
    number: int


class SealedColumn:
    """A column of sealed values: how to walk through it, and how to replace a value.

    ``like`` is a pattern of SQL, which tells values by how they are written.
    """

    def __init__(self, table: str, column: str, *keys: str) -> None:
        """``keys`` are the one or two columns of the table's primary key."""
        self.name = f"{table}.{column}"
        self._parameters = [f"key{number}" for number in range(len(keys))]
        key, after = ", ".join(keys), ", ".join(f":{name}" for name in self._parameters)
        second = keys[1] if len(keys) > 1 else "''"
        # Every name is our own; the values are parameters.
        self._batch = Query(
            f"select {keys[0]} as key0, {second} as key1, {column} as sealed from {table}"  # noqa: S608
            f" where {column} <> '' and {column} not like :unlike and ({key}) > ({after})"
            f" order by {key} limit {BATCH_ROWS}",
            SealedRow,
        )
        at = " and ".join(
            f"{name} = :{parameter}" for name, parameter in zip(keys, self._parameters, strict=True)
        )
        # Whoever changed the value meanwhile sealed it anew, and is not overwritten.
        self._replace = Statement(
            f"update {table} set {column} = :sealed where {at} and {column} = :was"  # noqa: S608
        )
        self._count = Query(
            f"select count(*) as number from {table} where {column} like :like",  # noqa: S608
            _Count,
        )
        SEALED.append(self)

    async def batches(
        self, database: Database, *, unlike: str = ""
    ) -> AsyncIterator[list[SealedRow]]:
        """The values in batches, in the order of their keys, without those of the pattern."""
        after = dict.fromkeys(self._parameters, "")
        while rows := await database.all(self._batch, unlike=unlike, **after):
            yield rows
            last = (rows[-1].key0, rows[-1].key1)
            after = dict(zip(self._parameters, last, strict=False))

    def replace(self, unit: Unit, row: SealedRow, sealed: str) -> None:
        """Adds the replacement of a value that is still the one of ``row``."""
        keys: dict[str, Any] = dict(zip(self._parameters, (row.key0, row.key1), strict=False))
        unit.add(self._replace, expect=None, sealed=sealed, was=row.sealed, **keys)

    async def count(self, database: Database, like: str) -> int:
        """How many values are of the pattern."""
        found = await database.find(self._count, like=like)
        return found.number if found else 0
