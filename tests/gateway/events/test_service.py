"""Events are numbered per resource, written once, and walked in the feed without a gap."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import msgspec
import pytest

from contracts import errors
from contracts.v1.events import Event
from contracts.v1.money import Money
from gateway.database import Database, Query, Stale, Unit
from gateway.events.service import Events
from tests import stores

AT = datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC)


class BodyRow(msgspec.Struct):
    event_id: str
    sequence: int
    body: str


BODIES = Query(
    "select event_id, sequence, body from event where resource_id = :resource_id order by sequence",
    BodyRow,
)


async def record(
    events: Events,
    database: Database,
    resource_id: str = "ord_1",
    partner_id: str = "par_a",
    **content: object,
) -> str:
    unit = Unit("test")
    event_id = events.record(
        unit,
        type="order.active",
        partner_id=partner_id,
        resource_type="order",
        resource_id=resource_id,
        content=content,
        at=AT,
    )
    await database.commit(unit)
    return event_id


async def dispatch(events: Events, database: Database, limit: int = 100) -> int:
    found = await events.undispatched(limit)
    unit = Unit("dispatch")
    events.place(unit, found)
    await database.commit(unit)
    return len(found)


async def test_the_stored_text_is_the_whole_envelope(database: Database) -> None:
    events = Events(database)
    event_id = await record(events, database, amount=Money(300, "CNY"), note='零钱 "{}" \x00')
    (row,) = await database.all(BODIES, resource_id="ord_1")
    event = msgspec.json.decode(row.body, type=Event)
    assert (event.id, event.sequence, event.timestamp) == (event_id, 1, AT)
    assert event.data == {
        "amount": {"minor_units": 300, "currency": "CNY"},
        "note": '零钱 "{}" \x00',
    }
    assert msgspec.json.encode(event).decode() == row.body


async def test_a_resource_is_numbered_without_gaps_under_concurrency(database: Database) -> None:
    events = Events(database)
    await asyncio.gather(*(record(events, database, f"ord_{n % 3}") for n in range(60)))
    for number in range(3):
        rows = await database.all(BODIES, resource_id=f"ord_{number}")
        assert [row.sequence for row in rows] == list(range(1, 21))
        assert [msgspec.json.decode(row.body)["sequence"] for row in rows] == list(range(1, 21))


async def test_an_undone_unit_leaves_no_event_and_no_gap(database: Database) -> None:
    events = Events(database)
    unit = Unit("refused")
    events.record(
        unit,
        type="order.active",
        partner_id="par_a",
        resource_type="order",
        resource_id="ord_1",
        content={},
        at=AT,
    )
    unit.calls.append(unit.calls[0])
    with pytest.raises(Stale):
        await database.commit(unit)
    await record(events, database)
    (row,) = await database.all(BODIES, resource_id="ord_1")
    assert row.sequence == 1


def test_a_type_outside_the_contract_is_a_bug() -> None:
    with pytest.raises(ValueError, match=r"order\.exploded"):
        Events(None).record(  # type: ignore[arg-type]
            Unit("test"),
            type="order.exploded",
            partner_id="par_a",
            resource_type="order",
            resource_id="ord_1",
            content={},
            at=AT,
        )


async def test_the_feed_shows_a_partner_its_own_dispatched_events(database: Database) -> None:
    events = Events(database)
    mine = [await record(events, database) for _ in range(3)]
    await record(events, database, "ord_2", partner_id="par_b")
    assert (await events.feed("par_a", "", 10)).events == []
    await dispatch(events, database)
    page = await events.feed("par_a", "", 10)
    assert [event.id for event in page.events] == mine
    assert not page.more


async def test_walking_pages_gives_every_event_once(database: Database) -> None:
    events = Events(database)
    recorded = [await record(events, database, f"ord_{n % 2}") for n in range(7)]
    await dispatch(events, database)
    after, walked, more = "", [], True
    while more:
        page = await events.feed("par_a", after, 3)
        walked += [event.id for event in page.events]
        after, more = page.next, page.more
    assert walked == recorded
    late = await record(events, database)
    assert (await events.feed("par_a", after, 3)).next == after
    await dispatch(events, database)
    assert [event.id for event in (await events.feed("par_a", after, 3)).events] == [late]


async def test_two_dispatchers_never_place_an_event_twice(database: Database) -> None:
    events = Events(database)
    for _ in range(5):
        await record(events, database)
    found = await events.undispatched(10)
    units = [Unit("dispatch"), Unit("dispatch")]
    for unit in units:
        events.place(unit, found)
    outcomes = await asyncio.gather(*map(database.commit, units), return_exceptions=True)
    assert sorted(isinstance(outcome, Stale) for outcome in outcomes) == [False, True]
    assert await events.undispatched(10) == []
    assert len((await events.feed("par_a", "", 10)).events) == 5


async def test_the_feed_never_overtakes_a_writer_that_commits_late(postgres_url: str) -> None:
    """A reader that follows the feed while two processes write and dispatch misses nothing."""
    await stores.empty(postgres_url)
    databases = [await Database.connect(postgres_url) for _ in range(2)]
    writing = True

    async def write(database: Database, name: str) -> list[str]:
        events, written = Events(database), []
        for number in range(40):
            written.append(await record(events, database, f"ord_{name}_{number % 4}"))
        return written

    async def place(database: Database) -> None:
        events = Events(database)
        while writing or await events.undispatched(1):
            try:
                await dispatch(events, database, 5)
            except Stale:
                await asyncio.sleep(0)

    async def follow(database: Database) -> list[str]:
        events, after, seen = Events(database), "", []
        while placing or (await events.feed("par_a", after, 1)).events:
            page = await events.feed("par_a", after, 7)
            seen += [event.id for event in page.events]
            after = page.next
        return seen

    placing = True
    try:
        follower = asyncio.create_task(follow(databases[1]))
        placers = [asyncio.create_task(place(database)) for database in databases]
        written = await asyncio.gather(write(databases[0], "a"), write(databases[1], "b"))
        writing = False
        await asyncio.gather(*placers)
        placing = False
        seen = await follower
    finally:
        for database in databases:
            await database.close()
    assert len(seen) == 80
    assert set(seen) == set(written[0]) | set(written[1])


async def test_an_event_inserted_first_and_visible_last_is_still_met(postgres_url: str) -> None:
    await stores.empty(postgres_url)
    database = await Database.connect(postgres_url)
    slow = await asyncpg.connect(postgres_url)
    try:
        events = Events(database)
        transaction = slow.transaction()
        await transaction.start()
        body = '{"id":"evt_slow","type":"order.active","timestamp":"2026-11-24T02:00:00Z",'
        body += '"sequence":1,"resource":{"type":"order","id":"ord_slow"},"data":{}}'
        await slow.execute(
            "insert into event (event_id, partner_id, type, resource_type, resource_id, sequence,"
            " body, recorded_at) values ('evt_slow', 'par_a', 'order.active', 'order', 'ord_slow',"
            " 1, $1, now())",
            body,
        )
        quick = await record(events, database)
        await dispatch(events, database)
        page = await events.feed("par_a", "", 10)
        assert [event.id for event in page.events] == [quick]
        await transaction.commit()
        await dispatch(events, database)
        page = await events.feed("par_a", page.next, 10)
        assert [event.id for event in page.events] == ["evt_slow"]
    finally:
        await slow.close()
        await database.close()


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 19, "9" * 40, "１", " 1"])
async def test_a_position_that_no_page_gave_is_refused(database: Database, after: str) -> None:
    with pytest.raises(errors.InvalidField):
        await Events(database).feed("par_a", after, 10)


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_page_size_out_of_bounds_is_refused(database: Database, limit: int) -> None:
    with pytest.raises(errors.InvalidField):
        await Events(database).feed("par_a", "", limit)
