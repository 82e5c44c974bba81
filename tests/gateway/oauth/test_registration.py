"""What a client is registered for bounds what it may do, on the very next request."""

from typing import Any

import httpx
import msgspec

from contracts.v1.clients import ClientMetadata
from gateway.database import Database, Statement, Unit
from gateway.onboarding.service import Onboarding
from tests.gateway.oauth.partner import ISSUER, Partner, post
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_client_authentication import (
    ENDPOINTS,
    assert_invalid_client,
    send,
)

SUSPEND = Statement("update client set status = 'suspended' where client_id = :client_id")
SET_METADATA = Statement(
    "update client set metadata = :metadata, version = version + 1 where client_id = :client_id"
)


async def register_anew(
    database: Database, onboarding: Onboarding, partner: Partner, **members: Any
) -> None:
    """The client as it would be with other metadata; its keys stay."""
    client = await onboarding.find(partner.client_id)
    assert client is not None
    changed: ClientMetadata = msgspec.structs.replace(client.metadata, jwks=None, **members)
    unit = Unit("test.change")
    document = msgspec.json.encode(changed).decode()
    unit.add(SET_METADATA, client_id=partner.client_id, metadata=document)
    await database.commit(unit)


async def test_a_suspended_client_is_no_client(
    http: httpx.AsyncClient, partner: Partner, database: Database
) -> None:
    unit = Unit("test.suspend")
    unit.add(SUSPEND, client_id=partner.client_id)
    await database.commit(unit)
    for endpoint in ENDPOINTS:
        assert_invalid_client(await send(http, partner, endpoint, None))


async def test_a_client_uses_only_its_grants(
    http: httpx.AsyncClient,
    story: Story,
    partner: Partner,
    database: Database,
    onboarding: Onboarding,
) -> None:
    tokens = await story.tokens(partner)
    await register_anew(database, onboarding, partner, grant_types=["authorization_code"])
    for form in (
        partner.form(grant_type="client_credentials", scope="catalog.read"),
        partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"]),
    ):
        answer = await post(http, "/oauth/token", form, partner.proof(f"{ISSUER}/oauth/token"))
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    # Without the refresh grant there is no refresh token either.
    assert "refresh_token" not in await story.tokens(partner)
    await register_anew(database, onboarding, partner, grant_types=["client_credentials"])
    answer = await post(http, "/oauth/par", partner.par_form())
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_a_client_asks_only_for_its_types_of_details(
    http: httpx.AsyncClient, partner: Partner, database: Database, onboarding: Onboarding
) -> None:
    await register_anew(database, onboarding, partner, authorization_details_types=[])
    answer = await post(http, "/oauth/par", partner.par_form())
    assert answer.json()["error"] == "invalid_authorization_details"
    answer = await post(http, "/oauth/par", partner.par_form(authorization_details=None))
    assert answer.status_code == 201
