"""Trusted issuers: whose statements count, for which partner, by which keys, and until when."""

from typing import Any

import pytest

from contracts import errors
from contracts.v1.onboarding import RegisteredClient
from gateway.database import Database, Statement, Unit
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.onboarding.applicant import (
    ACTS,
    DIRECTORY,
    ISSUER_KEY,
    Applicant,
    refused,
    trust,
)
from tests.gateway.onboarding.documents import Documents, fresh, jwks, wish

SUSPEND_PARTNERS = Statement("update partner set status = 'suspended'")


async def test_an_issuer_of_one_partner_names_no_other(
    onboarding: Onboarding, applicant: Applicant, partner: RegisteredClient, clock: SetClock
) -> None:
    await trust(onboarding, clock, partner_id=partner.partner_id)
    other = await onboarding.register(wish(), operator="ada", at=clock.now())
    text = applicant.statement(org_id=other.partner_id)
    made = (await applicant.apply(statement=text)).json()
    client = await onboarding.find(made["client_id"])
    assert client is not None
    assert client.partner_id == partner.partner_id


async def test_trust_ends_at_once(
    database: Database, onboarding: Onboarding, applicant: Applicant, clock: SetClock
) -> None:
    await onboarding.issuers.revoke(DIRECTORY, operator="ada", at=clock.now())
    refused(await applicant.apply(), "unapproved_software_statement")
    with pytest.raises(errors.NotFound):
        await onboarding.issuers.revoke(DIRECTORY, operator="ada", at=clock.now())
    assert [issuer.status for issuer in await onboarding.issuers.all()] == ["revoked"]
    # Trusted again, with other keys: the old ones are good for nothing.
    await trust(onboarding, clock, document=jwks(fresh("PS256", kid="d1")))
    refused(await applicant.apply(), "invalid_software_statement")
    assert [act.action for act in await database.all(ACTS)] == [
        "issuer.trust",
        "issuer.revoke",
        "issuer.trust",
    ]


async def test_a_suspended_partner_gets_no_client(database: Database, applicant: Applicant) -> None:
    unit = Unit("test.suspend")
    unit.add(SUSPEND_PARTNERS)
    await database.commit(unit)
    refused(await applicant.apply(), "unapproved_software_statement")


async def test_an_issuers_keys_are_followed_where_it_publishes_them(
    onboarding: Onboarding, applicant: Applicant, documents: Documents, clock: SetClock
) -> None:
    uri = documents.put("/directory", jwks(fresh("PS256", kid="d0")))
    await trust(onboarding, clock, document=None, jwks_uri=uri)
    refused(await applicant.apply(), "invalid_software_statement")
    documents.put("/directory", jwks(ISSUER_KEY))
    clock.advance(5)
    assert (await applicant.apply()).status_code == 201
    assert documents.asked == ["/directory", "/directory"]


@pytest.mark.parametrize(
    "changes",
    [
        {"document": None},
        {"jwks_uri": "https://directory.example/jwks"},
        {"document": {"keys": []}},
        {"document": {"keys": [ISSUER_KEY.as_dict(private=True)]}},
        {"document": None, "jwks_uri": "http://directory.example/jwks"},
    ],
)
async def test_trust_needs_keys_or_their_address(
    onboarding: Onboarding, clock: SetClock, changes: dict[str, Any]
) -> None:
    with pytest.raises(errors.InvalidField):
        await trust(onboarding, clock, **changes)
    assert await onboarding.issuers.all() == []


async def test_trust_needs_a_partner_that_exists(onboarding: Onboarding, clock: SetClock) -> None:
    with pytest.raises(errors.NotFound):
        await trust(onboarding, clock, partner_id="ptr_nobody")
    with pytest.raises(errors.InvalidField):
        await onboarding.issuers.trust(
            "two words",
            document=jwks(fresh()),
            jwks_uri=None,
            partner_id=None,
            operator="ada",
            at=clock.now(),
        )
