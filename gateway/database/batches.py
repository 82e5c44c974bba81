"""Sweeping: rows whose time is over go in small batches, so that no caller waits behind them."""

from datetime import datetime

import msgspec

from gateway.database.database import Database
from gateway.database.statements import Query, Unit

BATCH_ROWS = 500


class Swept(msgspec.Struct, frozen=True):
    """The key of a row that is gone."""

    swept: str


def sweeping(table: str, key: str, column: str) -> Query[Swept]:
    """A query that deletes a batch of the rows whose ``column`` lies before ``:before``.

    Several processes may sweep at once: each passes over what another has in hand.
    """
    return Query(
        f"delete from {table} where {key} in (select {key} from {table}"  # noqa: S608 - our own names
        f" where {column} < :before limit {BATCH_ROWS} {{skip_locked}}) returning {key} as swept",
        Swept,
    )


async def sweep_out(database: Database, query: Query[Swept], *, before: datetime) -> int:
    """Deletes batch after batch until none is full; returns how many rows went."""
    total = 0
    while True:
        unit = Unit("database.sweep_out")
        slot = unit.ask(query, before=before)
        gone = len((await database.commit(unit))[slot])
        total += gone
        if gone < BATCH_ROWS:
            return total
