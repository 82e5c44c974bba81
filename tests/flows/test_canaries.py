"""No secret rests where it can be read: a story with canaries, then a look into all that is kept.

Everything secret that a story sends or is answered is heard on the line; what the bank keeps
sealed is opened with its key file. Afterwards nothing of it may occur in the database, in the
journal at DEBUG, or in any other file, in any usual spelling.
"""

import asyncio
import base64
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.corebank.sandbox.personas import load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.database import Database
from gateway.kit.clock import SystemClock
from gateway.kit.vault import Vault, read_sealed
from gateway.rules.service import load_book
from tests.flows.browser import Browser
from tests.flows.canaries import Canaries, ListeningLine
from tests.flows.customer import Customer, tokens
from tests.flows.lantu import LantuClient, new_dialect_key
from tests.flows.partner import Keys, Partner, base64url
from tests.flows.receiver import Manner, Receiver, listening
from tests.flows.server import House, database

DELIVERED_SECONDS = 20.0
# What the story must have sent, or the test would look for nothing.
EXPECTED = {
    "a client assertion",
    "a DPoP proof",
    "an authorization or one-time code",
    "a PKCE verifier",
    "an access token",
    "a refresh token",
    "a request_uri",
    "a webhook secret",
    "a grant handle",
    "a passcode",
    "a cookie",
    "a key of the key file",
    "sealed as signing-key",
    "sealed as pairwise-salt",
    "sealed as dpop-nonce",
    "sealed as dialect-key",
    "sealed as webhook-secret",
}


class LoudHouse(House):
    """A house whose journal says everything there is."""

    def environment(self, port: int) -> dict[str, str]:
        return super().environment(port) | {"TESSERA_LOG_LEVEL": "DEBUG"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_secret_of_a_whole_story_can_be_read_anywhere(kind: str, postgres_url: str) -> None:
    canaries = Canaries()
    with (
        tempfile.TemporaryDirectory(prefix="tessera-canaries-") as folder,
        database(kind, postgres_url, Path(folder)) as url,
        listening() as receiver,
    ):
        house = LoudHouse(Path(folder), url, outbound=[receiver.place])
        house.command("migrate")
        customers = [_customer(house) for _ in range(2)]
        _live_through(house, canaries, receiver, customers)
        _open_what_is_sealed(house, canaries)
        # The key that is retired now was readable by the vault until this moment.
        house.command("keys", "rotate")
        house.command("keys", "rewrap")
        _open_what_is_sealed(house, canaries)
        assert canaries.kinds() >= EXPECTED
        found = [
            line
            for place, content in _everything_kept(house)
            for line in canaries.found_in(place, content)
        ]
    assert not found, "\n".join(found)


def _customer(house: House) -> Customer:
    """A customer whose passcode is long enough to be told from any other number."""
    login = f"canary-{secrets.token_hex(4)}"
    passcode = f"passcode-{secrets.token_hex(8)}"
    persona = msgspec.structs.replace(load_personas()[0], login=login, passcode=passcode)

    async def enrol() -> None:
        opened = await Database.connect(house.database_url)
        await SandboxBank(opened, load_book(), SystemClock()).seed((persona,))
        await opened.close()

    asyncio.run(enrol())
    return Customer(login, passcode, persona.customer_id)


def _live_through(
    house: House, canaries: Canaries, receiver: Receiver, customers: list[Customer]
) -> None:
    key, pem = new_dialect_key()
    partner, bank_pem = house.register_speaker("Wayfare", "wayfare.example", pem)
    line = ListeningLine(canaries, house.issuer)
    partner = partner.through(line)
    lantu = LantuClient(line, partner.client_id, key, bank_pem, time.time)
    with house.serving():
        granted = _goes_well(partner, receiver, customers[0])
        _speaks_a_dialect(partner, lantu, granted)
        _goes_wrong(partner, customers[1], granted)
        _sends_secrets_to_wrong_places(partner, granted)
        assert receiver.wait(lambda: bool(receiver.at("/taken")), DELIVERED_SECONDS)
        assert receiver.wait(lambda: bool(receiver.at("/broken")), DELIVERED_SECONDS)


def _goes_well(partner: Partner, receiver: Receiver, customer: Customer) -> dict[str, Any]:
    """Endpoints, a consent, tokens, a refresh, and an order under them."""
    own = partner.client_token().json()["access_token"]
    receiver.manners["/broken"] = Manner(status=500)
    for path in ("/taken", "/broken"):
        wanted = {"url": receiver.url(path)}
        assert partner.call("POST", "/v1/webhook-endpoints", own, wanted).status_code == 201
    granted = tokens(partner, customer)
    renewed = partner.refresh(granted["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    access = renewed.json()["access_token"]
    placed = partner.place_order(access, f"order-{secrets.token_hex(4)}", "trip")
    assert placed.status_code == 201, placed.text
    introspected = partner.oauth("/oauth/introspect", {"token": access})
    assert introspected.json()["active"] is True
    return granted | renewed.json()


def _speaks_a_dialect(partner: Partner, lantu: LantuClient, granted: dict[str, Any]) -> None:
    """A grant handle, used and misused."""
    wanted = {"dialect": "lantu"}
    answer = partner.call("POST", "/v1/grant-handles", granted["access_token"], wanted)
    grant_handle = answer.json()["grant_handle"]
    asked = {"out_request_no": "unknown"}
    lantu.ask("lantu.order.query", asked, grant_handle)
    lantu.ask("lantu.order.query", asked, granted["access_token"])
    lantu.ask("lantu.nothing.known", {"auth_token": grant_handle}, grant_handle)


def _goes_wrong(partner: Partner, customer: Customer, granted: dict[str, Any]) -> None:
    """A failure at every check that looks at a secret."""
    stranger = replace(partner, keys=Keys.fresh())
    assert stranger.client_token().status_code == 401
    assert replace(partner, clock=lambda: time.time() - 3600).client_token().status_code == 401
    access = granted["access_token"]
    for proof in (
        partner.proof("GET", "/v1/packages", access, age_seconds=3600),
        partner.proof("POST", "/v1/orders", access),
        stranger.proof("GET", "/v1/packages", access),
        f"{partner.proof('GET', '/v1/packages', access)[:-8]}AAAAAAAA",
    ):
        assert partner.call("GET", "/v1/packages", access, proof=proof).status_code == 401
    _, pushed = partner.push()
    assert pushed is not None
    browser = Browser(partner.line)
    page = browser.open(pushed.path)
    wrong = f"wrong-{secrets.token_hex(8)}"
    # Typed into the wrong field too, as it happens.
    for typed in (
        {"customer": customer.login, "passcode": wrong},
        {"customer": wrong, "passcode": wrong},
    ):
        page = browser.press(page, "sign-in", **typed)
    code = customer.approve(browser, pushed, partner.line.issuer)
    other = replace(pushed, verifier=secrets.token_urlsafe(48))
    assert partner.exchange(code, other).status_code == 400
    assert partner.exchange(code, pushed).status_code == 200
    assert partner.exchange(code, pushed).status_code == 400
    assert partner.exchange(secrets.token_urlsafe(32), pushed).status_code == 400
    assert partner.refresh(secrets.token_urlsafe(32)).status_code == 400
    browser.open(pushed.path)
    partner.revoke_token(secrets.token_urlsafe(32))
    partner.revoke_token(granted["refresh_token"])
    assert partner.call("GET", "/v1/packages", access).status_code == 401


def _sends_secrets_to_wrong_places(partner: Partner, granted: dict[str, Any]) -> None:
    """Secrets in paths, queries, bodies and headers where nobody expects them."""
    access, assertion = granted["access_token"], partner.assertion()
    send = partner.line.send
    for path in (
        f"/v1/orders/{access}",
        f"/nowhere/{access}",
        f"/nowhere/{assertion}",
        f"/oauth/token/{granted['refresh_token']}",
        f"/v1/packages?access_token={access}",
        f"/oauth/authorize?client_id={partner.client_id}&request_uri={access}",
        f"/consents/{access}/revoke",
    ):
        assert send("GET", path).status_code >= 300
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (
        f"client_assertion={assertion}&client_assertion={assertion}",
        f"client_assertion={assertion}%00",
        f"grant_type={assertion}&scope={access}&unknown={access}",
        f"access_token={access}&" * 400,
    ):
        assert send("POST", "/oauth/token", headers=form, body=body.encode()).status_code >= 400
    as_json = {"Content-Type": "application/json", "Authorization": f"Bearer {access}"}
    broken = f'{{"token": "{access}'.encode()
    assert send("POST", "/v1/orders", headers=as_json, body=broken).status_code == 401
    assert send("POST", "/oauth/par", headers=as_json, body=broken).status_code >= 400
    for name in ("x-fapi-interaction-id", "User-Agent", "Accept-Language", "Cookie", "DPoP"):
        send("GET", "/v1/packages", headers={name: access})


def _open_what_is_sealed(house: House, canaries: Canaries) -> None:
    vault = Vault.from_file(house.place / "vault.key")
    for word in (house.place / "vault.key").read_text().split():
        if len(word) == 43:
            canaries.plant("a key of the key file", base64.urlsafe_b64decode(f"{word}="))
    for _place, text in _cells(house):
        if text.startswith("ts1."):
            purpose = read_sealed(text).purpose
            plain = vault.open(text, purpose=purpose)
            for part in _parts(plain):
                canaries.plant(f"sealed as {purpose}", part)


def _parts(plain: bytes) -> Iterator[bytes]:
    """A secret as it is sealed, and a private key by its lines, its DER and its numbers too."""
    if not plain.startswith(b"-----BEGIN"):
        # Text may have words before the secret; random bytes hold a colon only by chance.
        yield plain.removeprefix(b"whsec_").rpartition(b":")[2] if plain.isascii() else plain
        return
    yield from plain.splitlines()[1:-1]
    key = serialization.load_pem_private_key(plain, None)
    yield key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    if isinstance(key, ec.EllipticCurvePrivateKey):
        yield key.private_numbers().private_value.to_bytes(32)
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        yield from (numbers.d.to_bytes(256), numbers.p.to_bytes(128), numbers.q.to_bytes(128))


def _everything_kept(house: House) -> Iterator[tuple[str, bytes]]:
    """Every cell of the database, and every file but the key file: store, journal, heads."""
    for place, text in _cells(house):
        yield place, text.encode()
    for path in house.place.rglob("*"):
        if path.is_file() and path.name != "vault.key":
            yield path.name, path.read_bytes()


def _cells(house: House) -> list[tuple[str, str]]:
    if house.database_url.startswith("sqlite"):
        return list(_sqlite_cells(house.database_url.removeprefix("sqlite:///")))
    return asyncio.run(_postgres_cells(house.database_url))


def _sqlite_cells(path: str) -> Iterator[tuple[str, str]]:
    connection = sqlite3.connect(path)
    tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        found = connection.execute(f'select * from "{table}"')
        names = [column[0] for column in found.description]
        for row in found:
            for name, value in zip(names, row, strict=True):
                yield f"{table}.{name}", str(value)
    connection.close()


async def _postgres_cells(url: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    cells = []
    for (table,) in tables:
        for row in await connection.fetch(f'select * from "{table}"'):
            cells += [(f"{table}.{name}", str(value)) for name, value in row.items()]
    await connection.close()
    return cells


def test_a_canary_is_found_in_every_spelling() -> None:
    """The search itself: each spelling alone is enough, and the failure names both."""
    secret = f"canary:{secrets.token_urlsafe(24)}~{secrets.token_urlsafe(24)}"
    canaries = Canaries()
    canaries.plant("a planted secret", secret)
    raw = secret.encode()
    for text in (
        raw,
        raw.hex().encode(),
        raw.hex().upper().encode(),
        secret.replace(":", "%3A").encode(),
        *(base64.b64encode(bytes(shift) + raw + bytes(shift)) for shift in range(4)),
        *(base64url(bytes(shift) + raw).encode() for shift in range(4)),
    ):
        found = canaries.found_in("a place", b"before " + text + b" after")
        assert found and all("a planted secret" in line and "a place" in line for line in found)
    assert canaries.found_in("a place", raw[:-1] + b" " + raw[1:]) == []


def test_a_short_canary_counts_where_it_stands_alone() -> None:
    canaries = Canaries()
    canaries.plant("a one-time code", "345678")
    assert canaries.found_in("a log", b'{"code":"345678"}')
    assert not canaries.found_in("a log", b"2026-11-24T02:00:00.345678+00:00")
