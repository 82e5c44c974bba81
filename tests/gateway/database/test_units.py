"""A unit is durable as a whole or has not happened, alone or inside a group."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import BigInteger, Column, Table, Text

from contracts import errors
from gateway.database import (
    METADATA,
    Database,
    Instant,
    Query,
    Stale,
    Statement,
    Unit,
    sweep_out,
    sweeping,
)
from gateway.database.batches import BATCH_ROWS

COUNTER = Table(
    "test_counter",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("moved_at", Instant, nullable=True),
)


class CounterRow(msgspec.Struct, frozen=True):
    name: str
    used: int
    moved_at: datetime | None


INSERT = Statement("insert into test_counter (name, used, moved_at) values (:name, :used, :at)")
TAKE = Statement(
    "update test_counter set used = used + :amount, moved_at = :at"
    " where name = :name and used + :amount <= :cap"
)
FIND = Query("select name, used, moved_at from test_counter where name = :name", CounterRow)
CLAIM = Query(
    "update test_counter set used = used + 1 where name in (select name from test_counter"
    " where used < :below order by name limit 1 {skip_locked}) returning name, used, moved_at",
    CounterRow,
)
SWEEP = sweeping("test_counter", "name", "moved_at")
AT = datetime(2026, 11, 24, 12, 0, 0, 5, tzinfo=UTC)


class Spent(Exception):
    pass


def opening(name: str, used: int = 0) -> Unit:
    unit = Unit("open")
    unit.add(INSERT, name=name, used=used, at=AT)
    return unit


async def test_what_is_committed_is_read_back_with_its_types(database: Database) -> None:
    await database.commit(opening("a", 2**53 - 1))
    assert await database.find(FIND, name="a") == CounterRow("a", 2**53 - 1, AT)
    assert await database.find(FIND, name="b") is None


async def test_a_missed_guard_undoes_the_whole_unit(database: Database) -> None:
    await database.commit(opening("a"))
    unit = opening("b")
    unit.add(TAKE, otherwise=Spent, name="a", amount=11, cap=10, at=AT)
    with pytest.raises(Spent):
        await database.commit(unit)
    assert await database.find(FIND, name="b") is None


async def test_a_repeated_key_raises_what_its_statement_declares(database: Database) -> None:
    await database.commit(opening("a"))
    unit = Unit("again")
    unit.add(INSERT, name="b", used=1, at=None)
    unit.add(INSERT, otherwise=Spent("twice"), name="a", used=1, at=None)
    with pytest.raises(Spent, match="twice"):
        await database.commit(unit)
    assert await database.find(FIND, name="b") is None


async def test_each_unit_of_a_group_stands_or_falls_alone(database: Database) -> None:
    await database.commit(opening("even"))
    units = []
    for number in range(100):
        unit = Unit("one of a group")
        if number % 2:
            unit.add(INSERT, otherwise=Spent, name="even", used=0, at=AT)
        else:
            unit.add(INSERT, name=f"n{number}", used=number, at=AT)
        units.append(database.commit(unit))
    outcomes = await asyncio.gather(*units, return_exceptions=True)
    assert [isinstance(outcome, Spent) for outcome in outcomes] == [n % 2 == 1 for n in range(100)]
    assert await database.find(FIND, name="n98") is not None


async def test_a_guarded_counter_never_passes_its_cap(database: Database) -> None:
    await database.commit(opening("cap"))

    async def take(amount: int) -> bool:
        unit = Unit("take", locks=("cap",))
        unit.add(TAKE, otherwise=Spent, name="cap", amount=amount, cap=100, at=AT)
        try:
            await database.commit(unit)
        except Spent:
            return False
        return True

    wins = sum(await asyncio.gather(*(take(7) for _ in range(40))))
    row = await database.find(FIND, name="cap")
    assert row is not None
    assert (wins, row.used) == (14, 98)


async def test_queries_in_a_unit_see_its_changes(database: Database) -> None:
    unit = opening("a", 1)
    first = unit.ask(FIND, name="a")
    second = unit.ask(CLAIM, below=5)
    answer = await database.commit(unit)
    assert answer[first] == [CounterRow("a", 1, AT)]
    assert answer[second] == [CounterRow("a", 2, AT)]


async def test_settle_reads_again_and_gives_up_after_three_tries(database: Database) -> None:
    await database.commit(opening("a"))
    tries = []

    async def compose() -> Unit:
        tries.append(1)
        unit = Unit("stale")
        unit.add(INSERT, name="a", used=0, at=None)
        return unit

    with pytest.raises(errors.Conflict):
        await database.settle(compose)
    assert len(tries) == 3


async def test_text_that_a_database_cannot_hold_is_refused_as_input(database: Database) -> None:
    for text in ("nul\x00", "lone \ud800 surrogate"):
        with pytest.raises(errors.InvalidField):
            opening(text)
    await database.commit(opening("引号 ' \" \\ \n ${} %s :name"))
    assert await database.find(FIND, name="引号 ' \" \\ \n ${} %s :name") is not None


async def test_what_no_column_can_hold_never_joins_a_group(database: Database) -> None:
    for number in (2**63, -(2**63) - 1):
        with pytest.raises(errors.InvalidField):
            opening("a", number)
    await database.commit(opening("a", 2**63 - 1))
    for name in ("nul\x00", "lone \ud800 surrogate"):
        with pytest.raises(errors.InvalidField):
            Unit("lock", locks=(name,))


async def test_a_bug_in_one_unit_does_not_touch_its_neighbours(database: Database) -> None:
    broken = Unit("broken")
    broken.add(INSERT, name="x", used="not a number", at=AT)
    unheard_of = Unit("a value that only the driver refuses")
    unheard_of.add(INSERT, name="y", used=1, at=AT)
    unheard_of.calls[0].values[1] = 2**70
    outcomes = await asyncio.gather(
        database.commit(opening("a")),
        database.commit(broken),
        database.commit(unheard_of),
        database.commit(opening("b")),
        return_exceptions=True,
    )
    if database.kind == "postgresql":  # SQLite columns take any type, so nothing breaks there
        assert isinstance(outcomes[1], Exception)
        assert not isinstance(outcomes[1], Stale)
    assert isinstance(outcomes[2], Exception)
    assert await database.find(FIND, name="a") is not None
    assert await database.find(FIND, name="b") is not None
    assert await database.find(FIND, name="y") is None


async def test_values_are_checked_against_the_parameters() -> None:
    with pytest.raises(TypeError, match="at"):
        Unit("bug").add(INSERT, name="a", used=1)
    with pytest.raises(TypeError, match="aware"):
        Unit("bug").add(INSERT, name="a", used=1, at=datetime(2026, 1, 1))  # noqa: DTZ001


async def test_sweeping_takes_all_that_is_over_and_nothing_else(database: Database) -> None:
    unit = Unit("many")
    for number in range(BATCH_ROWS + 3):
        unit.add(INSERT, name=f"old{number}", used=0, at=AT)
    unit.add(INSERT, name="young", used=0, at=AT + timedelta(seconds=1))
    await database.commit(unit)
    assert await sweep_out(database, SWEEP, before=AT + timedelta(microseconds=1)) == BATCH_ROWS + 3
    assert await sweep_out(database, SWEEP, before=AT + timedelta(microseconds=1)) == 0
    assert await database.find(FIND, name="young") is not None
