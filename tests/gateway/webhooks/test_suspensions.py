"""A suspended partner is told nothing and loses nothing; one that has ended is owed nothing."""

import pytest

from gateway.audit.service import Audit
from gateway.database import Database, Statement, Unit
from gateway.onboarding.service import Kind, Verb
from gateway.onboarding.suspensions import Suspensions
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.webhooks.receivers import receiving, room

# The partner and the client that `Room` calls as.
PARTNER = Statement(
    "insert into partner (partner_id, name, name_zh, mark, scenarios, status, created_at)"
    " values ('par_a', 'A', 'A', 'A', '[]', 'active', :at)"
)
CLIENT = Statement(
    "insert into client (client_id, partner_id, status, redirect_uris, scopes, grant_types,"
    " authorization_details_types, sector, version, created_at) values ('cli_par_a', 'par_a',"
    " 'active', '[]', '[]', '[]', '[]', '', 1, :at)"
)


@pytest.fixture
async def suspensions(database: Database, clock: SetClock) -> Suspensions:
    unit = Unit("test.register")
    unit.add(PARTNER, at=clock.now())
    unit.add(CLIENT, at=clock.now())
    await database.commit(unit)
    return Suspensions(database, Audit(load_book()))


async def move(suspensions: Suspensions, clock: SetClock, kind: Kind, verb: Verb) -> None:
    act, named = {
        "client": (suspensions.move_client, "cli_par_a"),
        "partner": (suspensions.move_partner, "par_a"),
    }[kind]
    await act(named, verb, reason="ticket 7", operator="ada", at=clock.now())


@pytest.mark.parametrize("kind", ["client", "partner"])
async def test_what_happens_while_suspended_is_told_afterwards(
    database: Database, clock: SetClock, suspensions: Suspensions, kind: Kind
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        await move(suspensions, clock, kind, "suspend")
        event_id = await webhooks.record()
        await webhooks.worker.step()
        assert receiver.received == []
        await move(suspensions, clock, kind, "reinstate")
        await webhooks.worker.step()
        (received,) = receiver.received
        assert received.headers["webhook-id"] == event_id
        assert [delivery.attempts for delivery in await webhooks.deliveries()] == [1]


@pytest.mark.parametrize("kind", ["client", "partner"])
async def test_whoever_has_ended_is_told_nothing_more(
    database: Database, clock: SetClock, suspensions: Suspensions, kind: Kind
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        await webhooks.register(receiver)
        await move(suspensions, clock, kind, "suspend")
        await webhooks.record()
        await webhooks.worker.step()
        await move(suspensions, clock, kind, "end")
        await webhooks.record()
        await webhooks.worker.step()
        assert receiver.received == []
        # What was owed by then stays undelivered, and nothing new is owed.
        assert [delivery.attempts for delivery in await webhooks.deliveries()] == [0]
