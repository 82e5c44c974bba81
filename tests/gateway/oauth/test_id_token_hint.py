"""The `id_token_hint`: only an ID token of ours for this client, and it holds the answer to one."""

import pytest

from contracts import errors
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner, answer_of, new_key, sign
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_oidc import SCOPE, asks, opened, refused


async def test_a_hint_holds_the_answer_to_one_customer(
    oauth: OAuth, story: Story, partner: Partner, clock: SetClock
) -> None:
    hint = (await story.tokens(partner, scope=SCOPE))["id_token"]
    clock.advance(86_400)  # long past its end
    await oauth.keys.rotate("test", clock.now())
    await oauth.keys.rotate("test", clock.now())
    request_uri = await story.request_uri(partner, scope=SCOPE, id_token_hint=hint)
    approve = oauth.authorizations.approve
    with pytest.raises(errors.UnmetAuthenticationRequirements):
        await approve(partner.client_id, request_uri, story.approval("cus_2"))
    location = await approve(partner.client_id, request_uri, story.approval("cus_1"))
    assert "code" in answer_of(location)


async def test_only_an_id_token_for_this_client_is_a_hint(
    oauth: OAuth, story: Story, partner: Partner, stranger: Partner, clock: SetClock
) -> None:
    good = (await opened(story, (await story.tokens(partner, scope=SCOPE))["id_token"])).claims
    foreign = new_key()
    at = int(clock.now().timestamp())
    hints = {
        "no token": "x",
        "another client's": (await story.tokens(stranger, scope=SCOPE))["id_token"],
        "signed by a stranger": sign({"alg": "ES256", "typ": "JWT"}, good, foreign),
        "signed by the client": sign(
            {"alg": "ES256", "typ": "JWT", "kid": partner.key.kid}, good, partner.key
        ),
        "of another type": await oauth.keys.sign(good, typ="logout+jwt"),
        "an authorization response": await oauth.keys.sign(
            {"iss": ISSUER, "aud": partner.client_id, "exp": at + 60, "code": "x"}, typ="JWT"
        ),
        "of another issuer": await oauth.keys.sign(good | {"iss": "https://x.example"}, typ="JWT"),
        "for two": await oauth.keys.sign(good | {"aud": [partner.client_id]}, typ="JWT"),
        "about nobody": await oauth.keys.sign(good | {"sub": 7}, typ="JWT"),
        "an assertion": partner.assertion(),
    }
    for what, hint in hints.items():
        answer = await refused(story, partner, scope=SCOPE, id_token_hint=hint)
        assert answer == (400, "invalid_request"), what


async def test_hint_and_claims_that_name_two_customers_are_refused(
    story: Story, partner: Partner
) -> None:
    hint = (await story.tokens(partner, scope=SCOPE))["id_token"]
    answer = await refused(
        story, partner, scope=SCOPE, id_token_hint=hint, claims=asks(sub={"value": "other"})
    )
    assert answer == (400, "invalid_request")
