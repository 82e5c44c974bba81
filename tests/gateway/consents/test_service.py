"""What was granted is live until it is taken back or runs out, and then for nobody any more."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any, get_args

import msgspec
import pytest

from contracts import errors
from contracts.v1.events import Event
from gateway.audit.service import Audit
from gateway.consents import states
from gateway.consents.service import Consents, Notice, is_live, promised
from gateway.database import Database, Query, Unit
from gateway.events.service import Events
from gateway.rules.service import load_book
from tests.conftest import SetClock

PURSE: dict[str, Any] = {
    "type": "urn:tessera:package-order",
    "package": "commuter-wallet",
    "version": "1.0.0",
    "component": "purse",
    "actions": ["open"],
    "top_up": {"minor_units": 5000, "currency": "CNY"},
}
NOTICE = Notice(purpose="commuter-wallet@1.0.0", recipient="Wayfare", language="zh-CN")


class Bodied(msgspec.Struct):
    body: str


class Counted(msgspec.Struct):
    count: int


EVENTS = Query(
    "select body from event where resource_id = :id order by sequence",
    Bodied,
)
RECORDS = Query(
    "select count(*) as count from audit_record where resource = :id and action = :action", Counted
)


@pytest.fixture
def consents(database: Database) -> Consents:
    return Consents(database, Events(database), Audit(load_book()))


async def granted(
    consents: Consents, database: Database, clock: SetClock, customer_id: str = "cus_1"
) -> str:
    unit = Unit("test.grant")
    consent_id = consents.grant(
        unit,
        partner_id="ptr_1",
        client_id="cli_1",
        customer_id=customer_id,
        scope="order.read order.write",
        authorization_details=[PURSE],
        acr="urn:tessera:acr:two-factor",
        amr=["pin", "otp", "mfa"],
        notice=NOTICE,
        at=clock.now(),
    )
    await database.commit(unit)
    return consent_id


async def events_of(database: Database, consent_id: str) -> list[Event]:
    rows = await database.all(EVENTS, id=consent_id)
    return [msgspec.json.decode(row.body, type=Event) for row in rows]


async def records_of(database: Database, consent_id: str, action: str) -> int:
    row = await database.find(RECORDS, id=consent_id, action=action)
    assert row is not None
    return row.count


async def test_a_grant_is_read_back_whole(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent = await consents.find(await granted(consents, database, clock))
    assert consent is not None
    assert (consent.authorization_details, consent.notice) == ((PURSE,), NOTICE)
    assert (consent.acr, consent.amr) == ("urn:tessera:acr:two-factor", ("pin", "otp", "mfa"))
    assert consent.expires_at - consent.created_at == timedelta(days=180)
    assert is_live(consent, clock.now())


async def test_a_grant_is_announced_and_audited_in_its_own_unit(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await granted(consents, database, clock)
    (event,) = await events_of(database, consent_id)
    assert (event.type, event.sequence) == ("consent.granted", 1)
    assert "cus_1" not in str(event.data)
    assert await records_of(database, consent_id, "consent.grant") == 1


async def test_a_consent_ends_at_its_expiry_without_anybody_writing(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent = await consents.find(await granted(consents, database, clock))
    assert consent is not None
    assert is_live(consent, consent.expires_at - timedelta(microseconds=1))
    assert not is_live(consent, consent.expires_at)
    assert promised(consent, consent.expires_at).status == "expired"


async def test_a_revoked_consent_is_dead_and_told_once(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await granted(consents, database, clock)
    clock.advance(5)
    first = await consents.revoke(consent_id, "cus_1", clock.now())
    clock.advance(5)
    second = await consents.revoke(consent_id, "cus_1", clock.now())
    assert not is_live(first, clock.now())
    assert first == second
    assert [event.type for event in await events_of(database, consent_id)] == [
        "consent.granted",
        "consent.revoked",
    ]
    assert await records_of(database, consent_id, "consent.revoke") == 1


async def test_revoking_twenty_times_at_once_has_one_effect(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await granted(consents, database, clock)
    outcomes = await asyncio.gather(
        *(consents.revoke(consent_id, "cus_1", clock.now()) for _ in range(20))
    )
    assert {consent.status for consent in outcomes} == {"revoked"}
    assert await records_of(database, consent_id, "consent.revoke") == 1


@pytest.mark.parametrize("stranger", ["cus_2", ""])
async def test_another_customers_consent_is_one_that_does_not_exist(
    consents: Consents, database: Database, clock: SetClock, stranger: str
) -> None:
    consent_id = await granted(consents, database, clock)
    for unknown in (consent_id, "cns_nobody"):
        with pytest.raises(errors.NotFound):
            await consents.revoke(unknown, stranger, clock.now())
    consent = await consents.find(consent_id)
    assert consent is not None
    assert is_live(consent, clock.now())


async def test_a_partner_gives_back_its_own_consent_only(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await granted(consents, database, clock)

    async def give_back(partner_id: str, customer_id: str | None) -> None:
        await consents.give_back(
            consent_id,
            partner_id=partner_id,
            customer_id=customer_id,
            actor="client:cli_1",
            at=clock.now(),
        )

    for partner_id, customer_id in (("ptr_2", None), ("ptr_1", "cus_2")):
        with pytest.raises(errors.NotFound):
            await give_back(partner_id, customer_id)
    await give_back("ptr_1", None)
    await give_back("ptr_1", "cus_1")
    consent = await consents.find(consent_id)
    assert consent is not None
    assert (consent.status, consent.revoked_by) == ("revoked", "partner")


async def test_a_customer_sees_their_own_consents_newest_first(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    first = await granted(consents, database, clock)
    clock.advance(1)
    second = await granted(consents, database, clock)
    await granted(consents, database, clock, "cus_2")
    found = await consents.for_customer("cus_1")
    assert [consent.consent_id for consent in found] == [second, first]


def test_only_the_listed_moves_exist() -> None:
    assert states.event_of("active", "revoked") == "consent.revoked"
    every = get_args(states.Status)
    allowed = {move for move in itertools.product(every, every) if move in states.MOVES}
    assert allowed == {
        ("active", "paused"),
        ("paused", "active"),
        ("active", "revoked"),
        ("paused", "revoked"),
        ("active", "expired"),
        ("paused", "expired"),
    }
    with pytest.raises(KeyError):
        states.event_of("revoked", "active")


SWEEP: dict[str, Any] = PURSE | {"component": "sweep", "actions": ["refer"]}


async def two_parts(consents: Consents, database: Database, clock: SetClock) -> str:
    unit = Unit("test.grant")
    consent_id = consents.grant(
        unit,
        partner_id="ptr_1",
        client_id="cli_1",
        customer_id="cus_1",
        scope="order.read order.write payment.initiate",
        authorization_details=[PURSE, SWEEP],
        acr="urn:tessera:acr:two-factor",
        amr=["pin", "otp", "mfa"],
        notice=NOTICE,
        at=clock.now(),
    )
    await database.commit(unit)
    return consent_id


async def test_a_paused_consent_is_not_live_and_goes_on_when_resumed(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await granted(consents, database, clock)
    before = await consents.find(consent_id)
    for _ in range(2):
        paused = await consents.pause(consent_id, "cus_1", clock.now())
        assert (paused.status, is_live(paused, clock.now())) == ("paused", False)
    assert promised(paused, clock.now()).status == "paused"
    for _ in range(2):
        assert await consents.resume(consent_id, "cus_1", clock.now()) == before
    assert [event.type for event in await events_of(database, consent_id)] == [
        "consent.granted",
        "consent.paused",
        "consent.resumed",
    ]
    assert await records_of(database, consent_id, "consent.pause") == 1
    assert await records_of(database, consent_id, "consent.resume") == 1


async def test_a_paused_consent_runs_out_and_can_be_taken_back(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    one, other = [await granted(consents, database, clock) for _ in range(2)]
    for consent_id in (one, other):
        await consents.pause(consent_id, "cus_1", clock.now())
    gone = await consents.revoke(one, "cus_1", clock.now())
    assert gone.status == "revoked"
    clock.advance(180 * 24 * 3600)
    for consent_id in (one, other):
        for act in (consents.resume, consents.pause):
            with pytest.raises(errors.ConsentNotLive):
                await act(consent_id, "cus_1", clock.now())


async def test_narrowing_leaves_less_and_keeps_what_went_in_the_audit(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await two_parts(consents, database, clock)
    for _ in range(2):
        less = await consents.narrow(
            consent_id,
            "cus_1",
            scope=frozenset({"order.write", "order.read"}),
            authorization_details=[PURSE],
            at=clock.now(),
        )
    assert (less.scope, less.authorization_details) == ("order.read order.write", (PURSE,))
    (_, told) = await events_of(database, consent_id)
    assert told.type == "consent.narrowed"
    assert "sweep" not in str(told.data)
    assert await records_of(database, consent_id, "consent.narrow") == 1


@pytest.mark.parametrize(
    ("scope", "details"),
    [
        ({"order.read", "account.limits.read"}, [PURSE]),
        ({"order.read"}, [PURSE, PURSE | {"component": "loan"}]),
        ({"order.read"}, [PURSE | {"top_up": {"minor_units": 6000, "currency": "CNY"}}]),
        ({"order.read"}, []),
        (set(), [PURSE]),
    ],
)
async def test_a_consent_is_never_widened_nor_emptied_by_narrowing(
    consents: Consents,
    database: Database,
    clock: SetClock,
    scope: set[str],
    details: list[dict[str, Any]],
) -> None:
    consent_id = await two_parts(consents, database, clock)
    before = await consents.find(consent_id)
    with pytest.raises(errors.InvalidField):
        await consents.narrow(
            consent_id,
            "cus_1",
            scope=frozenset(scope),
            authorization_details=details,
            at=clock.now(),
        )
    assert await consents.find(consent_id) == before


async def test_of_two_narrowings_at_once_none_brings_back_what_the_other_took(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await two_parts(consents, database, clock)
    every = frozenset({"order.read", "order.write", "payment.initiate"})

    async def less(scope: frozenset[str], details: list[dict[str, Any]]) -> None:
        try:
            await consents.narrow(
                consent_id, "cus_1", scope=scope, authorization_details=details, at=clock.now()
            )
        except errors.InvalidField:
            return

    await asyncio.gather(less(every - {"payment.initiate"}, [PURSE, SWEEP]), less(every, [PURSE]))
    consent = await consents.find(consent_id)
    assert consent is not None
    took_scope = "payment.initiate" not in consent.scope
    took_part = len(consent.authorization_details) == 1
    assert took_scope != took_part
    assert await records_of(database, consent_id, "consent.narrow") == 1


async def test_the_last_use_is_written_once_a_minute_at_most(
    consents: Consents, database: Database, clock: SetClock
) -> None:
    consent_id = await granted(consents, database, clock)
    elsewhere = Consents(database, Events(database), Audit(load_book()))
    first = clock.now()
    seen = []
    for seconds in (0, 30, 30, 59, 1):
        clock.advance(seconds)
        for room in (consents, elsewhere):
            room.uses.note(consent_id, clock.now())
            await room.uses.flush()
        consent = await consents.find(consent_id)
        assert consent is not None
        assert consent.last_used_at is not None
        seen.append((consent.last_used_at - first).total_seconds())
    assert seen == [0, 0, 60, 60, 120]


async def test_noting_a_use_writes_nothing_and_a_failed_flush_loses_nothing(
    consents: Consents, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent_id = await granted(consents, database, clock)
    for _ in range(1000):
        consents.uses.note(consent_id, clock.now())
    consent = await consents.find(consent_id)
    assert consent is not None
    assert consent.last_used_at is None
    with monkeypatch.context() as broken:
        broken.setattr(consents.uses, "_database", None)
        with pytest.raises(AttributeError):
            await consents.uses.flush()
    await consents.uses.flush()
    consent = await consents.find(consent_id)
    assert consent is not None
    assert consent.last_used_at == clock.now()
