"""What the customer read is held against the rules of the day the order is placed, and kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from contracts import errors
from gateway.database import Database
from gateway.kit.caller import Caller
from tests.conftest import SetClock
from tests.credit import CODE, AllListed, credit
from tests.gateway.orders.story import AUDITED, ORDERS, Story, entry, wanted

# 31 July, five minutes to midnight at the bank, and ten minutes later.
EVENING = datetime(2026, 7, 31, 15, 55, tzinfo=UTC)
NEXT_DAY = timedelta(minutes=10)
ENTRIES = [entry("plan", "refer", package=CODE)]


@pytest.fixture
def evening() -> SetClock:
    return SetClock(EVENING)


def story(database: Database, clock: SetClock, **package: Any) -> Story:
    return Story(database, clock, packages=(credit(**package),), register=AllListed())


async def order(story: Story, caller: Caller, key: str = "key-1") -> Any:
    return (await story.place(caller, key, wanted(CODE))).order


async def test_before_the_rules_day_the_order_needs_no_cost_table(
    database: Database, evening: SetClock
) -> None:
    told = story(database, evening, cost_table=False)
    caller = await told.consent(details=ENTRIES)
    evening.advance(299)
    placed = await order(told, caller)
    assert placed.status == "active"
    assert [text.code for text in placed.disclosures] == ["shared-with-partner"]


async def test_on_the_rules_day_a_consent_without_it_is_stale_and_leaves_no_order(
    database: Database, evening: SetClock
) -> None:
    told = story(database, evening, cost_table=False)
    caller = await told.consent(details=ENTRIES)
    evening.advance(NEXT_DAY.total_seconds())
    for _ in range(2):
        with pytest.raises(errors.GatewayError) as refused:
            await order(told, caller)
        assert (refused.value.status, refused.value.code) == (409, "disclosure.stale")
        assert refused.value.next_action == "authorize_again"
        assert "cost_table" in refused.value.detail
    assert await told.count(ORDERS) == 0
    (denied,) = [row for row in await database.all(AUDITED) if row.decision == "deny"]
    assert "disclosure.stale" in denied.detail


async def test_a_table_that_was_read_for_too_short_a_time_is_stale_by_then(
    database: Database, evening: SetClock
) -> None:
    told = story(database, evening, cost_table=True, seconds=0)
    read_for = {7: "409", 8: "active"}
    seen = {}
    for seconds in read_for:
        evening.at = EVENING
        shown_at = EVENING - timedelta(seconds=seconds)
        caller = await told.consent(details=ENTRIES, shown_at=shown_at)
        evening.advance(NEXT_DAY.total_seconds())
        try:
            seen[seconds] = (await order(told, caller, f"key-{seconds}")).status
        except errors.GatewayError as refused:
            seen[seconds] = str(refused.status)
    assert seen == read_for


async def test_a_table_that_was_read_in_another_wording_is_stale(
    database: Database, evening: SetClock
) -> None:
    caller = await story(database, evening, cost_table=True).consent(details=ENTRIES)
    reworded = credit(cost_table=True)
    table = reworded.disclosure[-1]
    reworded = replace(reworded, disclosure=(reworded.disclosure[0], replace(table, version="2")))
    evening.advance(NEXT_DAY.total_seconds())
    with pytest.raises(errors.GatewayError) as refused:
        await order(Story(database, evening, packages=(reworded,), register=AllListed()), caller)
    assert refused.value.code == "disclosure.stale"


async def test_the_order_keeps_what_was_read_and_its_audit_names_it(
    database: Database, evening: SetClock
) -> None:
    evening.advance(NEXT_DAY.total_seconds())
    told = story(database, evening, cost_table=True)
    caller = await told.consent(details=ENTRIES)
    placed = await order(told, caller)
    table = placed.disclosures[1]
    assert (table.code, table.version, table.kind) == ("cost-table", "1", "cost_table")
    assert (table.language, table.agreed_at) == ("en", evening.at)
    assert table.digest == credit(cost_table=True).disclosure[-1].digest
    assert (await told.orders.read(placed.order_id, caller)).disclosures == placed.disclosures
    (noted,) = [row for row in await database.all(AUDITED) if row.action == "order.place"]
    assert table.digest in noted.detail
