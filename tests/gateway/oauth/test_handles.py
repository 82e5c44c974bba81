"""Grant handles: one client, one dialect, one consent; never a token, and no token a handle."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from gateway.consents.service import Consents
from gateway.database import Database, Query, Statement, Unit
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import DETAILS, ISSUER, Partner, post
from tests.gateway.oauth.story import Story

URL = f"{ISSUER}/v1/grant-handles"
RETIRE = Statement(
    "update client_key set status = 'retired' where client_id = :client_id"
    " and purpose = 'dialect:alipay'"
)


class Count(msgspec.Struct):
    number: int


HANDLES = Query("select count(*) as number from grant_handle", Count)


async def ask(
    http: httpx.AsyncClient, partner: Partner, token: str, dialect: str = "alipay"
) -> httpx.Response:
    proof = partner.proof(URL, "POST", token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    return await http.post(URL, json={"dialect": dialect}, headers=headers)


async def handle_of(http: httpx.AsyncClient, story: Story, partner: Partner) -> str:
    token = (await story.tokens(partner))["access_token"]
    answer = await ask(http, partner, token)
    assert answer.status_code == 201, answer.text
    handle: str = answer.json()["grant_handle"]
    return handle


async def test_a_handle_stands_for_the_consent(
    http: httpx.AsyncClient, story: Story, dialect_partner: Partner, oauth: OAuth
) -> None:
    handle = await handle_of(http, story, dialect_partner)
    caller = await oauth.handles.find(
        handle, dialect_partner.client_id, "alipay", interaction_id="i"
    )
    assert caller is not None
    assert (caller.channel, caller.customer_id, caller.interaction_id) == ("alipay", "cus_1", "i")
    assert caller.scope == {"order.write", "order.read"}
    assert list(caller.authorization_details) == DETAILS


async def test_a_handle_is_good_for_its_client_and_dialect_only(
    http: httpx.AsyncClient,
    story: Story,
    dialect_partner: Partner,
    stranger: Partner,
    oauth: OAuth,
) -> None:
    handle = await handle_of(http, story, dialect_partner)
    for given, client_id, dialect in (
        (handle, stranger.client_id, "alipay"),
        (handle, dialect_partner.client_id, "wechat"),
        (handle + "x", dialect_partner.client_id, "alipay"),
        ("", dialect_partner.client_id, "alipay"),
    ):
        assert await oauth.handles.find(given, client_id, dialect) is None


async def test_handles_and_tokens_are_never_taken_for_each_other(
    http: httpx.AsyncClient, story: Story, dialect_partner: Partner, oauth: OAuth
) -> None:
    tokens = await story.tokens(dialect_partner)
    handle = await handle_of(http, story, dialect_partner)
    assert (await story.read(dialect_partner, handle)).status_code == 401
    for token in (tokens["access_token"], tokens["refresh_token"]):
        found = await oauth.handles.find(token, dialect_partner.client_id, "alipay")
        assert found is None


async def test_a_handle_ends_with_its_consent(
    http: httpx.AsyncClient,
    story: Story,
    dialect_partner: Partner,
    oauth: OAuth,
    consents: Consents,
    clock: SetClock,
) -> None:
    first = await handle_of(http, story, dialect_partner)
    consent = (await consents.for_customer("cus_1"))[0]
    await consents.revoke(consent.consent_id, "cus_1", clock.now())
    assert await oauth.handles.find(first, dialect_partner.client_id, "alipay") is None
    second = await handle_of(http, story, dialect_partner)
    clock.advance(180 * 86400)
    assert await oauth.handles.find(second, dialect_partner.client_id, "alipay") is None


async def test_without_a_live_key_for_the_dialect_there_is_no_handle(
    http: httpx.AsyncClient,
    story: Story,
    dialect_partner: Partner,
    stranger: Partner,
    onboarding: Onboarding,
    database: Database,
) -> None:
    token = (await story.tokens(stranger))["access_token"]
    assert (await ask(http, stranger, token)).status_code == 422
    token = (await story.tokens(dialect_partner))["access_token"]
    assert (await ask(http, dialect_partner, token, "wechat")).status_code == 422
    unit = Unit("test.retire")
    unit.add(RETIRE, client_id=dialect_partner.client_id)
    await database.commit(unit)
    assert (await ask(http, dialect_partner, token)).status_code == 422


async def test_a_clients_own_token_gets_no_handle(
    http: httpx.AsyncClient, story: Story, dialect_partner: Partner
) -> None:
    token = (await story.client_token(dialect_partner))["access_token"]
    assert (await ask(http, dialect_partner, token)).status_code == 403


async def lives(oauth: OAuth, partner: Partner, handle: str) -> bool:
    return await oauth.handles.find(handle, partner.client_id, "alipay") is not None


async def revoke(http: httpx.AsyncClient, partner: Partner, token: str) -> None:
    answer = await post(http, "/oauth/revoke", partner.form(token=token))
    assert (answer.status_code, answer.content) == (200, b"")


async def granted(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> tuple[dict[str, Any], str]:
    """Tokens, and a handle that descends from them."""
    tokens = await story.tokens(partner)
    answer = await ask(http, partner, tokens["access_token"])
    return tokens, answer.json()["grant_handle"]


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_handle_ends_with_the_tokens_it_came_from(
    http: httpx.AsyncClient, story: Story, dialect_partner: Partner, oauth: OAuth, kind: str
) -> None:
    tokens, handle = await granted(http, story, dialect_partner)
    _, another = await granted(http, story, dialect_partner)
    assert await lives(oauth, dialect_partner, handle)
    await revoke(http, dialect_partner, tokens[kind])
    assert not await lives(oauth, dialect_partner, handle)
    assert await lives(oauth, dialect_partner, another)


async def test_a_handle_issued_after_a_refresh_ends_with_the_grant(
    http: httpx.AsyncClient, story: Story, dialect_partner: Partner, oauth: OAuth
) -> None:
    refresh_token = (await story.tokens(dialect_partner))["refresh_token"]
    form = dialect_partner.form(grant_type="refresh_token", refresh_token=refresh_token)
    token = (await story.exchange(dialect_partner, form))["access_token"]
    handle = (await ask(http, dialect_partner, token)).json()["grant_handle"]
    await revoke(http, dialect_partner, refresh_token)
    assert not await lives(oauth, dialect_partner, handle)


async def test_a_code_used_twice_ends_the_handles_too(
    http: httpx.AsyncClient, story: Story, dialect_partner: Partner, oauth: OAuth
) -> None:
    code = await story.code(dialect_partner)
    token = (await story.exchange(dialect_partner, dialect_partner.code_form(code)))["access_token"]
    handle = (await ask(http, dialect_partner, token)).json()["grant_handle"]
    proof = dialect_partner.proof(f"{ISSUER}/oauth/token")
    again = await post(http, "/oauth/token", dialect_partner.code_form(code), proof)
    assert again.json()["error"] == "invalid_grant"
    assert not await lives(oauth, dialect_partner, handle)


async def test_a_handle_is_taken_back_by_its_own_client_only(
    http: httpx.AsyncClient,
    story: Story,
    dialect_partner: Partner,
    stranger: Partner,
    oauth: OAuth,
) -> None:
    tokens, handle = await granted(http, story, dialect_partner)
    another = (await ask(http, dialect_partner, tokens["access_token"])).json()["grant_handle"]
    await revoke(http, stranger, handle)
    assert await lives(oauth, dialect_partner, handle)
    for _ in range(2):
        await revoke(http, dialect_partner, handle)
        assert not await lives(oauth, dialect_partner, handle)
    assert await lives(oauth, dialect_partner, another)
    assert (await story.read(dialect_partner, tokens["access_token"])).status_code == 200
    found = await post(http, "/oauth/introspect", dialect_partner.form(token=another))
    assert found.json() == {"active": False}


async def test_a_handle_over_is_swept(
    http: httpx.AsyncClient,
    story: Story,
    dialect_partner: Partner,
    oauth: OAuth,
    database: Database,
    clock: SetClock,
) -> None:
    await granted(http, story, dialect_partner)
    await oauth.sweep()
    assert await database.find(HANDLES) == Count(1)
    clock.advance(timedelta(days=182).total_seconds())
    await oauth.sweep()
    assert await database.find(HANDLES) == Count(0)
