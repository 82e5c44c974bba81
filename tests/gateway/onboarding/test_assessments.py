"""Risk assessments: recorded, renewed, ended, and kept current on the partner (CN-API-02)."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from contracts import errors
from contracts.v1.onboarding import RiskAssessment
from gateway.audit.service import Audit
from gateway.database import Database, Query
from gateway.kit.vault import Vault
from gateway.onboarding.service import Client, Onboarding
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.onboarding.documents import wish

TODAY = date(2026, 11, 24)


class Recorded(msgspec.Struct):
    reference: str
    assessed_on: str
    expires_on: str
    recorded_by: str


RECORDED = Query(
    "select reference, assessed_on, expires_on, recorded_by from risk_assessment"
    " order by created_at, expires_on",
    Recorded,
)


async def found(onboarding: Onboarding, client_id: str) -> Client:
    client = await onboarding.find(client_id)
    assert client is not None
    return client


async def test_a_registration_brings_its_assessment(
    database: Database, live: Onboarding, clock: SetClock
) -> None:
    brought = RiskAssessment("RA-7", date(2026, 11, 1), date(2027, 5, 31))
    made = await live.register(wish(risk_assessment=brought), operator="ada", at=clock.now())
    # The last day is one of the bank's, which ends at 16:00 UTC.
    ends = datetime(2027, 5, 31, 16, tzinfo=UTC)
    assert made.assessed_until == ends
    client = await found(live, made.client_id)
    assert client.is_assessed(ends - timedelta(microseconds=1))
    assert not client.is_assessed(ends)
    assert await database.all(RECORDED) == [Recorded("RA-7", "2026-11-01", "2027-05-31", "ada")]


async def test_a_sandbox_assesses_by_itself_for_a_year(
    database: Database, onboarding: Onboarding, clock: SetClock
) -> None:
    made = await onboarding.register(wish(), operator="ada", at=clock.now())
    assert (await found(onboarding, made.client_id)).is_assessed(clock.now() + timedelta(days=365))
    (row,) = await database.all(RECORDED)
    assert (row.reference, row.expires_on) == ("sandbox", "2027-11-24")


async def test_a_live_gateway_assesses_nobody_by_itself(live: Onboarding, clock: SetClock) -> None:
    made = await live.register(wish(), operator="ada", at=clock.now())
    assert made.assessed_until is None
    assert not (await found(live, made.client_id)).is_assessed(clock.now())


async def test_the_newest_assessment_decides_on_every_process(
    database: Database, vault: Vault, onboarding: Onboarding, clock: SetClock
) -> None:
    made = await onboarding.register(wish(), operator="ada", at=clock.now())
    elsewhere = Onboarding(database, Audit(load_book()), vault, sandbox=True)
    assert (await found(elsewhere, made.client_id)).is_assessed(clock.now())
    yesterday = TODAY - timedelta(days=1)
    for last_day, stands in ((yesterday, False), (TODAY, True)):
        await onboarding.assess(
            made.partner_id,
            RiskAssessment("RA-8", min(last_day, TODAY), last_day),
            operator="bob",
            at=clock.now(),
        )
        client = await found(elsewhere, made.client_id)
        assert client.is_assessed(clock.now()) is stands
    assert len(await database.all(RECORDED)) == 3


@pytest.mark.parametrize(
    ("assessed_on", "expires_on", "field"),
    [
        (TODAY + timedelta(days=1), TODAY + timedelta(days=2), "risk_assessment.assessed_on"),
        (TODAY, TODAY - timedelta(days=1), "risk_assessment.expires_on"),
        (TODAY, date.max, "risk_assessment.expires_on"),
    ],
)
async def test_days_that_cannot_be_are_refused(
    database: Database,
    onboarding: Onboarding,
    clock: SetClock,
    assessed_on: date,
    expires_on: date,
    field: str,
) -> None:
    wrong = RiskAssessment("RA-9", assessed_on, expires_on)
    with pytest.raises(errors.InvalidField) as refusal:
        await onboarding.register(wish(risk_assessment=wrong), operator="ada", at=clock.now())
    assert refusal.value.extras["field"] == field
    assert await database.all(RECORDED) == []


async def test_nobody_unknown_is_assessed(
    database: Database, onboarding: Onboarding, clock: SetClock
) -> None:
    with pytest.raises(errors.NotFound):
        await onboarding.assess(
            "ptr_nobody", RiskAssessment("R", TODAY, TODAY), operator="ada", at=clock.now()
        )
    assert await database.all(RECORDED) == []
