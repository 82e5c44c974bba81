"""The process is killed at every commit of an order's story; a retry ends it with one effect."""

from collections import Counter

import pytest

from contracts.v1.orders import Order
from gateway.database import Database
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.story import (
    LEASE,
    Killed,
    MortalDatabase,
    Story,
    until_answered,
)

# Every commit of the story, the bank's own included.
COMMITS_OF_SUCCESS = 9
COMMITS_OF_REFUSAL = 15


async def killed_at(database: Database, clock: SetClock, login: str, commit: int, durable: bool):
    """A story whose first request died at a commit; the answer never arrived."""
    tale = Story(database, clock)
    caller = await tale.consent(login)
    mortal = Story(MortalDatabase(database, commit, durable=durable), clock)
    with pytest.raises(Killed):
        await mortal.place(caller)
    return tale, caller


async def check(tale: Story, login: str, order: Order) -> None:
    assert await tale.count(story.ORDERS) == 1
    open_accounts = await tale.count(story.BANK_ACCOUNTS, customer_id=f"cus_{login}")
    assert open_accounts == (2 if order.status == "active" else 0)
    assert await tale.bank.books_balance()
    await tale.check_events()
    types: Counter[str] = await tale.event_counts()
    assert types["order.received"] == 1
    assert types["order.active"] + types["order.cancelled"] == 1
    if order.status == "active":
        assert await tale.balance(order, "purse") == 5_000
        assert (types["account.opened"], types["mandate.active"]) == (2, 1)
        assert types["purse.topped_up"] == 1
    else:
        assert types["account.opened"] == types["account.closed"]
        assert types["mandate.active"] == types["mandate.ended"]


@pytest.mark.parametrize("durable", [False, True], ids=["lost", "durable"])
@pytest.mark.parametrize("commit", range(1, COMMITS_OF_SUCCESS + 1))
async def test_a_retry_ends_a_killed_order(
    database: Database, clock: SetClock, commit: int, durable: bool
) -> None:
    tale, caller = await killed_at(database, clock, "lin", commit, durable)
    placed = await until_answered(lambda: tale.place(caller), clock)
    assert placed.order.status == "active"
    await check(tale, "lin", placed.order)
    again = await tale.place(caller)
    assert again.replayed
    assert again.body == placed.body


@pytest.mark.parametrize("durable", [False, True], ids=["lost", "durable"])
@pytest.mark.parametrize("commit", range(1, COMMITS_OF_REFUSAL + 1))
async def test_a_retry_ends_a_killed_compensation(
    database: Database, clock: SetClock, commit: int, durable: bool
) -> None:
    tale, caller = await killed_at(database, clock, "wu", commit, durable)
    placed = await until_answered(lambda: tale.place(caller), clock)
    assert placed.order.status == "cancelled"
    await check(tale, "wu", placed.order)


@pytest.mark.parametrize("durable", [False, True], ids=["lost", "durable"])
@pytest.mark.parametrize("commit", range(1, COMMITS_OF_SUCCESS + 1))
async def test_a_worker_ends_a_killed_order_that_nobody_asks_for_again(
    database: Database, clock: SetClock, commit: int, durable: bool
) -> None:
    tale, caller = await killed_at(database, clock, "lin", commit, durable)
    clock.advance(LEASE.total_seconds() + 1)
    kept = commit > 1 or durable
    ended = commit == COMMITS_OF_SUCCESS and durable
    assert await tale.orders.worker.step() == (1 if kept and not ended else 0)
    placed = await tale.place(caller)
    assert placed.replayed == kept
    await check(tale, "lin", placed.order)


@pytest.mark.parametrize("login", ["lin", "wu"])
async def test_the_kills_cover_every_commit(
    database: Database, clock: SetClock, login: str
) -> None:
    tale = Story(database, clock)
    caller = await tale.consent(login)
    commits = COMMITS_OF_SUCCESS if login == "lin" else COMMITS_OF_REFUSAL
    # One commit fewer would be a kill that this number no longer reaches.
    survivor = Story(MortalDatabase(database, commits + 1, durable=True), clock)
    assert (await survivor.place(caller)).order.lines
    assert survivor.database._left == 1


async def test_a_retry_killed_again_and_again_still_ends_in_one_effect(
    database: Database, clock: SetClock
) -> None:
    tale = Story(database, clock)
    caller = await tale.consent()
    for durable in (True, False) * 12:
        clock.advance(LEASE.total_seconds() + 1)
        mortal = Story(MortalDatabase(database, 2, durable=durable), clock)
        try:
            await mortal.place(caller)
        except Killed:
            continue
        break
    placed = await until_answered(lambda: tale.place(caller), clock)
    assert placed.order.status == "active"
    await check(tale, "lin", placed.order)
