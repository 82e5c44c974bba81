"""The main story: push, approve, redeem, use, refresh, revoke."""

from gateway.consents.service import Consents
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import DETAILS, ISSUER, Partner, answer_of, new_key, post
from tests.gateway.oauth.story import Story


async def test_a_code_becomes_tokens_that_open_a_resource(story: Story, partner: Partner) -> None:
    tokens = await story.tokens(partner)
    assert tokens["token_type"] == "DPoP"
    assert tokens["scope"] == "order.read order.write"
    assert tokens["authorization_details"] == DETAILS
    answer = await story.read(partner, tokens["access_token"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["customer_id"] == "cus_1"
    assert answer.json()["details"] == 3


async def test_a_client_gets_a_token_of_its_own(story: Story, partner: Partner) -> None:
    token = await story.client_token(partner)
    assert "refresh_token" not in token
    answer = await story.read(partner, token["access_token"], "/v1/packages")
    assert answer.status_code == 200, answer.text


async def test_a_revoked_consent_ends_everything(
    story: Story, partner: Partner, consents: Consents, clock: SetClock
) -> None:
    tokens = await story.tokens(partner)
    consent = (await consents.for_customer("cus_1"))[0]
    await consents.revoke(consent.consent_id, "cus_1", clock.now())
    assert (await story.read(partner, tokens["access_token"])).status_code == 401
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    answer = await post(story.http, "/oauth/token", form, partner.proof(f"{ISSUER}/oauth/token"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_refresh_takes_a_new_key_and_does_not_rotate(
    story: Story, partner: Partner
) -> None:
    tokens = await story.tokens(partner)
    for _ in range(2):
        partner.dpop_key = new_key()
        form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        fresh = await story.exchange(partner, form)
        assert "refresh_token" not in fresh
        assert fresh["authorization_details"] == DETAILS
        assert (await story.read(partner, fresh["access_token"])).status_code == 200


async def test_the_answer_keeps_the_address_and_names_the_issuer(
    oauth: OAuth, story: Story, partner: Partner
) -> None:
    request_uri = await story.request_uri(partner)
    approve = oauth.authorizations.approve
    location = await approve(partner.client_id, request_uri, story.approval())
    assert location.startswith("https://travel.example/cb?from=bank&code=")
    answer = answer_of(location)
    assert (answer["state"], answer["iss"]) == ("st/ate 1", ISSUER)
