"""Registration: one purpose for one key, public keys only, and what a wrong wish is told."""

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey

from contracts import errors
from contracts.v1.onboarding import DialectKey, Registration
from gateway.audit.service import Audit
from gateway.database import Database
from gateway.kit.key_store import MemoryKeyStore
from gateway.kit.vault import Vault
from gateway.onboarding.service import Onboarding
from gateway.rules.service import load_book
from tests.conftest import SetClock

KEYS = MemoryKeyStore()


def jwk(kid: str = "k1", curve: str = "P-256") -> dict[str, Any]:
    return ECKey.generate_key(curve, {"kid": kid}, private=True).as_dict(private=False)


def wish(**changes: Any) -> Registration:
    facts: dict[str, Any] = {
        "partner_name": "Wayfare",
        "partner_name_zh": "行旅",
        "mark": "行",
        "scenarios": ["travel_app"],
        "redirect_uris": ["https://wayfare.example/back"],
        "scope": "catalog.read order.write",
        "jwks": {"keys": [jwk()]},
    }
    return Registration(**(facts | changes))


@pytest.fixture
def onboarding(database: Database) -> Onboarding:
    return Onboarding(database, Audit(load_book()), Vault(KEYS), sandbox=True)


def pem() -> str:
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


async def test_a_client_is_found_with_its_keys(onboarding: Onboarding, clock: SetClock) -> None:
    made = await onboarding.register(wish(), operator="ada", at=clock.now())
    client = await onboarding.find(made.client_id)
    assert client is not None
    assert client.scopes == {"catalog.read", "order.write"}
    assert client.jwks[0]["kid"] == "k1"
    assert client.sector == "wayfare.example"
    partner = await onboarding.partner(made.partner_id)
    assert partner is not None
    assert (partner.name_zh, partner.mark) == ("行旅", "行")
    assert await onboarding.find("cli_nobody") is None


async def test_the_same_public_key_twice_is_refused(
    onboarding: Onboarding, clock: SetClock
) -> None:
    key = jwk()
    await onboarding.register(wish(jwks={"keys": [key]}), operator="ada", at=clock.now())
    with pytest.raises(errors.KeyAlreadyRegistered):
        await onboarding.register(
            wish(jwks={"keys": [key | {"kid": "other"}]}), operator="ada", at=clock.now()
        )


async def test_one_key_may_not_serve_two_purposes(onboarding: Onboarding, clock: SetClock) -> None:
    private = RSAKey.generate_key(2048, {"kid": "r"}, private=True)
    both = wish(
        jwks={"keys": [private.as_dict(private=False)]},
        dialect_keys=[DialectKey("lantu", private.as_pem(private=False).decode())],
    )
    with pytest.raises(errors.KeyAlreadyRegistered):
        await onboarding.register(both, operator="ada", at=clock.now())
    assert await onboarding.is_registered(private.thumbprint()) is False


async def test_a_retired_key_is_gone_at_once_for_everybody(
    database: Database, onboarding: Onboarding, clock: SetClock
) -> None:
    two = wish(jwks={"keys": [jwk("old"), jwk("new")]})
    made = await onboarding.register(two, operator="ada", at=clock.now())
    elsewhere = Onboarding(database, Audit(load_book()), Vault(KEYS), sandbox=True)
    assert len((await elsewhere.find(made.client_id)).jwks) == 2  # type: ignore[union-attr]
    await onboarding.retire_key(
        made.client_id, made.key_thumbprints[0], operator="ada", at=clock.now()
    )
    left = await elsewhere.find(made.client_id)
    assert left is not None
    assert [key["kid"] for key in left.jwks] == ["new"]
    with pytest.raises(errors.Conflict, match="retired already"):
        await onboarding.retire_key(
            made.client_id, made.key_thumbprints[0], operator="ada", at=clock.now()
        )


async def test_the_bank_has_a_key_pair_of_its_own_for_each_dialect(
    onboarding: Onboarding, clock: SetClock
) -> None:
    public = pem()
    made = await onboarding.register(
        wish(dialect_keys=[DialectKey("lantu", public)]), operator="ada", at=clock.now()
    )
    assert made.dialects["lantu"].startswith("-----BEGIN PUBLIC KEY-----")
    assert await onboarding.dialect_public_keys(made.client_id, "lantu") == [public]
    key = await onboarding.bank_key(made.client_id, "lantu")
    assert key is not None
    assert "PRIVATE" not in repr(key)
    assert await onboarding.bank_key_of_partner(made.partner_id, "lantu") == key
    assert await onboarding.bank_key(made.client_id, "other") is None


PRIVATE = ECKey.generate_key("P-256", {"kid": "p"}, private=True).as_dict(private=True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jwks": {"keys": []}}, "1 to 16"),
        ({"jwks": {"keys": [jwk("a"), jwk("a")]}}, "kid of its own"),
        ({"jwks": {"keys": [PRIVATE]}}, "public keys only"),
        ({"jwks": {"keys": [jwk("c", "P-384")]}}, "P-256"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}}, "public keys only"),
        ({"jwks": {"keys": [{"kid": "x"}]}}, "Not a JWK"),
        ({"scope": "catalog.read everything"}, "Choose from"),
        ({"scope": ""}, "Choose from"),
        ({"redirect_uris": ["http://wayfare.example/back"]}, "https"),
        ({"redirect_uris": ["https://wayfare.example/back#x"]}, "fragment"),
        ({"redirect_uris": ["https://user@wayfare.example/"]}, "user"),
        ({"redirect_uris": ["wayfare://back"]}, "https"),
        ({"redirect_uris": ["https://[::1"]}, "address"),
        ({"dialect_keys": [DialectKey("lantu", "not a key")]}, "PEM"),
    ],
)
async def test_a_wrong_wish_is_told_what_to_change(
    database: Database, clock: SetClock, changes: dict[str, Any], says: str
) -> None:
    onboarding = Onboarding(database, Audit(load_book()), Vault(KEYS), sandbox=True)
    with pytest.raises(errors.InvalidField, match=says):
        await onboarding.register(wish(**changes), operator="ada", at=clock.now())


async def test_ed25519_and_rsa_keys_are_welcome(onboarding: Onboarding, clock: SetClock) -> None:
    keys = [
        OKPKey.generate_key("Ed25519", {"kid": "e"}, private=True).as_dict(private=False),
        RSAKey.generate_key(2048, {"kid": "r"}, private=True).as_dict(private=False),
    ]
    made = await onboarding.register(wish(jwks={"keys": keys}), operator="ada", at=clock.now())
    assert len(made.key_thumbprints) == 2


async def test_loopback_redirects_are_for_sandboxes(database: Database, clock: SetClock) -> None:
    local = wish(redirect_uris=["http://127.0.0.1:9000/back"])
    sandbox = Onboarding(database, Audit(load_book()), Vault(KEYS), sandbox=True)
    live = Onboarding(database, Audit(load_book()), Vault(KEYS), sandbox=False)
    await sandbox.register(local, operator="ada", at=clock.now())
    with pytest.raises(errors.InvalidField, match="https"):
        await live.register(wish(redirect_uris=local.redirect_uris), operator="ada", at=clock.now())
