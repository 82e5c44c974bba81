"""What a credential allows is never more than its consent says now, on the very next call."""

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.v1.consents import ACCOUNT_INFORMATION_TYPE
from gateway.consents.service import Consents
from gateway.oauth.details import is_within
from gateway.oauth.rights import effective_rights
from gateway.oauth.service import OAuth
from tests.conftest import SetClock
from tests.gateway.oauth.partner import DETAILS, ISSUER, SWEEP, Partner, fen, post
from tests.gateway.oauth.story import Story
from tests.gateway.oauth.test_handles import handle_of

ALL_PARTS = [*DETAILS, SWEEP]


class Row(msgspec.Struct):
    """A stored credential with its consent."""

    scope: str
    authorization_details: str | None
    consent_scope: str | None
    consent_details: str | None


def row_of(scope: str, details: list[Any], consent_scope: str, consent_details: list[Any]) -> Row:
    def text(entries: list[Any]) -> str:
        return msgspec.json.encode(entries).decode()

    return Row(scope, text(details), consent_scope, text(consent_details))


SCOPES = st.sets(st.sampled_from(["order.read", "order.write", "payment.initiate", "openid"]))
ENTRIES = st.lists(
    st.builds(
        lambda name, most: {"type": "t", "component": name, "top_up": fen(most)},
        st.sampled_from(["purse", "ride", "vault"]),
        st.integers(0, 3),
    ),
    max_size=4,
)


@given(SCOPES, ENTRIES, SCOPES, ENTRIES)
def test_neither_side_ever_widens_the_other(
    scope: set[str], details: list[Any], allowed: set[str], allowed_details: list[Any]
) -> None:
    row = row_of(" ".join(sorted(scope)), details, " ".join(sorted(allowed)), allowed_details)
    rights = effective_rights(row)
    assert rights.scope == scope & allowed
    for side in (details, allowed_details):
        left = list(side)
        for entry in rights.details:
            wider = next(one for one in left if is_within(one, entry))
            left.remove(wider)


@given(SCOPES, ENTRIES)
def test_an_unchanged_consent_leaves_everything(scope: set[str], details: list[Any]) -> None:
    names = " ".join(sorted(scope))
    rights = effective_rights(row_of(names, details, names, details))
    assert (rights.scope, list(rights.details)) == (scope, details)


def test_the_narrower_of_two_amounts_stands() -> None:
    cap, lower = ({"type": "t", "cap": fen(amount)} for amount in (500, 200))
    for issued, allowed in ((cap, lower), (lower, cap)):
        rights = effective_rights(row_of("a", [issued], "a", [allowed]))
        assert list(rights.details) == [lower]


async def given_all(story: Story, partner: Partner) -> dict[str, Any]:
    return await story.tokens(
        partner, authorization_details=msgspec.json.encode(ALL_PARTS).decode()
    )


async def narrow(consents: Consents, clock: SetClock) -> None:
    (consent,) = await consents.for_customer("cus_1")
    await consents.narrow(
        consent.consent_id,
        "cus_1",
        scope=frozenset({"order.read"}),
        authorization_details=DETAILS,
        at=clock.now(),
    )


async def introspected(http: httpx.AsyncClient, partner: Partner, token: str) -> dict[str, Any]:
    answer = await post(http, "/oauth/introspect", partner.form(token=token))
    found: dict[str, Any] = answer.json()
    return found


async def test_a_narrowed_consent_narrows_the_next_call_and_the_next_refresh(
    http: httpx.AsyncClient, story: Story, partner: Partner, consents: Consents, clock: SetClock
) -> None:
    tokens = await given_all(story, partner)
    answer = await story.read(partner, tokens["access_token"])
    assert answer.json()["details"] == len(ALL_PARTS)
    await narrow(consents, clock)
    clock.advance(1)
    answer = await story.read(partner, tokens["access_token"])
    assert answer.json()["details"] == len(DETAILS)
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    fresh = await story.exchange(partner, form)
    assert (fresh["scope"], fresh["authorization_details"]) == ("order.read", DETAILS)
    wider = partner.form(
        grant_type="refresh_token", refresh_token=tokens["refresh_token"], scope="order.write"
    )
    refused = await post(http, "/oauth/token", wider, partner.proof(f"{ISSUER}/oauth/token"))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


async def test_a_scope_that_was_taken_out_is_insufficient_at_once(
    story: Story, partner: Partner, consents: Consents, clock: SetClock
) -> None:
    tokens = await given_all(story, partner)
    (consent,) = await consents.for_customer("cus_1")
    await consents.narrow(
        consent.consent_id,
        "cus_1",
        scope=frozenset({"order.write"}),
        authorization_details=ALL_PARTS,
        at=clock.now(),
    )
    answer = await story.read(partner, tokens["access_token"])
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_a_code_redeemed_after_a_narrowing_gives_the_narrower_token(
    story: Story, partner: Partner, consents: Consents, clock: SetClock
) -> None:
    code = await story.code(partner, authorization_details=msgspec.json.encode(ALL_PARTS).decode())
    await narrow(consents, clock)
    tokens = await story.exchange(partner, partner.code_form(code))
    assert (tokens["scope"], tokens["authorization_details"]) == ("order.read", DETAILS)


async def test_a_grant_handle_reaches_no_further_than_the_consent(
    http: httpx.AsyncClient,
    story: Story,
    dialect_partner: Partner,
    oauth: OAuth,
    consents: Consents,
    clock: SetClock,
) -> None:
    handle = await handle_of(http, story, dialect_partner)
    (consent,) = await consents.for_customer("cus_1")
    await consents.narrow(
        consent.consent_id,
        "cus_1",
        scope=frozenset({"order.read"}),
        authorization_details=DETAILS[:1],
        at=clock.now(),
    )
    caller = await oauth.handles.find(handle, dialect_partner.client_id, "alipay")
    assert caller is not None
    assert (caller.scope, list(caller.authorization_details)) == ({"order.read"}, DETAILS[:1])
    await consents.pause(consent.consent_id, "cus_1", clock.now())
    assert await oauth.handles.find(handle, dialect_partner.client_id, "alipay") is None


async def test_a_paused_consent_refuses_everything_until_it_is_resumed(
    http: httpx.AsyncClient, story: Story, partner: Partner, consents: Consents, clock: SetClock
) -> None:
    tokens = await given_all(story, partner)
    (consent,) = await consents.for_customer("cus_1")
    await consents.pause(consent.consent_id, "cus_1", clock.now())
    refused = await story.read(partner, tokens["access_token"])
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    proof = partner.proof(f"{ISSUER}/oauth/token")
    answer = await post(http, "/oauth/token", form, proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    await consents.resume(consent.consent_id, "cus_1", clock.now())
    clock.advance(1)
    assert (await story.read(partner, tokens["access_token"])).status_code == 200
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert (await story.exchange(partner, form))["scope"] == "order.read order.write"


@pytest.mark.parametrize("paused", [False, True])
async def test_introspection_tells_what_is_allowed_now(
    http: httpx.AsyncClient,
    story: Story,
    partner: Partner,
    consents: Consents,
    clock: SetClock,
    paused: bool,
) -> None:
    tokens = await given_all(story, partner)
    await narrow(consents, clock)
    if paused:
        (consent,) = await consents.for_customer("cus_1")
        await consents.pause(consent.consent_id, "cus_1", clock.now())
    for token in (tokens["access_token"], tokens["refresh_token"]):
        told = await introspected(http, partner, token)
        if paused:
            assert told == {"active": False}
        else:
            assert (told["scope"], told["authorization_details"]) == ("order.read", DETAILS)


ACCOUNT = {"type": ACCOUNT_INFORMATION_TYPE, "datatypes": ["limits", "balance"]}


@pytest.mark.parametrize(
    ("scope", "datatypes"),
    [
        ("account.balance.read account.limits.read", ["limits", "balance"]),
        ("account.limits.read", ["limits"]),
        ("account.balance.read", ["balance"]),
        ("openid", None),
    ],
)
def test_a_right_that_was_taken_out_takes_its_data_along(
    scope: str, datatypes: list[str] | None
) -> None:
    """The consent's entry stays as it was approved; what is told is what can still be read."""
    had = "account.balance.read account.limits.read openid"
    rights = effective_rights(row_of(had, [ACCOUNT], scope, [ACCOUNT]))
    assert rights.scope == set(scope.split())
    left = [] if datatypes is None else [ACCOUNT | {"datatypes": datatypes}]
    assert list(rights.details) == left
