"""Taking tokens back (RFC 7009) and looking them up (RFC 7662)."""

from typing import Any

import httpx

from gateway.consents.service import Consents
from gateway.database import Database, Statement, Unit
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import DETAILS, ISSUER, Partner, post
from tests.gateway.oauth.story import Story

MOVE_CLIENT = Statement(
    "update client set partner_id = :partner_id, version = version + 1 where client_id = :client_id"
)


async def revoke(http: httpx.AsyncClient, partner: Partner, token: str, **fields: Any) -> int:
    answer = await post(http, "/oauth/revoke", partner.form(token=token, **fields))
    assert answer.status_code != 200 or answer.content == b""
    return answer.status_code


async def look_up(http: httpx.AsyncClient, partner: Partner, token: str) -> dict[str, Any]:
    answer = await post(http, "/oauth/introspect", partner.form(token=token))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


async def test_a_revoked_access_token_is_dead_and_its_siblings_live(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(partner)
    assert (
        await revoke(http, partner, tokens["access_token"], token_type_hint="access_token") == 200
    )
    assert (await story.read(partner, tokens["access_token"])).status_code == 401
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    await story.exchange(partner, form)


async def test_a_revoked_refresh_token_takes_the_grants_access_tokens_along(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(partner)
    assert await revoke(http, partner, tokens["refresh_token"]) == 200
    assert (await story.read(partner, tokens["access_token"])).status_code == 401
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    answer = await post(http, "/oauth/token", form, partner.proof(f"{ISSUER}/oauth/token"))
    assert answer.json()["error"] == "invalid_grant"


async def test_revoking_nothing_succeeds_and_hints_do_not_matter(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.tokens(partner))["access_token"]
    assert await revoke(http, partner, "unknown") == 200
    assert await revoke(http, partner, token, token_type_hint="nonsense") == 200
    assert await revoke(http, partner, token) == 200
    answer = await post(http, "/oauth/revoke", partner.form())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_strangers_revocation_changes_and_tells_nothing(
    http: httpx.AsyncClient, story: Story, partner: Partner, stranger: Partner
) -> None:
    tokens = await story.tokens(partner)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert await revoke(http, stranger, token) == 200
    assert (await story.read(partner, tokens["access_token"])).status_code == 200


async def test_introspection_tells_what_a_customers_token_stands_for(
    http: httpx.AsyncClient, story: Story, partner: Partner, oauth: OAuth, clock: SetClock
) -> None:
    tokens = await story.tokens(partner)
    found = await look_up(http, partner, tokens["access_token"])
    now = int(clock.now().timestamp())
    assert found == {
        "active": True,
        "iss": ISSUER,
        "client_id": partner.client_id,
        "scope": "order.read order.write",
        "iat": now,
        "exp": now + 600,
        "sub": oauth.subjects.pairwise("cus_1", "travel.example"),
        "acr": "urn:tessera:acr:two-factor",
        "auth_time": now,
        "authorization_details": DETAILS,
        "token_type": "DPoP",
        "cnf": {"jkt": partner.dpop_key.thumbprint()},
    }
    assert "cus_1" not in str(found)
    refresh = await look_up(http, partner, tokens["refresh_token"])
    assert refresh["active"] and "cnf" not in refresh and "token_type" not in refresh


async def test_introspection_of_a_clients_own_token_has_no_subject(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.client_token(partner))["access_token"]
    found = await look_up(http, partner, token)
    assert found["active"] and "sub" not in found and "authorization_details" not in found


async def test_whoever_may_not_know_hears_inactive(
    http: httpx.AsyncClient,
    story: Story,
    partner: Partner,
    stranger: Partner,
    consents: Consents,
    clock: SetClock,
) -> None:
    tokens = await story.tokens(partner)
    inactive = {"active": False}
    assert await look_up(http, partner, "unknown") == inactive
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert await look_up(http, stranger, token) == inactive
    consent = (await consents.for_customer("cus_1"))[0]
    await consents.revoke(consent.consent_id, "cus_1", clock.now())
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert await look_up(http, partner, token) == inactive


async def test_an_expired_token_is_inactive(
    http: httpx.AsyncClient, story: Story, partner: Partner, clock: SetClock
) -> None:
    token = (await story.client_token(partner))["access_token"]
    clock.advance(600)
    assert await look_up(http, partner, token) == {"active": False}


async def test_a_client_of_the_same_partner_sees_its_tokens(
    http: httpx.AsyncClient,
    story: Story,
    partner: Partner,
    stranger: Partner,
    database: Database,
    onboarding: Onboarding,
) -> None:
    token = (await story.client_token(partner))["access_token"]
    found = await onboarding.find(partner.client_id)
    assert found is not None
    unit = Unit("test.move")
    unit.add(MOVE_CLIENT, partner_id=found.partner_id, client_id=stranger.client_id)
    await database.commit(unit)
    assert (await look_up(http, stranger, token))["client_id"] == partner.client_id
