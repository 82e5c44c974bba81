"""CN-API-02 and CN-API-03: how far a client reaches by its registration, and for how long."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from contracts import errors
from contracts.v1.clients import ClientMetadata
from contracts.v1.onboarding import RiskAssessment
from gateway.oauth.assessed_levels import AssessedLevels
from gateway.oauth.service import OAuth
from gateway.onboarding.service import LEVELS, SCOPES, Onboarding, level_of
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, REDIRECT_URI, Partner, post
from tests.gateway.oauth.story import Story, register
from tests.gateway.oauth.test_revocation_introspection import look_up
from tests.packs import book_of, shipped_file, with_figure, without_rule

TOKEN = f"{ISSUER}/oauth/token"
TODAY = date(2026, 11, 24)
YESTERDAY = TODAY - timedelta(days=1)


async def assess(onboarding: Onboarding, partner: Partner, clock: SetClock, last_day: date) -> None:
    client = await onboarding.find(partner.client_id)
    assert client is not None
    assessment = RiskAssessment("RA-1", min(YESTERDAY, last_day), last_day)
    await onboarding.assess(client.partner_id, assessment, operator="ada", at=clock.now())


async def redeem(story: Story, partner: Partner, form: dict[str, Any]) -> httpx.Response:
    return await post(story.http, "/oauth/token", form, partner.proof(TOKEN))


def refused(answer: httpx.Response) -> None:
    """`invalid_scope`, with what is missing and who renews it."""
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert "risk assessment" in answer.json()["error_description"]


def test_every_scope_has_its_level() -> None:
    assert {scope for scope in SCOPES if level_of(scope) == "A1"} == {
        "catalog.read",
        "event.subscribe",
        "instalment.quote",
        "openid",
    }
    assert set(LEVELS) == SCOPES
    assert level_of("anything.else") == "A2"


async def test_with_the_assessment_ends_level_a2_and_nothing_else(
    story: Story, partner: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    customers = (await story.tokens(partner))["access_token"]
    own = (await story.client_token(partner))["access_token"]
    assert (await story.read(partner, customers)).status_code == 200
    await assess(onboarding, partner, clock, YESTERDAY)
    # On the very next call, with a token that is live and bound and has the scope.
    answer = await story.read(partner, customers)
    assert answer.status_code == 403
    problem = answer.json()
    assert (problem["code"], problem["rule"]) == ("assessment.expired", "CN-API-02")
    assert problem["next_action"] == "renew_assessment"
    assert (await story.read(partner, own, "/v1/packages")).status_code == 200
    # And back, with the same token, once the bank renewed it.
    await assess(onboarding, partner, clock, TODAY)
    assert (await story.read(partner, customers)).status_code == 200


async def test_an_assessment_ends_with_its_last_day_at_the_bank(
    story: Story, partner: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    await assess(onboarding, partner, clock, TODAY)
    ends = datetime(2026, 11, 24, 16, tzinfo=UTC)
    clock.at = ends - timedelta(seconds=2)
    token = (await story.tokens(partner))["access_token"]
    assert (await story.read(partner, token)).status_code == 200
    clock.at = ends
    assert (await story.read(partner, token)).status_code == 403


async def test_no_request_is_pushed_for_level_a2_without_an_assessment(
    story: Story, partner: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    await assess(onboarding, partner, clock, YESTERDAY)
    refused(await post(story.http, "/oauth/par", partner.par_form()))
    # What is of level A1 alone may still be asked for.
    less = partner.par_form(scope="openid catalog.read", authorization_details=None)
    assert (await post(story.http, "/oauth/par", less)).status_code == 201
    assert (await story.client_token(partner))["scope"] == "catalog.read"


async def test_no_token_is_issued_for_level_a2_without_an_assessment(
    story: Story, partner: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    refresh_token = (await story.tokens(partner))["refresh_token"]
    code = await story.code(partner)
    await assess(onboarding, partner, clock, YESTERDAY)
    refused(await redeem(story, partner, partner.code_form(code)))
    # A code has its own scope: the form cannot make it look smaller.
    refused(await redeem(story, partner, partner.code_form(code, scope="openid")))
    again = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    refused(await redeem(story, partner, partner.form(**again)))
    # Nothing was used up by being refused.
    await assess(onboarding, partner, clock, TODAY)
    assert (await redeem(story, partner, partner.code_form(code))).status_code == 200
    assert (await redeem(story, partner, partner.form(**again))).status_code == 200


async def test_anothers_code_is_told_nothing_of_its_scope(
    story: Story, partner: Partner, stranger: Partner, onboarding: Onboarding, clock: SetClock
) -> None:
    code = await story.code(partner)
    await assess(onboarding, stranger, clock, YESTERDAY)
    answer = await redeem(story, stranger, stranger.code_form(code))
    assert answer.json()["error"] == "invalid_grant"


async def test_a_handle_is_no_way_around_the_assessment(
    story: Story,
    dialect_partner: Partner,
    onboarding: Onboarding,
    oauth: OAuth,
    clock: SetClock,
) -> None:
    token = (await story.tokens(dialect_partner))["access_token"]
    url = f"{ISSUER}/v1/grant-handles"
    proof = dialect_partner.proof(url, token=token)
    answer = await story.http.post(
        "/v1/grant-handles",
        json={"dialect": "alipay"},
        headers={"Authorization": f"DPoP {token}", "DPoP": proof},
    )
    assert answer.status_code == 201, answer.text
    handle = answer.json()["grant_handle"]
    assert await oauth.handles.find(handle, dialect_partner.client_id, "alipay")
    await assess(onboarding, dialect_partner, clock, YESTERDAY)
    with pytest.raises(errors.AssessmentExpired):
        await oauth.handles.find(handle, dialect_partner.client_id, "alipay")


def test_the_rule_pack_says_which_levels_are_assessed() -> None:
    shipped = shipped_file()
    levels = AssessedLevels(book_of(shipped))
    assert levels.on(datetime(2026, 11, 24, tzinfo=UTC)) == {"A2"}
    # The day before the instrument took effect, at the bank.
    assert levels.on(datetime(2020, 2, 12, 15, 59, tzinfo=UTC)) == frozenset()
    assert levels.on(datetime(2020, 2, 12, 16, tzinfo=UTC)) == {"A2"}
    without = AssessedLevels(book_of(without_rule(shipped, "CN-API-02")))
    assert without.on(datetime(2026, 11, 24, tzinfo=UTC)) == set()


@pytest.mark.parametrize("method", ["private_key_jwt", "tls_client_auth"])
async def test_the_rule_pack_says_how_level_a2_authenticates(
    onboarding: Onboarding, clock: SetClock, method: str
) -> None:
    shipped = load_book().words("CN-API-03", "a2_auth", on=TODAY)
    assert set(shipped) == {"private_key_jwt", "tls_client_auth"}
    subject = {"tls_client_auth_san_dns": "a.example"} if method == "tls_client_auth" else {}
    metadata = ClientMetadata(token_endpoint_auth_method=method, **subject)  # type: ignore[arg-type]
    await register(onboarding, clock, "A2", scope="order.read", metadata=metadata)


async def test_another_rule_pack_is_another_answer(
    database: Any, audit: Any, vault: Any, clock: SetClock
) -> None:
    certificates_only = with_figure(shipped_file(), "CN-API-03", "a2_auth", ("tls_client_auth",))
    strict = Onboarding(database, audit, vault, sandbox=True, rules=book_of(certificates_only))
    with pytest.raises(errors.InvalidField) as refusal:
        await register(strict, clock, "A2", scope="order.read")
    assert refusal.value.extras["field"] == "token_endpoint_auth_method"
    await register(strict, clock, "A1", scope="catalog.read", redirect_uris=[REDIRECT_URI])


async def test_introspection_tells_what_the_guard_would_let_through(
    http: httpx.AsyncClient,
    story: Story,
    partner: Partner,
    onboarding: Onboarding,
    clock: SetClock,
) -> None:
    """CN-API-02: what needs an assessment is not allowed without one, and nothing left is dead."""
    a2 = await story.tokens(partner)
    mixed = await story.tokens(partner, scope="openid order.read order.write")
    await assess(onboarding, partner, clock, YESTERDAY)
    clock.advance(1)
    for tokens in (a2, mixed):
        assert (await story.read(partner, tokens["access_token"])).status_code == 403
    for kind in ("access_token", "refresh_token"):
        assert await look_up(http, partner, a2[kind]) == {"active": False}
        told = await look_up(http, partner, mixed[kind])
        assert (told["active"], told["scope"]) == (True, "openid")
    await assess(onboarding, partner, clock, TODAY)
    assert (await look_up(http, partner, a2["access_token"]))["scope"] == "order.read order.write"
