"""A client is decided on as memory has it, and what memory has wrong is noticed at once."""

from typing import Any

import httpx
import msgspec
import pytest

from gateway.database import Database, Query, Statement, Unit
from gateway.database.database import Store
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, post
from tests.gateway.oauth.story import Story, register

TOKEN, PAR = f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/par"
Request = tuple[str, dict[str, Any], str]


class Count(msgspec.Struct):
    """How many rows there are."""

    rows: int


SPENT = Query("select count(*) as rows from oauth_replay", Count)
LIVE = Query("select count(*) as rows from access_token where revoked_at is null", Count)
SET_CLIENT = Statement("update client set status = :status where client_id = :client_id")
SET_PARTNER = Statement(
    "update partner set status = :status where partner_id ="
    " (select partner_id from client where client_id = :client_id)"
)
END_ASSESSMENT = Statement(
    "update partner set assessed_until = null where partner_id ="
    " (select partner_id from client where client_id = :client_id)"
)
RETIRE_KEYS = Statement(
    "update client_key set status = 'retired', retired_at = :at where client_id = :client_id"
)
MOVE_ON = Statement("update client set version = version + 1 where client_id = :client_id")


def token_request(partner: Partner) -> Request:
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    return "/oauth/token", form, partner.proof(TOKEN)


def pushed_request(partner: Partner) -> Request:
    return "/oauth/par", partner.par_form(), partner.proof(PAR)


REQUESTS = pytest.mark.parametrize("request_of", [token_request, pushed_request])


async def send(http: httpx.AsyncClient, request: Request) -> httpx.Response:
    return await post(http, *request)


async def elsewhere(database: Database, statement: Statement, **values: Any) -> None:
    """A change that another process makes: this one is not told."""
    unit = Unit("test.elsewhere")
    unit.add(statement, expect=None, **values)
    await database.commit(unit)


async def rows(database: Database, query: Query[Count]) -> int:
    found = await database.find(query)
    assert found is not None
    return found.rows


@REQUESTS
@pytest.mark.parametrize("statement", [SET_CLIENT, SET_PARTNER], ids=["client", "partner"])
async def test_a_suspension_holds_on_the_very_next_call_and_uses_nothing_up(
    http: httpx.AsyncClient,
    database: Database,
    partner: Partner,
    request_of: Any,
    statement: Statement,
) -> None:
    assert (await send(http, request_of(partner))).is_success
    spent = await rows(database, SPENT)
    await elsewhere(database, statement, client_id=partner.client_id, status="suspended")
    again = request_of(partner)
    refused = await send(http, again)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert await rows(database, SPENT) == spent
    await elsewhere(database, statement, client_id=partner.client_id, status="active")
    # Memory knows it as suspended now, and that is no reason to refuse it.
    assert (await send(http, again)).is_success
    assert await rows(database, SPENT) == spent + 2


async def test_an_assessment_that_ended_elsewhere_is_noticed(
    http: httpx.AsyncClient, database: Database, partner: Partner
) -> None:
    assert (await send(http, pushed_request(partner))).status_code == 201
    await elsewhere(database, END_ASSESSMENT, client_id=partner.client_id)
    refused = await send(http, pushed_request(partner))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    # What needs no assessment goes on.
    assert (await send(http, token_request(partner))).status_code == 200


@REQUESTS
async def test_a_key_retired_elsewhere_proves_nothing(
    http: httpx.AsyncClient,
    database: Database,
    partner: Partner,
    clock: SetClock,
    request_of: Any,
) -> None:
    assert (await send(http, request_of(partner))).is_success
    await elsewhere(database, RETIRE_KEYS, client_id=partner.client_id, at=clock.now())
    await elsewhere(database, MOVE_ON, client_id=partner.client_id)
    refused = await send(http, request_of(partner))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


@REQUESTS
async def test_a_version_that_moved_is_read_anew(
    http: httpx.AsyncClient, database: Database, partner: Partner, request_of: Any
) -> None:
    assert (await send(http, request_of(partner))).is_success
    await elsewhere(database, MOVE_ON, client_id=partner.client_id)
    assert (await send(http, request_of(partner))).is_success


@REQUESTS
@pytest.mark.parametrize("again", ["assertion", "proof"])
async def test_a_replay_is_told_by_its_own_name_and_uses_nothing_up(
    http: httpx.AsyncClient, database: Database, partner: Partner, request_of: Any, again: str
) -> None:
    assert (await send(http, request_of(partner))).is_success
    first = request_of(partner)
    assert (await send(http, first)).is_success
    spent = await rows(database, SPENT)
    fresh = request_of(partner)
    replayed = (fresh[0], first[1], fresh[2]) if again == "assertion" else (*fresh[:2], first[2])
    refused = await send(http, replayed)
    error = refused.json()
    if again == "assertion":
        assert error["error"] == "invalid_client"
        assert error["error_description"] == "The client assertion was used before."
    else:
        assert error["error"] == "invalid_dpop_proof"
        assert error["error_description"] == "The DPoP proof was used before."
    assert await rows(database, SPENT) == spent
    # What came with the replay is still good.
    assert (await send(http, fresh)).is_success


async def test_a_spent_code_of_a_suspended_client_ends_no_tokens(
    story: Story, database: Database, partner: Partner
) -> None:
    code = await story.code(partner)
    first = await post(story.http, "/oauth/token", partner.code_form(code), partner.proof(TOKEN))
    assert first.status_code == 200
    live = await rows(database, LIVE)
    await elsewhere(database, SET_CLIENT, client_id=partner.client_id, status="suspended")
    second = await post(story.http, "/oauth/token", partner.code_form(code), partner.proof(TOKEN))
    assert second.json()["error"] == "invalid_client"
    assert await rows(database, LIVE) == live
    await elsewhere(database, SET_CLIENT, client_id=partner.client_id, status="active")
    third = await post(story.http, "/oauth/token", partner.code_form(code), partner.proof(TOKEN))
    assert third.json()["error"] == "invalid_grant"
    assert await rows(database, LIVE) == live - 1


class Counting:
    """A store that counts its reads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0

    async def read(self, call: Any) -> list[Any]:
        self.reads += 1
        return await self._store.read(call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@REQUESTS
async def test_a_known_client_costs_no_read(
    http: httpx.AsyncClient,
    database: Database,
    onboarding: Onboarding,
    clock: SetClock,
    request_of: Any,
) -> None:
    known = await register(onboarding, clock, "Known")
    assert (await send(http, request_of(known))).is_success
    counting = Counting(database._store)
    database._store = counting
    assert (await send(http, request_of(known))).is_success
    assert counting.reads == 0
