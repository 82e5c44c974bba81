"""A partner reads and gives back its own consents over HTTP, and learns nothing of others'."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request

from gateway.audit.service import Audit
from gateway.consents.routes import consent_routes
from gateway.consents.service import Consents
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.kit.caller import Caller
from gateway.rules.service import load_book
from gateway.web.errors import Voices
from tests.conftest import SetClock


@pytest.fixture
def consents(database: Database) -> Consents:
    return Consents(database, Events(database), Audit(load_book()))


@pytest.fixture
async def client(consents: Consents, clock: SetClock) -> AsyncIterator[httpx.AsyncClient]:
    def stand_in_for_the_guard(request: Request[Any, Any, Any]) -> None:
        request.state.caller = Caller(
            partner_id=request.headers["partner"],
            client_id="cli_1",
            customer_id=request.headers.get("customer"),
            scope=frozenset({"order.read"}),
            at=clock.now(),
            interaction_id="",
        )

    app = Litestar(
        consent_routes(consents),
        before_request=stand_in_for_the_guard,
        exception_handlers={Exception: Voices("https://bank.example", "/oauth").answer},
        openapi_config=None,
    )
    # The app runs in the test's own event loop, to which the database belongs.
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://bank.example") as opened:
        yield opened


@pytest.fixture
async def consent_id(consents: Consents, database: Database, clock: SetClock) -> str:
    unit = Unit("test.grant")
    granted = consents.grant(
        unit,
        partner_id="ptr_1",
        client_id="cli_1",
        customer_id="cus_1",
        scope="order.read",
        authorization_details=[],
        acr="urn:tessera:acr:two-factor",
        amr=["pin", "otp", "mfa"],
        at=clock.now(),
    )
    await database.commit(unit)
    return granted


async def test_the_partner_reads_its_consent_without_the_customers_id(
    client: httpx.AsyncClient, consent_id: str
) -> None:
    answer = await client.get(f"/v1/consents/{consent_id}", headers={"partner": "ptr_1"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "active"
    assert "cus_1" not in answer.text


async def test_the_partner_gives_it_back_as_often_as_it_likes(
    client: httpx.AsyncClient, consent_id: str
) -> None:
    for _ in range(2):
        answer = await client.delete(f"/v1/consents/{consent_id}", headers={"partner": "ptr_1"})
        assert (answer.status_code, answer.content) == (204, b"")
    answer = await client.get(f"/v1/consents/{consent_id}", headers={"partner": "ptr_1"})
    assert answer.json()["status"] == "revoked"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "stranger", [{"partner": "ptr_2"}, {"partner": "ptr_1", "customer": "cus_2"}]
)
async def test_a_strangers_answer_is_that_of_an_id_that_does_not_exist(
    client: httpx.AsyncClient, consent_id: str, method: str, stranger: dict[str, str]
) -> None:
    answers = [
        await client.request(method, f"/v1/consents/{asked}", headers=stranger)
        for asked in (consent_id, "cns_nobody")
    ]
    bodies = [answer.json() | {"instance": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert bodies[0] == bodies[1]
