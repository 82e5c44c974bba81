"""The token endpoint, clause by clause: codes, refresh tokens, a client's own tokens."""

from typing import Any

import httpx
import msgspec
import pytest

from gateway.consents.service import Consents
from gateway.database import Database, Query
from gateway.oauth.grants.authorization_code import AuthorizationCode
from gateway.oauth.grants.client_credentials import ClientCredentials
from gateway.oauth.grants.refresh_token import RefreshToken
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import (
    DETAILS,
    ISSUER,
    REDIRECT_URI,
    VERIFIER,
    Partner,
    challenge_of,
    fen,
    new_key,
    post,
)
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_par import details

URL = f"{ISSUER}/oauth/token"
Answer = tuple[int, str]


class Row(msgspec.Struct):
    text: str


class Count(msgspec.Struct):
    rows: int


INVALID_GRANT: Answer = (400, "invalid_grant")


async def ask(
    http: httpx.AsyncClient, partner: Partner, form: dict[str, Any], **proof: Any
) -> Answer:
    answer = await post(http, "/oauth/token", form, partner.proof(URL, **proof))
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json().get("error", "")


# clause, what the form says; each is tried on a live code, which it must leave unharmed
BAD_REDEMPTIONS: list[tuple[str, dict[str, Any], Answer]] = [
    ("RFC 7636 4.6: no verifier", {"code_verifier": None}, INVALID_GRANT),
    ("RFC 7636 4.6: another verifier", {"code_verifier": "w" * 64}, INVALID_GRANT),
    ("RFC 7636 4.1: a short verifier", {"code_verifier": "v" * 42}, INVALID_GRANT),
    ("RFC 7636 4.1: a long verifier", {"code_verifier": "v" * 129}, INVALID_GRANT),
    ("the challenge itself", {"code_verifier": challenge_of(VERIFIER)}, INVALID_GRANT),
    ("RFC 6749 4.1.3: no redirect_uri", {"redirect_uri": None}, INVALID_GRANT),
    ("another redirect_uri", {"redirect_uri": REDIRECT_URI + "x"}, INVALID_GRANT),
    ("another code", {"code": "c" * 43}, INVALID_GRANT),
    ("no code", {"code": None}, (400, "invalid_request")),
    ("no grant_type", {"grant_type": None}, (400, "invalid_request")),
    ("RFC 6749 5.2: implicit", {"grant_type": "implicit"}, (400, "unsupported_grant_type")),
    ("SP 5.3.2.1-2: password", {"grant_type": "password"}, (400, "unsupported_grant_type")),
    ("hostile grant_type", {"grant_type": '"\\\u00e9'}, (400, "unsupported_grant_type")),
]


async def test_a_failed_redemption_leaves_the_code_unharmed(
    http: httpx.AsyncClient, story: Story, partner: Partner, stranger: Partner
) -> None:
    code = await story.code(partner)
    wrong = []
    for clause, fields, expected in BAD_REDEMPTIONS:
        got = await ask(http, partner, partner.code_form(code, **fields))
        if got != expected:
            wrong.append((clause, got))
    assert wrong == []
    assert await ask(http, stranger, stranger.code_form(code)) == INVALID_GRANT
    await story.exchange(partner, partner.code_form(code))


async def test_a_strangers_answer_does_not_tell_whether_a_code_lives(
    http: httpx.AsyncClient, story: Story, partner: Partner, stranger: Partner
) -> None:
    code = await story.code(partner, dpop_jkt=partner.dpop_key.thumbprint())
    answers = [
        (await post(http, "/oauth/token", stranger.code_form(each), stranger.proof(URL))).content
        for each in (code, "c" * 43)
    ]
    assert answers[0] == answers[1]


async def test_a_code_lives_a_minute(
    http: httpx.AsyncClient, story: Story, partner: Partner, clock: SetClock
) -> None:
    code = await story.code(partner)
    clock.advance(59)
    await story.exchange(partner, partner.code_form(code))
    code = await story.code(partner)
    clock.advance(60)
    assert await ask(http, partner, partner.code_form(code)) == INVALID_GRANT


async def test_a_code_used_twice_ends_the_tokens_of_the_first_use(
    http: httpx.AsyncClient, story: Story, partner: Partner, stranger: Partner
) -> None:
    code = await story.code(partner)
    tokens = await story.exchange(partner, partner.code_form(code))
    assert await ask(http, stranger, stranger.code_form(code)) == INVALID_GRANT
    assert (await story.read(partner, tokens["access_token"])).status_code == 200
    assert await ask(http, partner, partner.code_form(code)) == INVALID_GRANT
    assert (await story.read(partner, tokens["access_token"])).status_code == 401
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert await ask(http, partner, form) == INVALID_GRANT


async def test_a_replayed_request_ends_no_tokens(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    form = partner.code_form(await story.code(partner))
    proof = partner.proof(URL)
    first = await post(http, "/oauth/token", form, proof)
    again = await post(http, "/oauth/token", form, proof)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert (await story.read(partner, first.json()["access_token"])).status_code == 200


async def test_a_code_of_a_revoked_consent_is_worthless(
    http: httpx.AsyncClient, story: Story, partner: Partner, consents: Consents, clock: SetClock
) -> None:
    code = await story.code(partner)
    consent = (await consents.for_customer("cus_1"))[0]
    await consents.revoke(consent.consent_id, "cus_1", clock.now())
    assert await ask(http, partner, partner.code_form(code)) == INVALID_GRANT


async def test_every_request_needs_a_proof(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(partner)
    for form in (
        partner.form(grant_type="client_credentials", scope="catalog.read"),
        partner.code_form(await story.code(partner)),
        partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"]),
    ):
        answer = await post(http, "/oauth/token", form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_a_registered_key_never_binds_a_token(
    http: httpx.AsyncClient, partner: Partner
) -> None:
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    got = await ask(http, partner, form, key=partner.key)
    assert got == (400, "invalid_dpop_proof")


async def test_refresh_tokens_are_bound_to_their_client(
    http: httpx.AsyncClient, story: Story, partner: Partner, stranger: Partner
) -> None:
    token = (await story.tokens(partner))["refresh_token"]
    rows: list[tuple[Partner, dict[str, Any], Answer]] = [
        (stranger, {"refresh_token": token}, INVALID_GRANT),
        (partner, {"refresh_token": token + "x"}, INVALID_GRANT),
        (partner, {}, (400, "invalid_request")),
        (partner, {"refresh_token": token, "scope": "payment.initiate"}, (400, "invalid_scope")),
        (partner, {"refresh_token": token, "scope": "order.read"}, (200, "")),
        (partner, {"refresh_token": token}, (200, "")),
    ]
    for one, fields, expected in rows:
        form = one.form(grant_type="refresh_token", **fields)
        assert await ask(http, one, form) == expected


async def test_a_refresh_may_ask_for_less_but_not_for_more(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    token = (await story.tokens(partner))["refresh_token"]
    ride = DETAILS[2] | {"per_debit_cap": fen(1000)}
    less = [*DETAILS[:2], ride]
    form = partner.form(grant_type="refresh_token", refresh_token=token, **details(*less))
    assert (await story.exchange(partner, form))["authorization_details"] == less
    more = DETAILS[1] | {"component": "yacht"}
    form = partner.form(grant_type="refresh_token", refresh_token=token, **details(more))
    assert await ask(http, partner, form) == (400, "invalid_authorization_details")


@pytest.mark.parametrize(
    "asked",
    [
        [*DETAILS[:2], DETAILS[2] | {"daily_cap": fen(1000)}],
        DETAILS[:2],
    ],
    ids=["a cap above the day's", "a required component missing"],
)
async def test_a_refresh_asks_for_less_that_still_makes_sense(
    http: httpx.AsyncClient, story: Story, partner: Partner, asked: list[dict[str, Any]]
) -> None:
    token = (await story.tokens(partner))["refresh_token"]
    form = partner.form(grant_type="refresh_token", refresh_token=token, **details(*asked))
    assert await ask(http, partner, form) == (400, "invalid_authorization_details")


async def test_a_consents_end_ends_its_refresh_token(
    http: httpx.AsyncClient, story: Story, partner: Partner, clock: SetClock
) -> None:
    token = (await story.tokens(partner))["refresh_token"]
    clock.advance(180 * 86400)
    form = partner.form(grant_type="refresh_token", refresh_token=token)
    assert await ask(http, partner, form) == INVALID_GRANT


async def test_a_client_gets_by_itself_what_needs_no_customer(
    http: httpx.AsyncClient, story: Story, partner: Partner
) -> None:
    for scope, expected in (
        ("catalog.read", (200, "")),
        ("event.subscribe catalog.read", (200, "")),
        ("order.read", (400, "invalid_scope")),
        ("catalog.read order.read", (400, "invalid_scope")),
        ("everything", (400, "invalid_scope")),
    ):
        form = partner.form(grant_type="client_credentials", scope=scope)
        assert await ask(http, partner, form) == expected
    all_of_it = await story.exchange(partner, partner.form(grant_type="client_credentials"))
    assert all_of_it["scope"] == "catalog.read event.subscribe instalment.quote"


async def test_only_digests_of_credentials_are_stored(
    story: Story, partner: Partner, database: Database
) -> None:
    code = await story.code(partner)
    tokens = await story.exchange(partner, partner.code_form(code))
    stored = []
    for table, column in (
        ("authorization_code", "code_digest"),
        ("access_token", "token_digest"),
        ("refresh_token", "token_digest"),
    ):
        rows = await database.all(Query(f"select {column} as text from {table}", Row))
        stored += [row.text for row in rows]
    assert len(stored) == 3
    for secret in (code, tokens["access_token"], tokens["refresh_token"]):
        assert len(secret) >= 43
        assert secret not in stored


async def test_no_log_level_brings_a_token_out(
    story: Story, partner: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    tokens = await story.tokens(partner)
    assert tokens["access_token"] not in caplog.text
    assert tokens["refresh_token"] not in caplog.text


async def test_a_refresh_needs_no_old_key(story: Story, partner: Partner) -> None:
    tokens = await story.tokens(partner)
    old = partner.dpop_key
    partner.dpop_key = new_key()
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    fresh = await story.exchange(partner, form)
    assert (await story.read(partner, tokens["access_token"])).status_code == 401
    assert (await story.read(partner, fresh["access_token"])).status_code == 200
    partner.dpop_key = old
    assert (await story.read(partner, tokens["access_token"])).status_code == 200


async def test_our_grants_leave_the_decision_to_authlib() -> None:
    for grant in (AuthorizationCode, RefreshToken, ClientCredentials):
        ours = vars(grant)
        assert "validate_token_request" not in ours
        assert "create_token_response" not in ours


async def test_sweeping_forgets_only_what_is_over(
    http: httpx.AsyncClient,
    story: Story,
    partner: Partner,
    oauth: OAuth,
    database: Database,
    clock: SetClock,
) -> None:
    tokens = await story.tokens(partner)
    form = partner.form(grant_type="client_credentials", scope="catalog.read")
    proof = partner.proof(URL)
    assert (await post(http, "/oauth/token", form, proof)).status_code == 200
    clock.advance(30)
    await oauth.sweep()
    again = await post(http, "/oauth/token", form, proof)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert (await story.read(partner, tokens["access_token"])).status_code == 200
    clock.advance(2 * 86400)
    await oauth.sweep()
    left = [
        (await database.all(Query(f"select count(*) as rows from {table}", Count)))[0].rows
        for table in ("oauth_replay", "pushed_request", "authorization_code", "access_token")
    ]
    assert left == [0, 0, 0, 0]
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    await story.exchange(partner, form)
