"""OpenID Connect on top: what may be asked, what must be reached, and the token that tells it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.oauth.identity.assurance import ACR_VALUES, ONE_FACTOR, TWO_FACTOR, reported
from gateway.oauth.identity.claims import parse_claims
from gateway.oauth.identity.needs import Needs
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, answer_of, post
from tests.gateway.oauth.story import Story, register

SCOPE = "openid order.read order.write"


def asks(**claims: Any) -> str:
    return json.dumps({"id_token": claims})


async def opened(story: Story, token: str) -> jwt.Token:
    """The ID token, verified with the published keys and by nothing of ours."""
    published = (await story.http.get("/oauth/jwks")).json()
    return jwt.decode(token, KeySet.import_key_set(published), algorithms=["ES256"])


async def refused(story: Story, partner: Partner, **fields: Any) -> tuple[int, str]:
    answer = await post(story.http, "/oauth/par", partner.par_form(**fields))
    return answer.status_code, answer.json()["error"]


async def test_an_id_token_tells_who_signed_in_how_surely_and_when(
    story: Story, partner: Partner, clock: SetClock
) -> None:
    signed_in_at = clock.now()
    clock.advance(40)
    approval = story.approval(authenticated_at=signed_in_at)
    tokens = await story.tokens(partner, approval, scope=SCOPE, nonce="n-0S6")
    token = await opened(story, tokens["id_token"])
    assert token.header["typ"] == "JWT"
    assert token.header["alg"] == "ES256"
    issued_at = int(clock.now().timestamp())
    assert token.claims == {
        "iss": ISSUER,
        "sub": story.oauth.subjects.pairwise("cus_1", "travel.example"),
        "aud": partner.client_id,
        "iat": issued_at,
        "exp": issued_at + 300,
        "auth_time": int(signed_in_at.timestamp()),
        "acr": TWO_FACTOR,
        "amr": ["pwd", "otp"],
        "nonce": "n-0S6",
    }


async def test_without_openid_there_is_no_id_token(story: Story, partner: Partner) -> None:
    assert "id_token" not in await story.tokens(partner, nonce="n-0S6")


async def test_a_nonce_is_not_needed(story: Story, partner: Partner) -> None:
    tokens = await story.tokens(partner, scope=SCOPE)
    assert "nonce" not in (await opened(story, tokens["id_token"])).claims


@pytest.mark.parametrize("length", [64, 512])
async def test_a_nonce_comes_back_whole(story: Story, partner: Partner, length: int) -> None:
    nonce = ("-._~" + "n" * length)[:length]
    tokens = await story.tokens(partner, scope=SCOPE, nonce=nonce)
    assert (await opened(story, tokens["id_token"])).claims["nonce"] == nonce


async def test_a_nonce_too_long_is_refused_and_not_cut(story: Story, partner: Partner) -> None:
    assert await refused(story, partner, scope=SCOPE, nonce="n" * 513) == (400, "invalid_request")


async def test_a_refreshed_id_token_is_about_the_same_sign_in(
    story: Story, partner: Partner, clock: SetClock
) -> None:
    tokens = await story.tokens(partner, scope=SCOPE, nonce="n-0S6")
    first = (await opened(story, tokens["id_token"])).claims
    clock.advance(3600)
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    second = (await opened(story, (await story.exchange(partner, form))["id_token"])).claims
    for name in ("iss", "sub", "aud", "auth_time", "acr", "amr"):
        assert second[name] == first[name]
    assert second["iat"] == first["iat"] + 3600
    assert "nonce" not in second


async def test_a_refresh_for_less_than_openid_brings_no_id_token(
    story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(partner, scope=SCOPE)
    form = partner.form(
        grant_type="refresh_token", refresh_token=tokens["refresh_token"], scope="order.read"
    )
    assert "id_token" not in await story.exchange(partner, form)


async def test_two_sectors_know_one_customer_by_two_names(
    onboarding: Onboarding, story: Story, partner: Partner, clock: SetClock
) -> None:
    elsewhere = await register(
        onboarding, clock, "Elsewhere", redirect_uris=["https://elsewhere.example/cb"]
    )
    here = await story.tokens(partner, scope=SCOPE)
    there_code = await story.code(
        elsewhere, scope=SCOPE, redirect_uri="https://elsewhere.example/cb"
    )
    form = elsewhere.code_form(there_code, redirect_uri="https://elsewhere.example/cb")
    there = await story.exchange(elsewhere, form)
    subjects = {(await opened(story, tokens["id_token"])).claims["sub"] for tokens in (here, there)}
    assert len(subjects) == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "LOGIN"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"max_age": "9" * 10}, "invalid_request"),
        ({"login_hint": "x" * 257}, "invalid_request"),
        ({"login_hint": "a\nb"}, "invalid_request"),
        ({"acr_values": "x" * 1025}, "invalid_request"),
        ({"ui_locales": "en " * 100}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":null,"acr":null}}'}, "invalid_request"),
        ({"claims": '{"id_token":[]}'}, "invalid_request"),
        ({"claims": '{"userinfo":{"sub":"text"}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"essential":"yes"}}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"value":1}}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"value":"a","values":["b"]}}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"values":"a"}}}'}, "invalid_request"),
        ({"claims": json.dumps({"x": "y" * 5000})}, "invalid_request"),
        ({"claims": "[" * 3000}, "invalid_request"),
        (
            {"claims": json.dumps({"id_token": dict.fromkeys(map(str, range(33)))})},
            "invalid_request",
        ),
        (
            {"claims": asks(acr={"essential": True, "values": ["urn:other"]})},
            "unmet_authentication_requirements",
        ),
    ],
)
async def test_what_asks_badly_is_refused_when_it_is_pushed(
    story: Story, partner: Partner, fields: dict[str, str], error: str
) -> None:
    assert await refused(story, partner, scope=SCOPE, **fields) == (400, error)


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "login consent"},
        {"prompt": "select_account"},
        {"max_age": "0"},
        {"display": "popup"},
        {"ui_locales": "en zh"},
        {"acr_values": "urn:other"},
        {"claims": '{"id_token":null,"other":1}'},
        {"claims": asks(name={"essential": True}, acr={"values": ["urn:other"]})},
        {"claims": asks(acr={"essential": True})},
        {"nonce": "n", "login_hint": "lin@example"},
    ],
)
async def test_what_is_only_a_wish_is_accepted(
    story: Story, partner: Partner, fields: dict[str, str]
) -> None:
    await story.request_uri(partner, scope=SCOPE, **fields)


async def test_the_pages_are_told_what_was_asked(
    oauth: OAuth, story: Story, partner: Partner, clock: SetClock
) -> None:
    request_uri = await story.request_uri(
        partner,
        scope=SCOPE,
        acr_values=f"urn:other {TWO_FACTOR} {ONE_FACTOR}",
        max_age="300",
        prompt="consent",
        login_hint="lin",
    )
    shown = await oauth.authorizations.begin(partner.client_id, request_uri)
    assert shown.required_acr == TWO_FACTOR
    assert (shown.max_age, shown.prompt, shown.login_hint) == (300, ("consent",), "lin")
    at = clock.now()
    assert shown.needs_sign_in(None, at)
    assert not shown.needs_sign_in(at, at)
    clock.advance(301)
    assert not shown.needs_sign_in(at, clock.now())  # signed in for this very request


async def test_a_registration_asks_where_the_request_is_silent(
    oauth: OAuth, onboarding: Onboarding, story: Story, clock: SetClock
) -> None:
    careful = await register(
        onboarding,
        clock,
        "Careful",
        metadata=ClientMetadata(default_max_age=60, default_acr_values=[TWO_FACTOR]),
    )
    begin = oauth.authorizations.begin
    shown = await begin(careful.client_id, await story.request_uri(careful))
    assert (shown.required_acr, shown.max_age) == (TWO_FACTOR, 60)
    asked = await story.request_uri(careful, acr_values=ONE_FACTOR, max_age="90")
    shown = await begin(careful.client_id, asked)
    assert (shown.required_acr, shown.max_age) == (ONE_FACTOR, 90)


@pytest.mark.parametrize(
    "fields",
    [
        {"acr_values": TWO_FACTOR},
        {"claims": asks(acr={"values": [TWO_FACTOR]})},
        {"claims": asks(acr={"essential": True, "value": TWO_FACTOR}), "acr_values": ONE_FACTOR},
    ],
)
async def test_an_approval_less_sure_than_asked_is_refused_and_can_be_made_good(
    oauth: OAuth, story: Story, partner: Partner, fields: dict[str, str]
) -> None:
    request_uri = await story.request_uri(partner, scope=SCOPE, **fields)
    approve = oauth.authorizations.approve
    with pytest.raises(errors.UnmetAuthenticationRequirements):
        await approve(partner.client_id, request_uri, story.approval(acr=ONE_FACTOR))
    location = await approve(partner.client_id, request_uri, story.approval())
    assert "code" in answer_of(location)


@pytest.mark.parametrize("fields", [{"max_age": "60"}, {"prompt": "login"}, {"max_age": "0"}])
async def test_an_older_sign_in_than_asked_is_refused(
    oauth: OAuth, story: Story, partner: Partner, clock: SetClock, fields: dict[str, str]
) -> None:
    earlier = clock.now()
    clock.advance(61)
    request_uri = await story.request_uri(partner, **fields)
    approve = oauth.authorizations.approve
    with pytest.raises(errors.UnmetAuthenticationRequirements):
        await approve(partner.client_id, request_uri, story.approval(authenticated_at=earlier))
    location = await approve(partner.client_id, request_uri, story.approval())
    assert "code" in answer_of(location)


async def test_a_surer_sign_in_tells_the_class_that_was_asked_for(
    story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(
        partner, scope=SCOPE, claims=asks(acr={"essential": True, "value": ONE_FACTOR})
    )
    assert (await opened(story, tokens["id_token"])).claims["acr"] == ONE_FACTOR


@pytest.mark.parametrize(
    ("customer_id", "age", "fields", "error"),
    [
        (None, None, {}, "login_required"),
        ("cus_1", 400, {}, "consent_required"),
        ("cus_1", 299, {"max_age": "300"}, "consent_required"),
        ("cus_1", 301, {"max_age": "300"}, "login_required"),
        ("cus_1", 0, {"claims": asks(sub={"value": "another"})}, "login_required"),
    ],
)
async def test_prompt_none_is_answered_without_a_page(
    oauth: OAuth,
    story: Story,
    partner: Partner,
    clock: SetClock,
    customer_id: str | None,
    age: int | None,
    fields: dict[str, str],
    error: str,
) -> None:
    signed_in_at = None if age is None else clock.now() - timedelta(seconds=age)
    request_uri = await story.request_uri(partner, scope=SCOPE, prompt="none", **fields)
    with pytest.raises(errors.UnmetAuthenticationRequirements):
        await oauth.authorizations.approve(partner.client_id, request_uri, story.approval())
    location = await oauth.authorizations.answer_unasked(
        partner.client_id, request_uri, customer_id=customer_id, signed_in_at=signed_in_at
    )
    assert answer_of(location) == {
        "from": "bank",
        "error": error,
        "state": "st/ate 1",
        "iss": ISSUER,
    }
    with pytest.raises(errors.InvalidRequestUri):
        await oauth.authorizations.begin(partner.client_id, request_uri)


async def test_a_sub_claim_holds_the_answer_to_one_customer(
    oauth: OAuth, story: Story, partner: Partner
) -> None:
    subject = oauth.subjects.pairwise("cus_1", "travel.example")
    for value, accepted in ((subject, True), ("é", False)):
        request_uri = await story.request_uri(
            partner, scope=SCOPE, claims=asks(sub={"value": value})
        )
        approving = oauth.authorizations.approve(partner.client_id, request_uri, story.approval())
        if accepted:
            assert "code" in answer_of(await approving)
        else:
            with pytest.raises(errors.UnmetAuthenticationRequirements):
                await approving


@pytest.mark.parametrize(("place", "accepted"), [(0, True), (1, True), (2, True), (None, False)])
async def test_every_sub_among_the_values_is_acceptable(
    oauth: OAuth, story: Story, partner: Partner, place: int | None, accepted: bool
) -> None:
    """OpenID Connect Core section 5.5.1: any of the values will do, wherever it stands."""
    values = ["another", "a third", "a fourth"]
    if place is not None:
        values[place] = oauth.subjects.pairwise("cus_1", "travel.example")
    request_uri = await story.request_uri(partner, scope=SCOPE, claims=asks(sub={"values": values}))
    approving = oauth.authorizations.approve(partner.client_id, request_uri, story.approval())
    if accepted:
        assert "code" in answer_of(await approving)
    else:
        with pytest.raises(errors.UnmetAuthenticationRequirements):
            await approving


async def test_an_id_token_is_nobodys_access_token_or_assertion(
    story: Story, partner: Partner
) -> None:
    id_token = (await story.tokens(partner, scope=SCOPE))["id_token"]
    assert (await story.read(partner, id_token)).status_code == 401
    answer = await post(story.http, "/oauth/par", partner.par_form(assertion=id_token))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@given(
    held=st.sampled_from(ACR_VALUES),
    asked=st.lists(st.sampled_from((*ACR_VALUES, "urn:other")), max_size=3),
)
def test_a_reached_class_is_always_among_those_asked(held: str, asked: list[str]) -> None:
    needs = Needs(acr_values=tuple(value for value in asked if value in ACR_VALUES))
    if needs.acr_values and needs.is_sure_enough(held):
        assert reported(held, needs.acr_values) in asked
    elif not needs.acr_values:
        assert reported(held, asked) == held


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id_token", "userinfo", "acr", "sub", "value", "values", "essential", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(claims=_JSON)
def test_claims_are_read_or_refused_and_never_break(claims: Any) -> None:
    try:
        read = parse_claims(json.dumps(claims))
    except errors.OAuthRefused:
        return
    assert isinstance(claims, dict)
    kept = read.kept()
    assert set(kept.acr) <= set(ACR_VALUES)
    assert set(kept.userinfo) <= {"acr", "auth_time"}
