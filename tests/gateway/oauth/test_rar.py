"""Rich authorization requests (RFC 9396): a schema a type, refused whole, never widened."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import errors
from contracts.v1.clients import ClientMetadata
from contracts.v1.consents import ACCOUNT_INFORMATION_TYPE, PACKAGE_ORDER_TYPE
from gateway.consents.service import Consents, promised
from gateway.oauth.account_information import scope_within, withheld_scopes
from gateway.oauth.details import check_not_wider, is_within
from gateway.oauth.details_types import DetailsTypes
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Client, Onboarding
from tests.conftest import SetClock
from tests.gateway.oauth.partner import DETAILS, Partner, answer_of, entry, fen, post
from tests.gateway.oauth.story import Story, register

LIMITS, BALANCE = "account.limits.read", "account.balance.read"
SCOPE = f"order.read order.write {LIMITS} {BALANCE}"


def accounts(*datatypes: str, **members: Any) -> dict[str, Any]:
    return {"type": ACCOUNT_INFORMATION_TYPE, "datatypes": list(datatypes)} | members


WHOLE = [*DETAILS, accounts("limits", "balance")]


@pytest.fixture
async def reader(onboarding: Onboarding, clock: SetClock) -> Partner:
    """A partner that may ask for both types."""
    types = [PACKAGE_ORDER_TYPE, ACCOUNT_INFORMATION_TYPE]
    return await register(
        onboarding, clock, "Reader", metadata=ClientMetadata(authorization_details_types=types)
    )


async def pushed(story: Story, partner: Partner, text: str, scope: str = SCOPE) -> tuple[int, str]:
    form = partner.par_form(scope=scope, authorization_details=text)
    answer = await post(story.http, "/oauth/par", form)
    return answer.status_code, answer.json().get("error", "")


async def granted(
    story: Story, partner: Partner, given_details: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    approval = story.approval(authorization_details=given_details)
    return await story.tokens(
        partner, approval, scope=SCOPE, authorization_details=json.dumps(WHOLE)
    )


async def introspected(story: Story, partner: Partner, token: str) -> dict[str, Any]:
    answer = await post(story.http, "/oauth/introspect", partner.form(token=token))
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    "wrong",
    [
        accounts(),
        accounts("limits", "limits"),
        accounts("balance"),
        accounts("limits", "entries"),
        accounts("limits", more=1),
        accounts("limits", type="urn:tessera:other"),
        accounts("limits", type=ACCOUNT_INFORMATION_TYPE.upper()),
        accounts("limits", type=7),
        {"type": ACCOUNT_INFORMATION_TYPE},
        {"type": ACCOUNT_INFORMATION_TYPE, "datatypes": "limits"},
        {"type": ACCOUNT_INFORMATION_TYPE, "datatypes": None},
        {"type": ACCOUNT_INFORMATION_TYPE, "datatypes": [1]},
        {"datatypes": ["limits"]},
        ["limits"],
        "limits",
    ],
)
async def test_one_bad_entry_refuses_the_whole_request(
    story: Story, reader: Partner, wrong: Any
) -> None:
    answer = await pushed(story, reader, json.dumps([*DETAILS, wrong]))
    assert answer == (400, "invalid_authorization_details")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[",
        json.dumps([accounts("limits"), accounts("limits", "balance")]),
        json.dumps([accounts("limits")] * 33),
        '[{"type":"urn:tessera:account-information","datatypes":["limits"],"datatypes":["limits"]}]',
        '[{"type":"urn:tessera:package-order","type":"urn:tessera:account-information",'
        '"datatypes":["limits"]}]',
        "[" * 2000,
    ],
)
async def test_what_is_no_strict_list_of_entries_is_refused(
    story: Story, reader: Partner, text: str
) -> None:
    answer = await pushed(story, reader, text)
    # A parameter without a value counts as not sent (RFC 6749 section 3.1).
    assert answer == ((400, "invalid_authorization_details") if text else (201, ""))


async def test_a_client_asks_only_for_types_it_is_registered_for(
    story: Story, partner: Partner
) -> None:
    answer = await pushed(story, partner, json.dumps(WHOLE))
    assert answer == (400, "invalid_authorization_details")


@pytest.mark.parametrize("scope", ["order.read", f"order.read {LIMITS}"])
async def test_a_kind_of_data_needs_its_scope(story: Story, reader: Partner, scope: str) -> None:
    answer = await pushed(story, reader, json.dumps(WHOLE), scope)
    assert answer == (400, "invalid_authorization_details")


async def test_both_types_and_scopes_are_one_consent(
    consents: Consents, story: Story, reader: Partner, clock: SetClock
) -> None:
    tokens = await granted(story, reader)
    assert tokens["authorization_details"] == WHOLE
    assert set(tokens["scope"].split()) == set(SCOPE.split())
    told = await introspected(story, reader, tokens["access_token"])
    assert told["authorization_details"] == WHOLE
    (consent,) = await consents.for_customer("cus_1")
    kinds = [
        type(detail).__name__ for detail in promised(consent, clock.now()).authorization_details
    ]
    assert kinds == ["PackageOrderDetail"] * 3 + ["AccountInformationDetail"]


@pytest.mark.parametrize(
    ("given_details", "lost"),
    [
        ([*DETAILS, accounts("limits")], {BALANCE}),
        (DETAILS, {LIMITS, BALANCE}),
    ],
)
async def test_less_at_the_approval_is_less_everywhere(
    consents: Consents,
    story: Story,
    reader: Partner,
    given_details: list[dict[str, Any]],
    lost: set[str],
) -> None:
    tokens = await granted(story, reader, given_details)
    left = set(SCOPE.split()) - lost
    assert tokens["authorization_details"] == given_details
    assert set(tokens["scope"].split()) == left
    told = await introspected(story, reader, tokens["access_token"])
    assert told["authorization_details"] == given_details
    assert set(told["scope"].split()) == left
    (consent,) = await consents.for_customer("cus_1")
    assert set(consent.scope.split()) == left
    reached = await story.read(reader, tokens["access_token"], "/v1/limits")
    assert reached.status_code == (403 if LIMITS in lost else 200)
    if reached.status_code == 200:
        assert reached.json() == {"with_balance": False}


@pytest.mark.parametrize(
    "given_details",
    [
        [*WHOLE, accounts("limits")],
        [*DETAILS, accounts("limits", "limits")],
        [*DETAILS, accounts()],
        [*DETAILS, accounts("balance")],
        [],
    ],
)
async def test_more_or_other_than_asked_is_not_approved(
    oauth: OAuth, story: Story, reader: Partner, given_details: list[dict[str, Any]]
) -> None:
    uri = await story.request_uri(reader, scope=SCOPE, authorization_details=json.dumps(WHOLE))
    approve = oauth.authorizations.approve
    with pytest.raises(errors.InvalidAuthorizationDetails):
        wrong = story.approval(authorization_details=given_details)
        await approve(reader.client_id, uri, wrong)
    assert "code" in answer_of(await approve(reader.client_id, uri, story.approval()))


async def test_kinds_of_data_not_asked_for_are_not_approved(
    oauth: OAuth, story: Story, reader: Partner
) -> None:
    asked = json.dumps([*DETAILS, accounts("limits")])
    uri = await story.request_uri(reader, scope=SCOPE, authorization_details=asked)
    wider = story.approval(authorization_details=WHOLE)
    with pytest.raises(errors.InvalidAuthorizationDetails):
        await oauth.authorizations.approve(reader.client_id, uri, wider)


async def test_a_refresh_may_ask_for_less_and_never_for_more(story: Story, reader: Partner) -> None:
    tokens = await granted(story, reader, [*DETAILS, accounts("limits")])

    def form(details: list[dict[str, Any]]) -> dict[str, Any]:
        return reader.form(
            grant_type="refresh_token",
            refresh_token=tokens["refresh_token"],
            authorization_details=json.dumps(details),
        )

    less = await story.exchange(reader, form(DETAILS))
    assert less["authorization_details"] == DETAILS
    assert LIMITS not in less["scope"].split()
    told = await introspected(story, reader, less["access_token"])
    assert LIMITS not in told["scope"].split()
    proof = reader.proof("https://bank.example/oauth/token")
    wider = await post(story.http, "/oauth/token", form(WHOLE), proof)
    assert (wider.status_code, wider.json()["error"]) == (400, "invalid_authorization_details")
    more = [entry("purse", "open", top_up=fen(5001)), *DETAILS[1:]]
    proof = reader.proof("https://bank.example/oauth/token")
    richer = await post(story.http, "/oauth/token", form(more), proof)
    assert (richer.status_code, richer.json()["error"]) == (400, "invalid_authorization_details")
    again = await story.exchange(reader, form([*DETAILS, accounts("limits")]))
    assert LIMITS in again["scope"].split()


async def test_an_entry_taken_out_later_takes_its_scopes_along(
    consents: Consents, story: Story, reader: Partner, clock: SetClock
) -> None:
    tokens = await granted(story, reader)
    (consent,) = await consents.for_customer("cus_1")
    await consents.narrow(
        consent.consent_id,
        "cus_1",
        scope=frozenset(SCOPE.split()),
        authorization_details=DETAILS,
        at=clock.now(),
    )
    told = await introspected(story, reader, tokens["access_token"])
    assert told["authorization_details"] == DETAILS
    assert {LIMITS, BALANCE}.isdisjoint(told["scope"].split())
    answer = await story.read(reader, tokens["access_token"], "/v1/limits")
    assert answer.status_code == 403


_ENTRY = st.one_of(
    st.sampled_from(DETAILS),
    st.lists(st.sampled_from(["limits", "balance"]), max_size=3).map(
        lambda kinds: accounts(*kinds)
    ),
)
_ENTRIES = st.lists(_ENTRY, max_size=4)


@given(asked=_ENTRIES, kept=_ENTRIES)
def test_less_never_reaches_more(asked: list[dict[str, Any]], kept: list[dict[str, Any]]) -> None:
    try:
        check_not_wider(asked, kept)
    except errors.InvalidAuthorizationDetails:
        return
    assert withheld_scopes(asked, asked) <= withheld_scopes(asked, kept)
    scope = scope_within(SCOPE, asked, kept)
    assert set(scope.split()) <= set(SCOPE.split())
    kinds = {kind for entry in kept for kind in entry.get("datatypes", ())}
    if any(entry["type"] == ACCOUNT_INFORMATION_TYPE for entry in asked):
        assert (LIMITS in scope.split()) == ("limits" in kinds)
        assert (BALANCE in scope.split()) == ("balance" in kinds)


CLIENT = Client(
    client_id="cli_1",
    partner_id="ptr_1",
    name="X",
    status="active",
    jwks=(),
    redirect_uris=(),
    scopes=frozenset(),
    grant_types=frozenset(),
    authorization_details_types=frozenset(),
    sector="x",
    version=1,
)


@given(
    strange=st.dictionaries(st.sampled_from(["datatypes", "more"]), st.lists(st.text(max_size=3)))
)
def test_no_strange_entry_breaks_the_judge(strange: dict[str, Any]) -> None:
    class Nothing:
        def check_details(self, details: Any, standing: Any) -> None:
            raise AssertionError("an entry of another type")

    with pytest.raises(errors.InvalidAuthorizationDetails):
        types = DetailsTypes(Nothing())
        types.check_details([strange | {"type": ACCOUNT_INFORMATION_TYPE}], frozenset(), CLIENT)


def test_kinds_of_data_may_be_fewer_and_each_once() -> None:
    asked = accounts("limits", "balance")
    assert is_within(asked, accounts("balance", "limits"))
    assert is_within(asked, accounts("limits"))
    for wrong in (accounts(), accounts("limits", "limits"), accounts("x"), accounts("limits", x=1)):
        assert not is_within(asked, wrong)
    assert not is_within({"datatypes": "limits"}, {"datatypes": "limits"})


async def test_a_right_that_was_taken_out_leaves_no_kind_of_data_behind(
    story: Story, reader: Partner, consents: Consents, clock: SetClock
) -> None:
    """A request for account information alone, of which the customer removed one right."""
    text = json.dumps([accounts("limits", "balance")])
    tokens = await story.tokens(reader, scope=f"{LIMITS} {BALANCE}", authorization_details=text)
    (consent,) = await consents.for_customer("cus_1")
    await consents.narrow(
        consent.consent_id,
        "cus_1",
        scope=frozenset({LIMITS}),
        authorization_details=consent.authorization_details,
        at=clock.now(),
    )
    for kind in ("access_token", "refresh_token"):
        told = await introspected(story, reader, tokens[kind])
        assert told["scope"] == LIMITS
        assert told["authorization_details"] == [accounts("limits")]
