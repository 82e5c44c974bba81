"""Notifications in a dialect: built once, verified by its own client, acknowledged its way."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from alipay import AliPay
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.database import Database
from tests.conftest import SetClock
from tests.gateway.webhooks.receivers import (
    Received,
    Receiver,
    Room,
    TestKey,
    answer,
    receiving,
    room,
)

VOICE = "lantu"
SUCCESS = answer(200, body=b"success")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def verified(key: rsa.RSAPrivateKey, received: Received) -> dict[str, str]:
    """The form, once the dialect's community client has accepted its signature."""
    form = dict(parse_qsl(received.body.decode(), strict_parsing=True, keep_blank_values=True))
    client = AliPay(
        appid="cli_b",
        app_notify_url=None,
        app_private_key_string=pem(key),
        alipay_public_key_string=public_pem(key),
    )
    checked = dict(form)
    assert client.verify(checked, checked.pop("sign"))
    return form


async def ready(webhooks: Room, receiver: Receiver, key: rsa.RSAPrivateKey) -> None:
    webhooks.keys["par_b", VOICE] = TestKey("cli_b", pem(key))
    endpoint = await webhooks.register(receiver, "par_b", VOICE)
    assert endpoint.secret is None


async def test_a_notification_verifies_with_the_dialects_own_client(
    database: Database, key: rsa.RSAPrivateKey
) -> None:
    clock = SetClock(datetime.now(UTC))
    async with receiving(SUCCESS) as receiver, room(database, clock, receiver) as webhooks:
        await ready(webhooks, receiver, key)
        event_id = await webhooks.record(partner_id="par_b")
        assert await webhooks.worker.step() == 2
        (received,) = receiver.received
        form = verified(key, received)
        assert form["notify_id"] == event_id
        assert form["app_id"] == "cli_b"
        assert "零钱 &=%+" in form["biz_content"]
        assert not any(name.startswith("webhook-") for name in received.headers)
        assert [delivery.status for delivery in await webhooks.deliveries()] == ["delivered"]


@pytest.mark.parametrize(
    "said", [answer(200, body=b"ok"), answer(204), answer(200, body=b"success\n"), answer(410)]
)
async def test_anything_but_success_is_retried_by_the_dialects_schedule_with_the_same_bytes(
    database: Database, clock: SetClock, key: rsa.RSAPrivateKey, said: bytes
) -> None:
    async with receiving(said, SUCCESS) as receiver, room(database, clock, receiver) as webhooks:
        await ready(webhooks, receiver, key)
        await webhooks.record(partner_id="par_b")
        await webhooks.worker.step()
        (delivery,) = await webhooks.deliveries()
        assert delivery.status == "pending"
        assert delivery.due_at == clock.now() + timedelta(minutes=4)
        clock.advance(240)
        await webhooks.worker.step()
        first, second = receiver.received
        assert first.body == second.body
        assert [delivery.status for delivery in await webhooks.deliveries()] == ["delivered"]


async def test_an_event_without_a_live_key_is_abandoned_and_holds_nothing_up(
    database: Database, clock: SetClock, key: rsa.RSAPrivateKey
) -> None:
    async with receiving(SUCCESS) as receiver, room(database, clock, receiver) as webhooks:
        await ready(webhooks, receiver, key)
        await webhooks.register(receiver, "par_b")
        webhooks.keys.clear()
        await webhooks.record(partner_id="par_b")
        await webhooks.worker.step()
        deliveries = {row.status: row.outcome for row in await webhooks.deliveries()}
        assert deliveries == {
            "abandoned": "no key of the partner is live for the dialect",
            "delivered": "answered 200",
        }


async def test_an_event_that_cannot_be_said_is_abandoned_and_holds_nothing_up(
    database: Database, clock: SetClock, key: rsa.RSAPrivateKey
) -> None:
    async with receiving(SUCCESS) as receiver, room(database, clock, receiver) as webhooks:
        await ready(webhooks, receiver, key)
        await webhooks.register(receiver, "par_b")
        webhooks.keys["par_b", VOICE] = TestKey("cli_b", "no key at all")
        await webhooks.record(partner_id="par_b")
        await webhooks.worker.step()
        assert {row.status: row.outcome for row in await webhooks.deliveries()} == {
            "abandoned": "the dialect could not say this event",
            "delivered": "answered 200",
        }
