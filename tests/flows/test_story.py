"""The whole story over HTTP against a served gateway, steps 1 to 6, and the end of a consent."""

import json
from collections import Counter
from typing import Any

from tests.flows.browser import Browser
from tests.flows.customer import Customer, tokens
from tests.flows.partner import (
    DAY_CAP,
    PACKAGE,
    RIDE,
    RIDE_CAP,
    SCENARIO,
    TOP_UP,
    Partner,
    fen,
    line_of,
    refusal,
    wallet,
)
from tests.flows.stage import Stage, fresh

ARRIVAL_SECONDS = 15.0
OURS = ("account_id", "mandate_id")
TOLD = {
    "account.opened": 2,
    "consent.granted": 1,
    "consent.revoked": 1,
    "mandate.active": 1,
    "order.active": 1,
    "order.line_active": 3,
    "order.received": 1,
    "payment.settled": 1,
    "purse.topped_up": 1,
}


def test_the_whole_story(stage: Stage, customer: Customer) -> None:
    partner, token = stage.partner, stage.token()
    reads_the_catalogue(partner, token)
    with stage.listening_at(path := f"/{fresh('story')}") as made:
        ids = orders_and_rides(partner, customer)
        hears_of_it(stage, path, made["secret"], token, ids)


def orders_and_rides(partner: Partner, customer: Customer) -> set[str]:
    """Steps 3 to 6; the ids of everything that came of it."""
    granted = tokens(partner, customer)
    assert granted["authorization_details"] == wallet()
    access, key = granted["access_token"], fresh("order")
    placed = partner.place_order(access, key, "trip-1")
    order: dict[str, Any] = placed.json()
    assert (placed.status_code, order["status"]) == (201, "active")
    assert {line["status"] for line in order["lines"]} == {"active"}
    assert line_of(order, "purse")["topped_up"] == fen(TOP_UP)
    replay = partner.place_order(access, key, "trip-1")
    assert (replay.content, replay.headers["idempotent-replayed"]) == (placed.content, "true")
    assert "idempotent-replayed" not in placed.headers

    payment_id = rides(partner, access, order)
    assert customer.take_back(Browser(partner.line), order["consent_id"]).status == 200
    gone = partner.call("GET", f"/v1/orders/{order['order_id']}", access)
    assert refusal(gone) == (401, "oauth.invalid_token")
    made = {line[name] for line in order["lines"] for name in OURS if name in line}
    return made | {order["order_id"], order["consent_id"], payment_id}


def reads_the_catalogue(partner: Partner, token: str) -> None:
    listed = partner.call("GET", f"/v1/packages?scenario={SCENARIO}", token).json()
    assert PACKAGE in [each["code"] for each in listed["packages"]]
    package = partner.call("GET", f"/v1/packages/{PACKAGE}", token).json()
    assert {"purse", "vault", "ride"} <= {each["component"] for each in package["components"]}


def rides(partner: Partner, access: str, order: dict[str, Any]) -> str:
    """Step 5; the id of the ride's payment."""
    account_id = line_of(order, "purse")["account_id"]
    room = partner.call("GET", f"/v1/accounts/{account_id}/capabilities", access).json()
    assert room["tier"] == "T3"
    mandate_id = line_of(order, "ride")["mandate_id"]
    paid = partner.debit(access, mandate_id, fresh("ride"))
    assert (paid.status_code, paid.json()["status"]) == (201, "settled")
    above = partner.debit(access, mandate_id, fresh("ride"), RIDE_CAP + 1)
    assert refusal(above) == (422, "limit.per_debit")
    assert above.json()["headroom"] == fen(min(RIDE_CAP, DAY_CAP - RIDE))
    assert above.json()["next_action"] == "lower_amount"
    return str(paid.json()["payment_id"])


def hears_of_it(stage: Stage, path: str, secret: str, token: str, ids: set[str]) -> None:
    """The events arrived once each, signed, and the feed has the same."""

    def arrived() -> dict[str, dict[str, Any]]:
        events = [json.loads(arrival.body) for arrival in stage.receiver.at(path)]
        return {event["id"]: event for event in events if event["resource"]["id"] in ids}

    told = sum(TOLD.values())
    assert stage.receiver.wait(lambda: len(arrived()) >= told, ARRIVAL_SECONDS)
    assert Counter(event["type"] for event in arrived().values()) == TOLD
    assert all(arrival.is_signed_with(secret) for arrival in stage.receiver.at(path))
    feed = {event["id"]: event for event in whole_feed(stage.partner, token)}
    assert {event_id: feed[event_id] for event_id in arrived()} == arrived()


def whole_feed(partner: Partner, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after, more = "", True
    while more:
        page = partner.call("GET", f"/v1/events?limit=200&after={after}", token).json()
        found += page["events"]
        after, more = page["next"], page["more"]
    return found


def test_nothing_is_accepted_after_a_consent_was_given_back(
    stage: Stage, customer: Customer
) -> None:
    partner = stage.partner
    granted = tokens(partner, customer)
    access, key, ride = granted["access_token"], fresh("order"), fresh("ride")
    order = partner.place_order(access, key, "trip").json()
    mandate_id = line_of(order, "ride")["mandate_id"]
    assert partner.debit(access, mandate_id, ride).status_code == 201
    given_back = partner.call("DELETE", f"/v1/consents/{order['consent_id']}", access)
    assert given_back.status_code == 204
    # Neither a new debit nor the stored outcome of the old one, nor that of the order.
    for answer in (
        partner.debit(access, mandate_id, fresh("ride")),
        partner.debit(access, mandate_id, ride),
        partner.place_order(access, key, "trip"),
        partner.call("GET", f"/v1/orders/{order['order_id']}", access),
        partner.call("GET", f"/v1/consents/{order['consent_id']}", access),
    ):
        assert refusal(answer) == (401, "oauth.invalid_token")
        assert "idempotent-replayed" not in answer.headers
    refreshed = partner.refresh(granted["refresh_token"])
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")


def test_a_refreshed_token_does_what_the_first_did(stage: Stage, customer: Customer) -> None:
    partner = stage.partner
    granted, order = stage.ordered(customer)
    refreshed = partner.refresh(granted["refresh_token"])
    assert refreshed.status_code == 200, refreshed.text
    path = f"/v1/orders/{order['order_id']}"
    for token in (granted["access_token"], refreshed.json()["access_token"]):
        assert partner.call("GET", path, token).json() == order
    assert partner.revoke_token(granted["refresh_token"]).status_code == 200
    for token in (granted["access_token"], refreshed.json()["access_token"]):
        assert refusal(partner.call("GET", path, token)) == (401, "oauth.invalid_token")
