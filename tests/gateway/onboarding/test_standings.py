"""Licences stand until their last bank day, the list is kept by name, and both hold at once."""

from datetime import date

import pytest

from contracts.errors import NotFound
from contracts.v1.onboarding import RegisteredClient
from gateway.database import Database
from gateway.onboarding.service import HeldLicence, Onboarding, PartnerStanding
from tests.conftest import SetClock
from tests.gateway.onboarding.applicant import ACTS

NAME = "insurance_intermediary"
AGENT = HeldLicence(NAME, date(2026, 12, 31), "CBIRC-7")


async def standing(onboarding: Onboarding, partner: RegisteredClient) -> PartnerStanding:
    """As a client's next request finds it."""
    client = await onboarding.find(partner.client_id)
    assert client is not None
    assert client.standing == await onboarding.standings.standing(partner.partner_id)
    return client.standing


async def test_a_new_partner_holds_nothing(
    onboarding: Onboarding, partner: RegisteredClient
) -> None:
    found = await standing(onboarding, partner)
    assert (found.partner_id, found.listed) == (partner.partner_id, False)
    assert found.licences_on(date(2026, 11, 24)) == frozenset()


async def test_a_licence_stands_until_its_last_day(
    onboarding: Onboarding, partner: RegisteredClient, clock: SetClock
) -> None:
    await standing(onboarding, partner)
    await onboarding.standings.license(partner.partner_id, AGENT, operator="ada", at=clock.now())
    found = await standing(onboarding, partner)
    assert found.licences_on(date(2026, 12, 31)) == {NAME}
    assert found.licences_on(date(2027, 1, 1)) == frozenset()


async def test_the_newest_record_of_a_licence_decides(
    onboarding: Onboarding, partner: RegisteredClient, clock: SetClock
) -> None:
    other = HeldLicence("fund_sales", date(2027, 1, 31), "CSRC-1")
    ended = HeldLicence(NAME, date(2026, 11, 23), "CBIRC-8")
    for licence in (AGENT, other, ended):
        await onboarding.standings.license(
            partner.partner_id, licence, operator="ada", at=clock.now()
        )
    found = await standing(onboarding, partner)
    assert found.licences == (other, ended)
    assert found.licences_on(date(2026, 11, 24)) == {"fund_sales"}


async def test_the_list_is_kept_by_name_and_audited(
    database: Database, onboarding: Onboarding, partner: RegisteredClient, clock: SetClock
) -> None:
    standings = onboarding.standings
    for listed in (True, False, True):
        await standings.enlist(partner.partner_id, listed, operator="ada", at=clock.now())
        assert (await standing(onboarding, partner)).listed == listed
    assert await standings.listed() == [partner.partner_id]
    acts = [(act.action, act.actor) for act in await database.all(ACTS)]
    assert acts == [
        ("partner.enlist", "operator:ada"),
        ("partner.delist", "operator:ada"),
        ("partner.enlist", "operator:ada"),
    ]


async def test_an_unknown_partner_has_no_standing(onboarding: Onboarding, clock: SetClock) -> None:
    assert await onboarding.standings.standing("ptr_9") is None
    with pytest.raises(NotFound):
        await onboarding.standings.enlist("ptr_9", True, operator="ada", at=clock.now())
