"""The process is killed at every commit of an order's story; a retry ends it with one effect."""

import pytest

from contracts.v1.orders import Order
from gateway.database import Database
from gateway.kit.caller import Caller
from tests.conftest import SetClock
from tests.gateway.orders import story
from tests.gateway.orders.story import (
    LEASE,
    Killed,
    MortalDatabase,
    Story,
    until_answered,
)

# Every commit of the story, the bank's own included: one that succeeds, one that is taken back.
COMMITS = {"lin": 9, "wu": 15}
KILLS = [
    (like, commit, durable)
    for like, commits in COMMITS.items()
    for commit in range(1, commits + 1)
    for durable in (False, True)
]


class Victim:
    """A customer whose order's first request dies at a commit; no answer ever arrives."""

    def __init__(self, tale: Story, caller: Caller, login: str) -> None:
        self.tale = tale
        self.caller = caller
        self.login = login

    @classmethod
    async def of(cls, tale: Story, like: str) -> "Victim":
        login = await tale.fresh(like)
        return cls(tale, await tale.consent(login), login)

    async def dies(self, commit: int, *, durable: bool) -> None:
        mortal = MortalDatabase(self.tale.database, commit, durable=durable)
        with pytest.raises(Killed):
            await Story(mortal, self.tale.clock).place(self.caller, key=self.login)

    async def check(self, order: Order) -> None:
        tale = self.tale
        assert await tale.count(story.ORDERS_OF, consent_id=self.caller.consent_id) == 1
        accounts = await tale.count(story.BANK_ACCOUNTS, customer_id=f"cus_{self.login}")
        assert accounts == (2 if order.status == "active" else 0)
        types = await tale.event_counts(about=order.order_id)
        assert types["order.received"] == 1
        assert types["order.active"] + types["order.cancelled"] == 1
        if order.status == "active":
            assert await tale.balance(order, "purse") == 5_000
            assert (types["account.opened"], types["mandate.active"]) == (2, 1)
            assert types["purse.topped_up"] == 1
        else:
            assert types["account.opened"] == types["account.closed"]
            assert types["mandate.active"] == types["mandate.ended"]


async def check_the_whole(tale: Story) -> None:
    assert await tale.bank.books_balance()
    await tale.check_events()


async def test_a_retry_ends_an_order_killed_at_any_commit(
    database: Database, clock: SetClock
) -> None:
    tale = Story(database, clock)
    for like, commit, durable in KILLS:
        victim = await Victim.of(tale, like)
        await victim.dies(commit, durable=durable)
        placed = await until_answered(lambda v=victim: tale.place(v.caller, key=v.login), clock)
        assert placed.order.status == {"lin": "active", "wu": "cancelled"}[like]
        await victim.check(placed.order)
        again = await tale.place(victim.caller, key=victim.login)
        assert (again.replayed, again.body) == (True, placed.body)
    await check_the_whole(tale)


async def test_a_worker_ends_a_killed_order_that_nobody_asks_for_again(
    database: Database, clock: SetClock
) -> None:
    tale = Story(database, clock)
    for like, commit, durable in KILLS:
        victim = await Victim.of(tale, like)
        await victim.dies(commit, durable=durable)
        clock.advance(LEASE.total_seconds() + 1)
        kept = commit > 1 or durable
        ended = commit == COMMITS[like] and durable
        assert await tale.orders.worker.step() == (1 if kept and not ended else 0)
        placed = await tale.place(victim.caller, key=victim.login)
        assert placed.replayed == kept
        await victim.check(placed.order)
    await check_the_whole(tale)


@pytest.mark.parametrize("like", COMMITS)
async def test_the_kills_cover_every_commit(database: Database, clock: SetClock, like: str) -> None:
    tale = Story(database, clock)
    caller = await tale.consent(like)
    survivor = MortalDatabase(database, COMMITS[like] + 1, durable=True)
    await Story(survivor, clock).place(caller)
    assert survivor.left == 1


async def test_an_order_killed_at_every_step_of_every_retry_still_has_one_effect(
    database: Database, clock: SetClock
) -> None:
    tale = Story(database, clock)
    victim = await Victim.of(tale, "lin")
    for durable in (True, False) * 12:
        clock.advance(LEASE.total_seconds() + 1)
        mortal = Story(MortalDatabase(database, 2, durable=durable), clock)
        try:
            await mortal.place(victim.caller, key=victim.login)
        except Killed:
            continue
        break
    placed = await until_answered(lambda: tale.place(victim.caller, key=victim.login), clock)
    assert placed.order.status == "active"
    await victim.check(placed.order)
    await check_the_whole(tale)
