"""A route that a client may ask for itself, and of which a customer's token needs more."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar, get

from contracts.v1.onboarding import RiskAssessment
from gateway.database import Database
from gateway.kit.clock import bank_day
from gateway.oauth.guard import ResourceGuard, UndeclaredRoute, require_declarations
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.signed_calls import Caller, refused
from tests.gateway.oauth.story import Story

URL = f"{ISSUER}/v1/ask"


async def ask(bank: httpx.AsyncClient, headers: dict[str, str]) -> Any:
    return await bank.post(URL, headers=headers, content=b"{}")


async def client_of(story: Story, partner: Partner, scope: str = "catalog.read") -> Caller:
    return Caller(partner, (await story.client_token(partner, scope))["access_token"])


async def test_a_client_asks_for_itself_without_a_signature(
    bank: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    caller = await client_of(story, partner)
    answer = await ask(bank, caller.headers("POST", URL))
    assert (answer.status_code, answer.json()) == (200, {"about": None})


async def test_a_clients_own_token_needs_the_routes_scope(
    bank: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    caller = await client_of(story, partner, "event.subscribe")
    answer = await ask(bank, caller.headers("POST", URL))
    assert answer.status_code == 403
    assert 'scope="catalog.read"' in answer.headers["www-authenticate"]


async def test_a_customers_token_signs_and_needs_no_scope_of_the_client(
    bank: httpx.AsyncClient, caller: Caller
) -> None:
    assert refused(await ask(bank, caller.headers("POST", URL))) == "signature.invalid"
    answer = await ask(bank, caller.signed(b"{}", "POST", URL))
    assert (answer.status_code, answer.json()) == (200, {"about": "cus_1"})


async def test_the_routes_own_scope_is_not_enough_for_a_customers_token(
    bank: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(partner, scope="catalog.read order.read")
    caller = Caller(partner, tokens["access_token"])
    answer = await ask(bank, caller.signed(b"{}", "POST", URL))
    assert answer.status_code == 403
    assert 'scope="order.write"' in answer.headers["www-authenticate"]


async def test_a_partner_without_assessment_asks_for_anybody_only(
    bank: httpx.AsyncClient, caller: Caller, story: Story, onboarding: Onboarding, clock: SetClock
) -> None:
    client = await onboarding.find(caller.partner.client_id)
    assert client is not None
    yesterday = bank_day(clock.now()) - timedelta(days=1)
    assessment = RiskAssessment("RA-1", yesterday, yesterday)
    await onboarding.assess(client.partner_id, assessment, operator="ada", at=clock.now())
    answer = await ask(bank, caller.signed(b"{}", "POST", URL))
    assert (answer.status_code, answer.json()["code"]) == (403, "assessment.expired")
    own = await client_of(story, caller.partner)
    assert (await ask(bank, own.headers("POST", URL))).status_code == 200


@get("/typo", opt={"scope": "catalog.read", "customer_scope": "order.wriet"})
async def typo() -> str:
    return ""


def test_an_unknown_customer_scope_stops_the_start(database: Database, clock: SetClock) -> None:
    guard = ResourceGuard(database, clock, issuer=ISSUER)
    with pytest.raises(UndeclaredRoute, match=r"order\.wriet"):
        require_declarations(Litestar([typo], middleware=[guard], openapi_config=None))
