"""Registering, listing and deleting endpoints: the partner's own, at addresses fit to be called."""

import base64

import msgspec
import pytest

from contracts import errors
from contracts.v1.webhooks import WebhookEndpointRequest
from gateway.database import Database, Query
from gateway.webhooks.service import MOST_ENDPOINTS
from gateway.webhooks.signing import WEBHOOK_SECRET
from tests.conftest import SetClock
from tests.gateway.webhooks.receivers import Room, TestKey, receiving, room


class StoredRow(msgspec.Struct):
    secret_sealed: str | None
    status: str


STORED = Query("select secret_sealed, status from webhook_endpoint", StoredRow)


class ActionRow(msgspec.Struct):
    action: str
    actor: str
    resource: str
    detail: str


ACTIONS = Query(
    "select action, actor, resource, detail from audit_record order by ordinal", ActionRow
)


@pytest.fixture
def webhooks(database: Database, clock: SetClock) -> Room:
    return Room(database, clock, "hooks.partner.test:80")


async def test_the_secret_is_shown_once_and_sealed_at_rest(
    database: Database, clock: SetClock
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        endpoint = await webhooks.register(receiver)
        assert endpoint.secret is not None
        assert endpoint.secret.startswith("whsec_")
        assert len(base64.b64decode(endpoint.secret.removeprefix("whsec_"))) == 32
        (stored,) = await database.all(STORED)
        assert stored.secret_sealed is not None
        assert endpoint.secret not in stored.secret_sealed
        assert (
            webhooks.vault.open(stored.secret_sealed, purpose=WEBHOOK_SECRET).decode()
            == endpoint.secret
        )
        (listed,) = (await webhooks.webhooks.list(webhooks.caller())).endpoints
        assert listed == msgspec.structs.replace(endpoint, secret=None)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/events",
        "https://localhost/events",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "http://partner.test/events",
        "ftp://partner.test/events",
        "https://does-not-exist.invalid/",
    ],
)
async def test_an_address_that_is_not_fit_to_be_called_is_refused(
    database: Database, webhooks: Room, url: str
) -> None:
    with pytest.raises(errors.EndpointForbidden) as refusal:
        await webhooks.webhooks.register(webhooks.caller(), WebhookEndpointRequest(url))
    assert refusal.value.extras == {"field": "url"}
    assert await database.all(STORED) == []


async def test_a_refused_address_is_told_in_a_whole_sentence(webhooks: Room) -> None:
    with pytest.raises(errors.EndpointForbidden) as refusal:
        wanted = WebhookEndpointRequest("https://user@partner.test/")
        await webhooks.webhooks.register(webhooks.caller(), wanted)
    assert refusal.value.detail == "The URL must name a host and at most a port."


async def test_a_voice_must_be_a_dialect_that_the_partner_has_a_key_for(
    database: Database, clock: SetClock
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        webhooks.keys["par_b", "lantu"] = TestKey("cli_b", "")
        for voice in ("lantu", "klingon", "", "../lantu"):
            with pytest.raises(errors.InvalidField):
                await webhooks.register(receiver, "par_a", voice)
        endpoint = await webhooks.register(receiver, "par_b", "lantu")
        assert endpoint.secret is None
        assert [row.secret_sealed for row in await database.all(STORED)] == [None]


async def test_a_partner_sees_and_deletes_its_own_only(database: Database, clock: SetClock) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        endpoint = await webhooks.register(receiver, "par_a")
        stranger = webhooks.caller("par_b")
        assert (await webhooks.webhooks.list(stranger)).endpoints == []
        answers = []
        for endpoint_id in (endpoint.endpoint_id, "whe_none"):
            with pytest.raises(errors.NotFound) as refusal:
                await webhooks.webhooks.delete(stranger, endpoint_id)
            answers.append((refusal.value.detail, refusal.value.extras))
        assert answers[0] == answers[1]
        await webhooks.webhooks.delete(webhooks.caller("par_a"), endpoint.endpoint_id)
        assert (await webhooks.webhooks.list(webhooks.caller("par_a"))).endpoints == []
        with pytest.raises(errors.NotFound):
            await webhooks.webhooks.delete(webhooks.caller("par_a"), endpoint.endpoint_id)


async def test_deleting_destroys_the_secret_and_abandons_what_is_owed(
    database: Database, clock: SetClock
) -> None:
    async with (
        receiving(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") as receiver,
        room(database, clock, receiver) as webhooks,
    ):
        endpoint = await webhooks.register(receiver)
        await webhooks.record()
        await webhooks.worker.step()
        await webhooks.webhooks.delete(webhooks.caller(), endpoint.endpoint_id)
        assert await database.all(STORED) == [StoredRow(None, "deleted")]
        assert [row.status for row in await webhooks.deliveries()] == ["abandoned"]
        clock.advance(5)
        await webhooks.record()
        assert await webhooks.worker.step() == 1
        assert len(receiver.received) == 1


async def test_a_partner_has_a_bounded_number_of_endpoints(
    database: Database, clock: SetClock
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        endpoints = [
            await webhooks.register(receiver, path=f"/{number}") for number in range(MOST_ENDPOINTS)
        ]
        with pytest.raises(errors.Conflict):
            await webhooks.register(receiver, path="/more")
        await webhooks.register(receiver, "par_b", path="/more")
        await webhooks.webhooks.delete(webhooks.caller(), endpoints[0].endpoint_id)
        await webhooks.register(receiver, path="/more")


async def test_an_address_registered_again_keeps_its_id_and_gets_a_new_secret(
    database: Database, clock: SetClock
) -> None:
    async with receiving() as receiver, room(database, clock, receiver) as webhooks:
        first = await webhooks.register(receiver)
        again = await webhooks.register(receiver)
        assert again.endpoint_id == first.endpoint_id
        assert again.secret != first.secret
        assert len((await webhooks.webhooks.list(webhooks.caller())).endpoints) == 1


async def test_every_change_is_audited_without_the_secret(
    database: Database, clock: SetClock
) -> None:
    async with (
        receiving(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n") as receiver,
        room(database, clock, receiver) as webhooks,
    ):
        kept = await webhooks.register(receiver)
        deleted = await webhooks.register(receiver, path="/deleted")
        await webhooks.webhooks.delete(webhooks.caller(), deleted.endpoint_id)
        await webhooks.record()
        await webhooks.worker.step()
        rows = await database.all(ACTIONS)
    assert [(row.action, row.actor, row.resource) for row in rows] == [
        ("webhook_endpoint.register", "client:cli_par_a", kept.endpoint_id),
        ("webhook_endpoint.register", "client:cli_par_a", deleted.endpoint_id),
        ("webhook_endpoint.delete", "client:cli_par_a", deleted.endpoint_id),
        ("webhook_endpoint.disable", "system", kept.endpoint_id),
    ]
    assert not any("whsec_" in row.detail for row in rows)
