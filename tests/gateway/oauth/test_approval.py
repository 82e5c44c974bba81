"""The customer's answer: shown as often as needed, completed once, never wider than asked."""

from typing import Any

import pytest

from contracts import errors
from gateway.consents.service import Consents
from gateway.database import Database, Statement, Unit
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import (
    DETAILS,
    ISSUER,
    SWEEP,
    Partner,
    answer_of,
    entry,
    fen,
)
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_par import details

SUSPEND = Statement("update client set status = 'suspended' where client_id = :client_id")
UNREGISTER = Statement(
    'update client set metadata = \'{"grant_types":["authorization_code"]}\''
    " where client_id = :client_id"
)
BUMP = Statement("update client set version = version + 1 where client_id = :client_id")


async def test_a_request_is_shown_as_often_as_the_page_loads(
    oauth: OAuth, story: Story, partner: Partner
) -> None:
    request_uri = await story.request_uri(partner, ui_locales="en zh-CN")
    for _ in range(3):
        shown = await oauth.authorizations.begin(partner.client_id, request_uri)
    assert shown.client_id == partner.client_id
    assert shown.scope == ("order.write", "order.read")
    assert list(shown.authorization_details) == DETAILS
    assert shown.ui_locales == ("en", "zh-CN")


async def test_a_request_uri_is_good_for_its_client_and_its_time_only(
    oauth: OAuth, story: Story, partner: Partner, stranger: Partner, clock: SetClock
) -> None:
    request_uri = await story.request_uri(partner)
    begin = oauth.authorizations.begin
    for client_id, uri in (
        (stranger.client_id, request_uri),
        (partner.client_id, request_uri + "x"),
        (partner.client_id, ""),
    ):
        with pytest.raises(errors.InvalidRequestUri):
            await begin(client_id, uri)
    clock.advance(540)
    with pytest.raises(errors.InvalidRequestUri):
        await begin(partner.client_id, request_uri)
    with pytest.raises(errors.InvalidRequestUri):
        await oauth.authorizations.approve(partner.client_id, request_uri, story.approval())


async def test_a_request_is_completed_once(
    oauth: OAuth, story: Story, partner: Partner, consents: Consents
) -> None:
    request_uri = await story.request_uri(partner)
    authorizations = oauth.authorizations
    await authorizations.approve(partner.client_id, request_uri, story.approval())
    with pytest.raises(errors.InvalidRequestUri):
        await authorizations.begin(partner.client_id, request_uri)
    with pytest.raises(errors.InvalidRequestUri):
        await authorizations.approve(partner.client_id, request_uri, story.approval())
    with pytest.raises(errors.InvalidRequestUri):
        await authorizations.deny(partner.client_id, request_uri, customer_id="cus_1")
    assert len(await consents.for_customer("cus_1")) == 1


async def test_denial_goes_back_with_state_and_issuer(
    oauth: OAuth, story: Story, partner: Partner
) -> None:
    request_uri = await story.request_uri(partner)
    location = await oauth.authorizations.deny(partner.client_id, request_uri, customer_id=None)
    assert answer_of(location) == {
        "from": "bank",
        "error": "access_denied",
        "state": "st/ate 1",
        "iss": ISSUER,
    }


async def test_without_a_state_none_comes_back(
    oauth: OAuth, story: Story, partner: Partner
) -> None:
    request_uri = await story.request_uri(partner, state=None)
    approve = oauth.authorizations.approve
    location = await approve(partner.client_id, request_uri, story.approval())
    assert set(answer_of(location)) == {"from", "code", "iss"}


async def test_a_long_state_comes_back_intact(oauth: OAuth, story: Story, partner: Partner) -> None:
    state = "äß&=+% " + "s" * 1000
    request_uri = await story.request_uri(partner, state=state)
    approve = oauth.authorizations.approve
    location = await approve(partner.client_id, request_uri, story.approval())
    assert answer_of(location)["state"] == state


async def test_less_may_be_given_than_was_asked(
    oauth: OAuth, story: Story, partner: Partner, consents: Consents
) -> None:
    request_uri = await story.request_uri(partner, **details(*DETAILS, SWEEP))
    given = [entry("purse", "open", top_up=fen(100)), *DETAILS[1:]]
    approval = story.approval(authorization_details=given, scope=frozenset({"order.write"}))
    location = await oauth.authorizations.approve(partner.client_id, request_uri, approval)
    tokens = await story.exchange(partner, partner.code_form(answer_of(location)["code"]))
    assert tokens["authorization_details"] == given
    assert tokens["scope"] == "order.write"
    consent = (await consents.for_customer("cus_1"))[0]
    assert list(consent.authorization_details) == given
    assert (await story.read(partner, tokens["access_token"])).status_code == 403


WIDER: list[tuple[str, type[errors.OAuthRefused], dict[str, Any]]] = [
    ("a scope more", errors.InvalidScope, {"scope": frozenset({"payment.initiate"})}),
    ("no scope", errors.InvalidScope, {"scope": frozenset()}),
    (
        "a component more",
        errors.InvalidAuthorizationDetails,
        {"authorization_details": [*DETAILS, SWEEP]},
    ),
    (
        "a higher amount",
        errors.InvalidAuthorizationDetails,
        {"authorization_details": [entry("purse", "open", top_up=fen(5001)), *DETAILS[1:]]},
    ),
    (
        "another currency",
        errors.InvalidAuthorizationDetails,
        {
            "authorization_details": [
                entry("purse", "open", top_up={"minor_units": 1, "currency": "USD"}),
                *DETAILS[1:],
            ]
        },
    ),
    (
        "a required component less",
        errors.InvalidAuthorizationDetails,
        {"authorization_details": DETAILS[:2]},
    ),
    ("nothing", errors.InvalidAuthorizationDetails, {"authorization_details": []}),
]


async def test_nothing_wider_is_given(oauth: OAuth, story: Story, partner: Partner) -> None:
    request_uri = await story.request_uri(partner)
    approve = oauth.authorizations.approve
    for _, refusal, changes in WIDER:
        with pytest.raises(refusal):
            await approve(partner.client_id, request_uri, story.approval(**changes))
    await approve(partner.client_id, request_uri, story.approval())


async def test_a_client_suspended_meanwhile_gets_no_code(
    oauth: OAuth, story: Story, partner: Partner, database: Database
) -> None:
    request_uri = await story.request_uri(partner)
    unit = Unit("test.suspend")
    unit.add(SUSPEND, client_id=partner.client_id)
    await database.commit(unit)
    with pytest.raises(errors.InvalidRequestUri):
        await oauth.authorizations.approve(partner.client_id, request_uri, story.approval())


async def test_an_address_unregistered_meanwhile_gets_no_code(
    oauth: OAuth, story: Story, partner: Partner, database: Database, consents: Consents
) -> None:
    request_uri = await story.request_uri(partner)
    unit = Unit("test.unregister")
    unit.add(UNREGISTER, client_id=partner.client_id)
    unit.add(BUMP, client_id=partner.client_id)
    await database.commit(unit)
    with pytest.raises(errors.OAuthRefused):
        await oauth.authorizations.approve(partner.client_id, request_uri, story.approval())
    assert await consents.for_customer("cus_1") == []
