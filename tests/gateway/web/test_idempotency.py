"""A key stands for one request of one client, and its first outcome is its only one."""

import asyncio
from datetime import timedelta

import pytest

from contracts import errors
from contracts.v1.money import Money
from contracts.v1.payments import DebitRequest
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from gateway.web.idempotency import KEPT, Idempotency, fingerprint, require_key
from tests.conftest import SetClock

REQUEST = DebitRequest(Money(300), "ride-1")


def caller(clock: SetClock, client_id: str = "cli_a") -> Caller:
    return Caller(
        partner_id="ptr_a",
        client_id=client_id,
        scope=frozenset(),
        at=clock.now(),
        interaction_id="i",
    )


async def start(database: Database, clock: SetClock, client_id: str = "cli_a") -> None:
    unit = Unit("test")
    print_ = fingerprint("debit", REQUEST)
    Idempotency(database).start(
        unit, caller(clock, client_id), "debit", "k1", print_, "pay_1", clock.now()
    )
    await database.commit(unit)


async def test_the_outcome_is_replayed_byte_for_byte(database: Database, clock: SetClock) -> None:
    keys, print_ = Idempotency(database), fingerprint("debit", REQUEST)
    assert await keys.find(caller(clock), "debit", "k1", print_, clock.now()) is None
    await start(database, clock)
    under_way = await keys.find(caller(clock), "debit", "k1", print_, clock.now())
    assert under_way is not None
    assert (under_way.done, under_way.resource_id) == (False, "pay_1")
    unit = Unit("test")
    keys.finish(unit, "cli_a", "k1", 201, '{"状态": 1}'.encode(), clock.now())
    await database.commit(unit)
    prior = await keys.find(caller(clock), "debit", "k1", print_, clock.now())
    assert prior is not None
    assert (prior.done, prior.status, prior.body) == (True, 201, '{"状态": 1}'.encode())


async def test_another_request_under_the_key_is_refused(
    database: Database, clock: SetClock
) -> None:
    await start(database, clock)
    other = fingerprint("debit", DebitRequest(Money(301), "ride-1"))
    with pytest.raises(errors.IdempotencyKeyReused):
        await Idempotency(database).find(caller(clock), "debit", "k1", other, clock.now())


async def test_one_of_two_twins_wins(database: Database, clock: SetClock) -> None:
    outcomes = await asyncio.gather(
        *(start(database, clock) for _ in range(5)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, errors.RequestInFlight) for outcome in outcomes) == 4


async def test_keys_of_different_clients_do_not_meet(database: Database, clock: SetClock) -> None:
    await start(database, clock)
    await start(database, clock, "cli_b")


async def test_outcomes_are_kept_their_time_and_unfinished_ones_longer(
    database: Database, clock: SetClock
) -> None:
    assert timedelta(hours=24) <= KEPT
    keys, print_ = Idempotency(database), fingerprint("debit", REQUEST)
    await start(database, clock)
    clock.advance(KEPT.total_seconds() + 1)
    await keys.forget(clock.now())
    assert await keys.find(caller(clock), "debit", "k1", print_, clock.now()) is not None


@pytest.mark.parametrize(
    "header", [None, "", '""', "with space", "é", "x" * 129, '"a"b"', '"abc', 'abc"', "a\n"]
)
def test_a_key_is_visible_ascii(header: str | None) -> None:
    with pytest.raises((errors.IdempotencyKeyMissing, errors.InvalidField)):
        require_key(header)


def test_a_key_may_be_quoted_or_bare() -> None:
    assert require_key('"8e03978e"') == require_key("8e03978e") == "8e03978e"
