"""What a client is registered for bounds what it may do, on the very next request."""

import httpx

from gateway.database import Database, Statement, Unit
from tests.gateway.oauth.partner import ISSUER, Partner, post
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_client_authentication import (
    ENDPOINTS,
    assert_invalid_client,
    send,
)

SUSPEND = Statement("update client set status = 'suspended' where client_id = :client_id")
SET_GRANTS = Statement(
    "update client set grant_types = :value, version = version + 1 where client_id = :client_id"
)
SET_TYPES = Statement(
    "update client set authorization_details_types = :value, version = version + 1"
    " where client_id = :client_id"
)


async def change(database: Database, statement: Statement, partner: Partner, **values: str) -> None:
    unit = Unit("test.change")
    unit.add(statement, client_id=partner.client_id, **values)
    await database.commit(unit)


async def test_a_suspended_client_is_no_client(
    http: httpx.AsyncClient, partner: Partner, database: Database
) -> None:
    await change(database, SUSPEND, partner)
    for endpoint in ENDPOINTS:
        assert_invalid_client(await send(http, partner, endpoint, None))


async def test_a_client_uses_only_its_grants(
    http: httpx.AsyncClient, story: Story, partner: Partner, database: Database
) -> None:
    tokens = await story.tokens(partner)
    await change(database, SET_GRANTS, partner, value='["authorization_code"]')
    for form in (
        partner.form(grant_type="client_credentials", scope="catalog.read"),
        partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"]),
    ):
        answer = await post(http, "/oauth/token", form, partner.proof(f"{ISSUER}/oauth/token"))
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    # Without the refresh grant there is no refresh token either.
    assert "refresh_token" not in await story.tokens(partner)
    await change(database, SET_GRANTS, partner, value='["client_credentials"]')
    answer = await post(http, "/oauth/par", partner.par_form())
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_a_client_asks_only_for_its_types_of_details(
    http: httpx.AsyncClient, partner: Partner, database: Database
) -> None:
    await change(database, SET_TYPES, partner, value="[]")
    answer = await post(http, "/oauth/par", partner.par_form())
    assert answer.json()["error"] == "invalid_authorization_details"
    answer = await post(http, "/oauth/par", partner.par_form(authorization_details=None))
    assert answer.status_code == 201
