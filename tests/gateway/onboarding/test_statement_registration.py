"""Registration over HTTP: a trusted issuer's statement, used once, registers one client."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import msgspec
import pytest

from gateway.audit.service import Audit
from gateway.database import Database, Query
from gateway.kit.vault import Vault
from gateway.onboarding.service import Onboarding
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.onboarding.applicant import ACTS, DIRECTORY, SERVER, Applicant, door, refused
from tests.gateway.onboarding.documents import fresh, jwks, public

CALLS = 200


class Count(msgspec.Struct):
    number: int


CLIENTS = Query("select count(*) as number from client", Count)
SPENT = Query("select count(*) as number from software_statement", Count)


async def counts(database: Database) -> tuple[int, int]:
    (clients,), (spent,) = await database.all(CLIENTS), await database.all(SPENT)
    return clients.number, spent.number


async def test_a_statement_registers_a_client_of_its_partner(
    database: Database, onboarding: Onboarding, applicant: Applicant, clock: SetClock
) -> None:
    text = applicant.statement()
    answer = await applicant.apply(statement=text, client_name="Ignored", contacts=["a@b.example"])
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("application/json")
    made = answer.json()
    client = await onboarding.find(made["client_id"])
    assert client is not None
    assert client.partner_id == applicant.org_id
    assert client.redirect_uris == ("https://lite.example/1", "https://lite.example/2")
    assert client.is_assessed(clock.now())
    assert made["client_id_issued_at"] == int(clock.now().timestamp())
    assert made["software_statement"] == text
    assert made["client_name"] == "Wayfare Lite"
    assert made["contacts"] == ["a@b.example"]
    # Not said, so as RFC 7591 section 2 has it.
    assert made["grant_types"] == ["authorization_code"]
    assert "client_secret" not in made
    act = (await database.all(ACTS))[-1]
    assert (act.action, act.actor) == ("client.register", f"issuer:{DIRECTORY}")
    assert (act.partner_id, act.client_id) == (applicant.org_id, client.client_id)
    assert text not in act.detail


async def test_the_answer_holds_every_member_that_is_in_force(applicant: Applicant) -> None:
    made = (await applicant.apply()).json()
    for own in ("client_id", "client_id_issued_at"):
        del made[own]
    again = applicant.statement(jti="statement-2")
    repeated = (await applicant.send(made | {"software_statement": again})).json()
    assert repeated.items() >= (made | {"software_statement": again}).items()


async def test_keys_by_value_come_from_the_statement(
    onboarding: Onboarding, applicant: Applicant
) -> None:
    key = fresh(kid="k")
    text = applicant.statement(jwks_uri=None, jwks=jwks(key))
    made = (await applicant.apply(statement=text)).json()
    client = await onboarding.find(made["client_id"])
    assert client is not None
    assert client.jwks == (public(key),)
    # The same key again is somebody's already, and the second statement stays unused.
    second = applicant.statement(jti="statement-2", jwks_uri=None, jwks=jwks(key))
    for _ in range(2):
        says = refused(await applicant.apply(statement=second), "invalid_client_metadata")
        assert "key pair" in says


async def test_a_statement_counts_once(database: Database, applicant: Applicant) -> None:
    assert (await applicant.apply()).status_code == 201
    # Signed again, with other words, it is still the same statement.
    again = applicant.statement(client_name="Another")
    says = refused(await applicant.apply(statement=again), "invalid_software_statement")
    assert "used before" in says
    assert await counts(database) == (2, 1)


async def test_of_many_at_once_one_is_registered(database: Database, applicant: Applicant) -> None:
    text = applicant.statement()
    answers = await asyncio.gather(*(applicant.apply(statement=text) for _ in range(CALLS)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CALLS - 1}
    errors_seen = {answer.json()["error"] for answer in answers if answer.status_code == 400}
    assert errors_seen == {"invalid_software_statement"}
    assert await counts(database) == (2, 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_over_two_processes_one_is_registered(
    database: Database, database_url: str, vault: Vault, applicant: Applicant, clock: SetClock
) -> None:
    other_database = await Database.connect(database_url)
    other = Onboarding(other_database, Audit(load_book()), vault, sandbox=True)
    transport = httpx.ASGITransport(door(other, clock))
    text = applicant.statement()
    async with httpx.AsyncClient(transport=transport, base_url=SERVER) as http:
        elsewhere = Applicant(http, clock, applicant.org_id)
        answers = await asyncio.gather(
            *(
                (applicant if number % 2 else elsewhere).apply(statement=text)
                for number in range(CALLS)
            )
        )
    await other_database.close()
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: CALLS - 1}
    assert await counts(database) == (2, 1)


async def test_a_refused_request_leaves_its_statement_unused(
    database: Database, applicant: Applicant
) -> None:
    text = applicant.statement()
    outside = ["https://elsewhere.example/"]
    refused(await applicant.apply(statement=text, redirect_uris=outside), "invalid_redirect_uri")
    assert await counts(database) == (1, 0)
    assert (await applicant.apply(statement=text)).status_code == 201


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"redirect_uris": ["https://lite.example/3"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": [7]}, "invalid_redirect_uri"),
        ({"scope": "order.read payment.initiate"}, "invalid_client_metadata"),
        ({"jwks_uri": "https://elsewhere.example/jwks"}, "invalid_client_metadata"),
        ({"jwks": {"keys": []}}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        (
            {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
            "invalid_client_metadata",
        ),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"id_token_signed_response_alg": "RS256"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"dpop_bound_access_tokens": False}, "invalid_client_metadata"),
        ({"logo_uri": "http://lite.example/logo"}, "invalid_client_metadata"),
        ({"client_id": "cus_1"}, "invalid_client_metadata"),
        ({"client_secret": "secret"}, "invalid_client_metadata"),
        ({"software_statement": None}, "invalid_software_statement"),
        ({"software_statement": "a.b.c"}, "invalid_software_statement"),
    ],
)
async def test_every_wrong_member_has_its_error(
    database: Database, applicant: Applicant, members: dict[str, Any], error: str
) -> None:
    refused(await applicant.apply(**members), error)
    assert await counts(database) == (1, 0)


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"redirect_uris": ["http://lite.example/1"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://lite.example/#1"]}, "invalid_redirect_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"scope": "everything"}, "invalid_client_metadata"),
        ({"scope": None}, "invalid_client_metadata"),
        ({"jwks_uri": None}, "invalid_client_metadata"),
        ({"jwks_uri": "https://lite.example/jwks#k"}, "invalid_client_metadata"),
        (
            {"redirect_uris": ["https://a.example/", "https://b.example/"]},
            "invalid_client_metadata",
        ),
        ({"jti": None}, "invalid_software_statement"),
        ({"exp": 1}, "invalid_software_statement"),
        ({"aud": "https://other.example"}, "invalid_software_statement"),
        ({"key": fresh("PS256", kid="d1")}, "invalid_software_statement"),
        ({"iss": "https://stranger.example"}, "unapproved_software_statement"),
        ({"org_id": "ptr_nobody"}, "unapproved_software_statement"),
        ({"iss": "a\0b"}, "invalid_software_statement"),
        ({"org_id": "a\0b"}, "unapproved_software_statement"),
        ({"org_id": None}, "unapproved_software_statement"),
        ({"org_id": ["ptr"]}, "unapproved_software_statement"),
    ],
)
async def test_every_wrong_claim_has_its_error(
    database: Database, applicant: Applicant, claims: dict[str, Any], error: str
) -> None:
    refused(await applicant.apply(statement=applicant.statement(**claims)), error)
    assert await counts(database) == (1, 0)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"scope":"a","scope":"b"}', b"\xff\xfe", b'{"a":"\\ud800"}'],
)
async def test_a_body_that_is_not_strict_json(applicant: Applicant, body: bytes) -> None:
    refused(await applicant.send(body), "invalid_client_metadata")


async def test_a_body_has_a_kind_and_a_size(applicant: Applicant) -> None:
    answer = await applicant.send(b"a=b", kind="application/x-www-form-urlencoded")
    assert answer.status_code == 415
    answer = await applicant.send(b" " * 70_000)
    assert answer.status_code == 413
    assert (await applicant.http.get("/oauth/register")).status_code == 405


async def test_a_text_with_nul_is_refused_like_any_other(applicant: Applicant) -> None:
    refused(await applicant.apply(software_id="a\0b"), "invalid_client_metadata")
