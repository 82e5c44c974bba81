"""Signing keys in rotation, pairwise subjects, and the metadata that tells of both."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jws
from joserfc.jwk import KeySet

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Query
from gateway.kit.vault import Vault, VaultLocked
from gateway.oauth.discovery import metadata_path, server_metadata
from gateway.oauth.keys import PRIVATE_KEY, RETIRED_FOR, SIGNER_FRESH_FOR, SigningKeys
from gateway.oauth.service import OAuth
from gateway.oauth.subjects import PAIRWISE_SALT, Subjects
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER


async def keys_of(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await http.get("/oauth/jwks")
    assert answer.headers["content-type"].startswith("application/jwk-set+json")
    keys: list[dict[str, Any]] = answer.json()["keys"]
    return keys


async def test_the_key_set_is_public_and_its_kids_are_unique(http: httpx.AsyncClient) -> None:
    keys = await keys_of(http)
    assert len({key["kid"] for key in keys}) == len(keys) == 2
    for key in keys:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_what_was_signed_verifies_through_a_rotation(
    oauth: OAuth, http: httpx.AsyncClient, clock: SetClock
) -> None:
    before = await oauth.keys.sign({"a": 1}, typ="test+jwt")
    cached = KeySet.import_key_set({"keys": await keys_of(http)})
    kid = await oauth.keys.rotate("ops", clock.now())
    after = await oauth.keys.sign({"a": 2}, typ="test+jwt")
    fresh = KeySet.import_key_set({"keys": await keys_of(http)})
    for token, keys in ((before, cached), (before, fresh), (after, cached), (after, fresh)):
        verified = jws.deserialize_compact(token, keys, algorithms=["ES256"])
        assert verified.headers()["typ"] == "test+jwt"
    assert verified.headers()["kid"] == kid
    assert len(await keys_of(http)) == 3
    clock.advance(RETIRED_FOR / timedelta(seconds=1))
    assert len(await keys_of(http)) == 2
    assert len((await oauth.keys.archive())["keys"]) == 3


async def test_rotations_at_once_leave_one_key_signing(
    oauth: OAuth, clock: SetClock, database: Database
) -> None:
    await asyncio.gather(
        *(oauth.keys.rotate("ops", clock.now()) for _ in range(3)), return_exceptions=True
    )

    class Status(msgspec.Struct):
        status: str

    rows = await database.all(Query("select status from signing_key", Status))
    statuses = sorted(row.status for row in rows)
    assert statuses.count("current") == statuses.count("next") == 1


class Unreachable(Database):
    """A database that answers so many reads and then no more."""

    def __init__(self, kept: Database, reads: int) -> None:
        super().__init__(kept._store)
        self.left = reads

    async def all(self, query: Query[Any], **values: Any) -> list[Any]:
        if self.left == 0:
            raise errors.Unavailable
        self.left -= 1
        return await super().all(query, **values)


async def test_signing_works_from_memory_for_a_few_seconds(
    oauth: OAuth, database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    unreachable = Unreachable(database, 1)
    keys = SigningKeys(unreachable, vault, audit, clock)
    await keys.sign({}, typ="test+jwt")
    clock.advance(SIGNER_FRESH_FOR.total_seconds() - 0.001)
    assert await keys.raw_signer()
    clock.advance(0.001)
    for _ in range(2):
        with pytest.raises(errors.Unavailable):
            await keys.sign({}, typ="test+jwt")
    unreachable.left = 1
    assert await keys.sign({}, typ="test+jwt")


async def test_whoever_rotates_signs_with_the_new_key_at_once(
    oauth: OAuth, clock: SetClock
) -> None:
    """The key it had in memory would be fresh for seconds; its private half is gone by now."""
    old, _sign = await oauth.keys.raw_signer()
    new = await oauth.keys.rotate("ops", clock.now())
    kid, sign = await oauth.keys.raw_signer()
    assert kid == new != old
    published = KeySet.import_key_set(await oauth.jwks())
    assert verifies(sign(b"body"), published.get_by_kid(new))


async def test_another_processs_rotation_is_followed_within_seconds(
    oauth: OAuth, database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    other = SigningKeys(database, vault, audit, clock)
    old, _sign = await other.raw_signer()
    new = await oauth.keys.rotate("ops", clock.now())
    late, sign = await other.raw_signer()
    assert late == old
    published = KeySet.import_key_set(await oauth.jwks())
    assert verifies(sign(b"body"), published.get_by_kid(late))
    clock.advance(SIGNER_FRESH_FOR.total_seconds())
    assert (await other.raw_signer())[0] == new
    # The process that rotated signs with the new key at once.
    assert (await oauth.keys.raw_signer())[0] == new


def verifies(signature: bytes, key: Any) -> bool:
    """By cryptography, as a reader of RFC 9421 would: r and s of 32 bytes each."""
    assert len(signature) == 64
    r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
    key.public_key.verify(encode_dss_signature(r, s), b"body", ec.ECDSA(hashes.SHA256()))
    return True


async def test_a_retired_keys_private_half_is_gone(
    oauth: OAuth, database: Database, clock: SetClock
) -> None:
    class Half(msgspec.Struct):
        status: str
        private_sealed: str

    await oauth.keys.rotate("ops", clock.now())
    rows = await database.all(Query("select status, private_sealed from signing_key", Half))
    assert {row.status: bool(row.private_sealed) for row in rows} == {
        "retired": False,
        "current": True,
        "next": True,
    }


async def test_private_halves_are_sealed(
    oauth: OAuth, database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    class Sealed(msgspec.Struct):
        private_sealed: str

    rows = await database.all(Query("select private_sealed from signing_key", Sealed))
    assert all("PRIVATE" not in row.private_sealed for row in rows)
    assert all(
        b"PRIVATE KEY" in vault.open(row.private_sealed, purpose=PRIVATE_KEY) for row in rows
    )
    again = SigningKeys(database, vault, audit, clock)
    await again.ensure(clock.now())
    assert len(await database.all(Query("select private_sealed from signing_key", Sealed))) == 2


async def test_subjects_are_stable_in_a_sector_and_strangers_across_sectors(
    oauth: OAuth, database: Database, vault: Vault, clock: SetClock
) -> None:
    restarted = Subjects(database, vault)
    await restarted.ensure(clock.now())
    here = restarted.pairwise("cus_1", "a.example")
    assert here == oauth.subjects.pairwise("cus_1", "a.example")
    assert here != restarted.pairwise("cus_1", "b.example")
    assert here != restarted.pairwise("cus_2", "a.example")
    assert "cus_1" not in here and len(here) == 43


async def test_a_sealed_salt_is_no_signing_key(
    oauth: OAuth, database: Database, vault: Vault
) -> None:
    """Whoever can write the database cannot put one secret in the place of another."""

    class Sealed(msgspec.Struct):
        sealed: str

    row = await database.find(
        Query("select sealed from oauth_secret where name = 'pairwise_salt'", Sealed)
    )
    assert row is not None
    assert len(vault.open(row.sealed, purpose=PAIRWISE_SALT)) == 32
    with pytest.raises(VaultLocked):
        vault.open(row.sealed, purpose=PRIVATE_KEY)


def test_without_a_salt_there_is_no_subject(database: Database, vault: Vault) -> None:
    with pytest.raises(RuntimeError):
        Subjects(database, vault).pairwise("cus_1", "a.example")


async def test_the_metadata_says_what_is_enforced(http: httpx.AsyncClient) -> None:
    answer = await http.get("/.well-known/oauth-authorization-server")
    assert answer.status_code == 200
    said = answer.json()
    algorithms = ["ES256", "PS256", "EdDSA", "Ed25519"]
    expected = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{ISSUER}/oauth/par",
        "token_endpoint": f"{ISSUER}/oauth/token",
        "revocation_endpoint": f"{ISSUER}/oauth/revoke",
        "introspection_endpoint": f"{ISSUER}/oauth/introspect",
        "jwks_uri": f"{ISSUER}/oauth/jwks",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "require_pushed_authorization_requests": True,
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": algorithms,
        "authorization_details_types_supported": [
            "urn:tessera:package-order",
            "urn:tessera:account-information",
        ],
    }
    for endpoint in ("token", "revocation", "introspection"):
        expected[f"{endpoint}_endpoint_auth_methods_supported"] = ["private_key_jwt"]
        expected[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = algorithms
    assert {name: said.get(name) for name in expected} == expected
    # Clients sign with any of the four, the server with one.
    signed_here = {
        f"{kind}_signing_alg_values_supported"
        for kind in ("authorization", "introspection", "id_token", "userinfo")
    }
    for name in said:
        if "alg_values" in name:
            assert said[name] == (["ES256"] if name in signed_here else algorithms)


def test_an_issuers_path_comes_after_the_well_known_part() -> None:
    inserted = "/.well-known/oauth-authorization-server/tenant/one"
    assert metadata_path("https://bank.example/tenant/one") == inserted
    assert metadata_path("https://bank.example") == "/.well-known/oauth-authorization-server"
    said = server_metadata("https://bank.example/tenant")
    assert said["issuer"] == "https://bank.example/tenant"
    assert said["token_endpoint"] == "https://bank.example/tenant/oauth/token"
