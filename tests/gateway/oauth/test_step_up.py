"""Step-up (RFC 9470): a call needs a surer or a fresher sign-in, is told so, and gets it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar, get

from contracts import errors
from gateway.database import Database
from gateway.oauth.binding import Binding
from gateway.oauth.challenges import insufficient_authentication
from gateway.oauth.checks.acr import check_token_authentication
from gateway.oauth.guard import ResourceGuard, UndeclaredRoute, require_declarations
from gateway.oauth.identity.assurance import ONE_FACTOR, TWO_FACTOR, factors, known, with_factors
from gateway.oauth.identity.needs import Needs
from gateway.oauth.resources import ResourceRequest
from gateway.oauth.store import AccessTokenRow
from tests.conftest import SetClock
from tests.gateway.oauth.partner import ISSUER, Partner
from tests.gateway.oauth.story import Story

# Of the test app: scope payment.initiate, two factors, signed in ten minutes ago at most.
FUNDS = "/v1/funds"
SCOPE = "payment.initiate order.read"


async def test_a_token_of_one_factor_is_told_to_bring_two(story: Story, partner: Partner) -> None:
    weak = await story.tokens(partner, story.approval(acr=ONE_FACTOR), scope=SCOPE)
    answer = await story.read(partner, weak["access_token"], FUNDS)
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('DPoP error="insufficient_user_authentication"')
    assert f'acr_values="{TWO_FACTOR}"' in challenge
    assert "max_age" not in challenge
    assert answer.json()["code"] == "oauth.insufficient_user_authentication"
    # The client does as it was told, and gets in.
    strong = await story.tokens(partner, scope=SCOPE, acr_values=TWO_FACTOR)
    assert (await story.read(partner, strong["access_token"], FUNDS)).status_code == 200


async def test_a_sign_in_too_long_ago_is_told_by_its_age(
    story: Story, partner: Partner, clock: SetClock
) -> None:
    tokens = await story.tokens(partner, scope=SCOPE)
    clock.advance(599)
    form = partner.form(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    token = (await story.exchange(partner, form))["access_token"]
    clock.advance(1)
    assert (await story.read(partner, token, FUNDS)).status_code == 200
    clock.advance(1)
    answer = await story.read(partner, token, FUNDS)
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert 'max_age="600"' in challenge
    assert "acr_values" not in challenge


async def test_another_route_takes_the_lesser_token(story: Story, partner: Partner) -> None:
    weak = await story.tokens(partner, story.approval(acr=ONE_FACTOR), scope=SCOPE)
    assert (await story.read(partner, weak["access_token"])).status_code == 200


async def test_scope_is_asked_for_before_authentication(story: Story, partner: Partner) -> None:
    weak = await story.tokens(partner, story.approval(acr=ONE_FACTOR), scope="order.read")
    assert (await story.read(partner, weak["access_token"], FUNDS)).status_code == 403


async def test_introspection_tells_class_and_time(
    story: Story, partner: Partner, clock: SetClock
) -> None:
    tokens = await story.tokens(partner, story.approval(acr=ONE_FACTOR), scope=SCOPE)
    signed_in_at = int(clock.now().timestamp())
    clock.advance(5)
    for name in ("access_token", "refresh_token"):
        form = partner.form(token=tokens[name])
        answer = (await story.http.post("/oauth/introspect", data=form)).json()
        assert (answer["acr"], answer["auth_time"]) == (ONE_FACTOR, signed_in_at), name


def test_the_challenge_of_a_certificates_token_names_its_scheme() -> None:
    refusal = insufficient_authentication(TWO_FACTOR, max_age=5, scheme="Bearer")
    assert refusal.headers["WWW-Authenticate"] == (
        'Bearer error="insufficient_user_authentication", '
        'error_description="The customer must authenticate better, or again.", '
        f'acr_values="{TWO_FACTOR}", max_age="5"'
    )


def test_a_route_that_names_an_unknown_class_stops_the_start(
    database: Database, clock: SetClock
) -> None:
    @get("/x", opt={"scope": "order.read", "acr": "urn:other"})
    async def odd() -> None: ...

    guard = ResourceGuard(database, clock, issuer=ISSUER)
    with pytest.raises(UndeclaredRoute, match="urn:other"):
        require_declarations(Litestar([odd], middleware=[guard], openapi_config=None))


@pytest.mark.parametrize(
    ("held", "wanted", "passes"),
    [
        (TWO_FACTOR, TWO_FACTOR, True),
        (TWO_FACTOR, ONE_FACTOR, True),
        (ONE_FACTOR, TWO_FACTOR, False),
        ("", ONE_FACTOR, False),
        ("urn:other", ONE_FACTOR, False),
        ("", None, True),
    ],
)
def test_more_factors_stand_for_fewer(
    clock: SetClock, held: str, wanted: str | None, passes: bool
) -> None:
    request = _call(clock, acr=held)(acr=wanted)
    if passes:
        check_token_authentication(request)
    else:
        with pytest.raises(errors.InsufficientUserAuthentication):
            check_token_authentication(request)


def test_a_token_that_never_knew_its_sign_in_is_too_old(clock: SetClock) -> None:
    request = _call(clock, acr=TWO_FACTOR, authenticated_at=None)(max_age=10**6)
    with pytest.raises(errors.InsufficientUserAuthentication) as refused:
        check_token_authentication(request)
    assert refused.value.extras == {"max_age": 10**6}


def test_factors_and_classes_agree() -> None:
    assert [factors(acr) for acr in (ONE_FACTOR, TWO_FACTOR, "urn:other")] == [1, 2, 0]
    assert [with_factors(count) for count in (0, 1, 2, 3)] == [
        None,
        ONE_FACTOR,
        TWO_FACTOR,
        TWO_FACTOR,
    ]
    assert known(("urn:other", TWO_FACTOR, ONE_FACTOR)) == (TWO_FACTOR, ONE_FACTOR)


def test_a_sign_in_for_this_very_request_is_always_fresh(clock: SetClock) -> None:
    pushed_at = clock.now()
    needs = Needs(max_age=0, prompt=("login",))
    later = pushed_at + timedelta(seconds=400)
    assert needs.is_fresh(pushed_at, pushed_at=pushed_at, at=later)
    just_before = pushed_at - timedelta(microseconds=1)
    assert not needs.is_fresh(just_before, pushed_at=pushed_at, at=pushed_at)


def _call(clock: SetClock, **changes: Any) -> Callable[..., ResourceRequest]:
    at = clock.now()
    usual: dict[str, Any] = {
        "client_id": "cli_1",
        "partner_id": "par_1",
        "client_status": "active",
        "consent_id": None,
        "consent_status": None,
        "consent_expires_at": None,
        "revoked_at": None,
        "customer_id": "cus_1",
        "subject": "s",
        "jkt": "k",
        "x5t_s256": None,
        "scope": "payment.initiate",
        "authorization_details": None,
        "acr": "",
        "authenticated_at": at,
        "claims": None,
        "created_at": at,
        "expires_at": at + timedelta(minutes=5),
    }
    known_fields = set(AccessTokenRow.__struct_fields__)
    row = AccessTokenRow(**dict.fromkeys(known_fields - usual.keys()), **(usual | changes))

    def call(**wanted: Any) -> ResourceRequest:
        return ResourceRequest(
            method="GET",
            wanted="payment.initiate",
            granted=frozenset(("payment.initiate",)),
            token=row,
            presented=Binding("jkt", "k"),
            at=at,
            **wanted,
        )

    return call
