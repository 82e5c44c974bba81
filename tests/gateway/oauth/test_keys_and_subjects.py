"""Signing keys in rotation, pairwise subjects, and the metadata that tells of both."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from gateway.audit.service import Audit
from gateway.database import Database, Query
from gateway.kit.vault import Vault
from gateway.oauth.discovery import metadata_path, server_metadata
from gateway.oauth.keys import RETIRED_FOR, SigningKeys
from gateway.oauth.service import OAuth
from gateway.oauth.subjects import Subjects
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


async def test_private_halves_are_sealed(
    oauth: OAuth, database: Database, vault: Vault, audit: Audit, clock: SetClock
) -> None:
    class Sealed(msgspec.Struct):
        private_sealed: str

    rows = await database.all(Query("select private_sealed from signing_key", Sealed))
    assert all("PRIVATE" not in row.private_sealed for row in rows)
    assert all(b"PRIVATE KEY" in vault.open(row.private_sealed) for row in rows)
    again = SigningKeys(database, vault, audit)
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
        "authorization_details_types_supported": ["urn:tessera:package-order"],
    }
    for endpoint in ("token", "revocation", "introspection"):
        expected[f"{endpoint}_endpoint_auth_methods_supported"] = ["private_key_jwt"]
        expected[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = algorithms
    assert {name: said.get(name) for name in expected} == expected
    named = [name for name in said if "alg_values" in name]
    assert all(said[name] == algorithms for name in named)


def test_an_issuers_path_comes_after_the_well_known_part() -> None:
    inserted = "/.well-known/oauth-authorization-server/tenant/one"
    assert metadata_path("https://bank.example/tenant/one") == inserted
    assert metadata_path("https://bank.example") == "/.well-known/oauth-authorization-server"
    said = server_metadata("https://bank.example/tenant")
    assert said["issuer"] == "https://bank.example/tenant"
    assert said["token_endpoint"] == "https://bank.example/tenant/oauth/token"
