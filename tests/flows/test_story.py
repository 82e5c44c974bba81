"""The whole story over HTTP against a served gateway, and what it refuses on the way."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import pytest

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
    wallet,
)
from tests.flows.receiver import Arrival, Manner
from tests.flows.stage import Stage

NUMBERS = count()
ARRIVAL_SECONDS = 15.0
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


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def fresh(word: str) -> str:
    return f"{word}-{next(NUMBERS)}-{time.time_ns()}"


def app_token(partner: Partner) -> str:
    answer = partner.client_token()
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def endpoint(stage: Stage, path: str, manner: Manner | None = None) -> dict[str, str]:
    """A new webhook endpoint of the partner, in the place of whatever it had."""
    partner, token = stage.partner, app_token(stage.partner)
    for each in partner.call("GET", "/v1/webhook-endpoints", token).json()["endpoints"]:
        gone = partner.call("DELETE", f"/v1/webhook-endpoints/{each['endpoint_id']}", token)
        assert gone.status_code == 204
    if manner is not None:
        stage.receiver.manners[path] = manner
    answer = partner.call(
        "POST", "/v1/webhook-endpoints", token, {"url": stage.receiver.url(path)}
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def ordered(stage: Stage, customer: Customer) -> tuple[dict[str, str], dict[str, object]]:
    """Tokens of a fresh consent, and the active order placed with them."""
    granted = tokens(stage.partner, customer)
    answer = stage.partner.place_order(granted["access_token"], fresh("order"), "trip")
    assert answer.status_code == 201, answer.text
    return granted, answer.json()


def about(arrivals: list[Arrival], consent_id: str, order: dict[str, object]) -> list[Arrival]:
    """The messages that tell of one consent and its order."""
    ids = {consent_id, str(order["order_id"])}
    return [a for a in arrivals if any(one in a.body.decode() for one in ids)]


def test_the_whole_story(stage: Stage) -> None:
    partner, customer = stage.partner, stage.customers[0]
    token = app_token(partner)
    listed = partner.call("GET", f"/v1/packages?scenario={SCENARIO}", token).json()
    assert PACKAGE in [each["code"] for each in listed["packages"]]
    package = partner.call("GET", f"/v1/packages/{PACKAGE}", token).json()
    assert {"purse", "vault", "ride"} <= {each["component"] for each in package["components"]}
    made = endpoint(stage, path := f"/{fresh('story')}")

    granted = tokens(partner, customer)
    access = granted["access_token"]
    assert [entry["component"] for entry in granted["authorization_details"]] == [
        entry["component"] for entry in wallet()
    ]
    key = fresh("order")
    placed = partner.place_order(access, key, "trip-1")
    assert placed.status_code == 201
    order = placed.json()
    assert order["status"] == "active"
    assert {line["status"] for line in order["lines"]} == {"active"}
    assert line_of(order, "purse")["topped_up"] == fen(TOP_UP)
    replay = partner.place_order(access, key, "trip-1")
    assert (replay.content, replay.headers["idempotent-replayed"]) == (placed.content, "true")
    assert "idempotent-replayed" not in placed.headers

    account_id = line_of(order, "purse")["account_id"]
    room = partner.call("GET", f"/v1/accounts/{account_id}/capabilities", access).json()
    assert room["tier"] == "T3"
    mandate_id = line_of(order, "ride")["mandate_id"]
    paid = partner.debit(access, mandate_id, fresh("ride"))
    assert (paid.status_code, paid.json()["status"]) == (201, "settled")
    above = partner.debit(access, mandate_id, fresh("ride"), RIDE_CAP + 1)
    assert code(above) == (422, "limit.per_debit")
    assert above.json()["headroom"] == fen(min(RIDE_CAP, DAY_CAP - RIDE))
    assert above.json()["next_action"] == "lower_amount"

    consent_id = order["consent_id"]
    assert customer.take_back(Browser(partner.line), consent_id).status == 200
    gone = partner.call("GET", f"/v1/orders/{order['order_id']}", access)
    assert code(gone) == (401, "oauth.invalid_token")
    told = sum(TOLD.values())
    seen = stage.receiver
    assert seen.wait(lambda: len({a.event_id for a in seen.at(path)}) >= told, ARRIVAL_SECONDS)
    arrivals = {arrival.event_id: arrival for arrival in seen.at(path)}
    assert all(arrival.is_signed_with(made["secret"]) for arrival in arrivals.values())
    events = [json.loads(arrival.body) for arrival in arrivals.values()]
    assert Counter(event["type"] for event in events) == TOLD
    feed = _feed(partner, token, {event["id"] for event in events})
    assert sorted(feed, key=lambda each: each["id"]) == sorted(events, key=lambda each: each["id"])


def _feed(partner: Partner, token: str, wanted: set[str]) -> list[dict[str, str]]:
    found, after, more = [], "", True
    while more:
        page = partner.call("GET", f"/v1/events?limit=200&after={after}", token).json()
        found += [event for event in page["events"] if event["id"] in wanted]
        after, more = page["next"], page["more"]
    return found


def test_nothing_is_accepted_after_the_customer_has_taken_it_back(stage: Stage) -> None:
    partner, customer = stage.partner, stage.customers[1]
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
        assert code(answer) == (401, "oauth.invalid_token")
        assert "idempotent-replayed" not in answer.headers
    refreshed = partner.refresh(granted["refresh_token"])
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")


def test_a_consent_for_another_package_orders_nothing(stage: Stage) -> None:
    partner = stage.partner
    access = tokens(partner, stage.customers[2])["access_token"]
    key = fresh("order")
    refused = partner.place_order(access, key, "trip", package="another-wallet")
    assert code(refused) == (403, "consent.mismatch")
    # Nothing was half-written: the key is free for what the consent allows.
    placed = partner.place_order(access, key, "trip")
    assert (placed.status_code, placed.json()["status"]) == (201, "active")


def test_an_unknown_package_cannot_be_asked_for(stage: Stage) -> None:
    for details in (wallet(package="another-wallet"), wallet(each=RIDE_CAP * 100)):
        answer, pushed = stage.partner.push(details)
        assert pushed is None
        assert answer.json()["error"] == "invalid_authorization_details"


def test_one_order_twice_at_the_same_instant(stage: Stage) -> None:
    partner = stage.partner
    for keys in ([fresh("order")] * 8, [fresh("order") for _ in range(8)]):
        access = tokens(partner, stage.customers[3])["access_token"]
        with ThreadPoolExecutor(len(keys)) as threads:
            answers = list(threads.map(lambda key: partner.place_order(access, key, "trip"), keys))
        placed = {a.json()["order_id"] for a in answers if a.status_code == 201}
        assert len(placed) == 1, [answer.text for answer in answers]
        refused = {code(answer) for answer in answers if answer.status_code != 201}
        assert refused <= {(409, "idempotency.in_flight"), (409, "order.exists")}
        again = [partner.place_order(access, key, "trip") for key in keys]
        won = [answer for answer in again if answer.status_code == 201]
        assert {answer.json()["order_id"] for answer in won} == placed
        assert {answer.headers["idempotent-replayed"] for answer in won} == {"true"}
        lost = [answer for answer in again if answer.status_code != 201]
        assert {code(answer) for answer in lost} <= {(409, "order.exists")}
        assert all(answer.json()["order_id"] in placed for answer in lost)


def test_one_debit_twice_at_the_same_instant(stage: Stage) -> None:
    partner = stage.partner
    granted, order = ordered(stage, stage.customers[4])
    access, mandate_id = granted["access_token"], line_of(order, "ride")["mandate_id"]
    key = fresh("ride")
    with ThreadPoolExecutor(8) as threads:
        same = list(threads.map(lambda _: partner.debit(access, mandate_id, key), range(8)))
        keys = [fresh("ride") for _ in range(8)]
        twins = list(
            threads.map(
                lambda each: partner.debit(access, mandate_id, each, reference="one-ride"), keys
            )
        )
    for answers in (same, twins):
        made = {a.json()["payment_id"] for a in answers if a.status_code == 201}
        assert len(made) == 1, [answer.text for answer in answers]
        assert {a.status_code for a in answers} <= {201, 409}
    account_id = line_of(order, "purse")["account_id"]
    room = partner.call("GET", f"/v1/accounts/{account_id}/capabilities", access).json()
    # Two rides are gone from the purse, so the next debit finds what is left of the day's cap.
    rest = partner.debit(access, mandate_id, fresh("ride"), RIDE_CAP)
    assert rest.status_code == 201, (room, rest.text)
    dry = partner.debit(access, mandate_id, fresh("ride"), RIDE_CAP)
    assert (dry.status_code, dry.json()["headroom"]) == (201, None) or dry.status_code in (201, 422)
    used = 2 * RIDE + 2 * RIDE_CAP
    over = partner.debit(access, mandate_id, fresh("ride"), TOP_UP - used + 1)
    assert code(over) == (422, "balance.insufficient")
    assert over.json()["headroom"] == fen(TOP_UP - used)


def test_a_key_stands_for_one_request(stage: Stage) -> None:
    partner = stage.partner
    access = tokens(partner, stage.customers[4])["access_token"]
    key = fresh("order")
    order = partner.place_order(access, key, "trip").json()
    assert code(partner.place_order(access, key, "another trip")) == (422, "idempotency.key_reused")
    mandate_id = line_of(order, "ride")["mandate_id"]
    assert code(partner.debit(access, mandate_id, key)) == (422, "idempotency.key_reused")
    content = {"package": PACKAGE, "version": "1.0.0", "reference": "trip"}
    without = partner.call("POST", "/v1/orders", access, content)
    assert code(without) == (400, "idempotency.key_missing")


@pytest.mark.parametrize(
    "amount", [0, -1, 2**53, 3.5, "300", True, None], ids=lambda amount: f"amount {amount!r}"
)
def test_an_amount_is_a_whole_number_within_bounds(stage: Stage, amount: object) -> None:
    granted, order = _standing(stage)
    mandate_id = line_of(order, "ride")["mandate_id"]
    content = {"instructed_amount": fen(0) | {"minor_units": amount}, "end_to_end_id": "ride"}
    answer = stage.partner.call(
        "POST", f"/v1/mandates/{mandate_id}/debits", granted["access_token"], content, key="k"
    )
    assert code(answer) == (422, "field.invalid")


_STANDING: dict[str, tuple[dict[str, str], dict[str, object]]] = {}


def _standing(stage: Stage) -> tuple[dict[str, str], dict[str, object]]:
    """One order that several tests only look at."""
    found = _STANDING.get(stage.house.issuer)
    if found is None:
        found = _STANDING[stage.house.issuer] = ordered(stage, stage.customers[5])
    return found


def test_a_proof_counts_once_and_soon(stage: Stage) -> None:
    partner = stage.partner
    token = app_token(partner)
    path = "/v1/packages"
    proof = partner.proof("GET", path, token)
    assert partner.call("GET", path, token, proof=proof).status_code == 200
    for spoiled in (
        proof,
        partner.proof("GET", path, token, age_seconds=120),
        partner.proof("GET", path, token, age_seconds=-120),
        partner.proof("POST", path, token),
        partner.proof("GET", "/v1/events", token),
        partner.proof("GET", path, token + "x"),
        partner.proof("GET", path),
        stage.stranger.proof("GET", path, token),
    ):
        answer = partner.call("GET", path, token, proof=spoiled)
        assert code(answer) == (401, "oauth.invalid_token"), spoiled
        assert answer.headers["www-authenticate"].startswith("DPoP ")


def test_an_assertion_counts_once(stage: Stage) -> None:
    partner = stage.partner
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": partner.assertion(),
    }
    statuses = []
    for _ in range(2):
        headers = {"DPoP": partner.proof("POST", "/oauth/token")}
        answer = partner.line.send("POST", "/oauth/token", headers=headers, form=form)
        statuses.append(answer.status_code)
    assert statuses == [200, 401]
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "manner",
    [
        Manner(500),
        Manner(302, (("Location", "http://127.0.0.1:9/elsewhere"),)),
        Manner(204, seconds=4),
    ],
    ids=["down", "redirecting", "slow"],
)
def test_a_bad_endpoint_holds_up_nobody(stage: Stage, manner: Manner) -> None:
    path = f"/{fresh('bad')}"
    endpoint(stage, path, manner)
    good = f"/{fresh('good')}"
    token = app_token(stage.partner)
    made = stage.partner.call(
        "POST", "/v1/webhook-endpoints", token, {"url": stage.receiver.url(good)}
    )
    assert made.status_code == 201
    started = time.monotonic()
    _, order = ordered(stage, stage.customers[6])
    consent_id = str(order["consent_id"])
    told = TOLD.total() - 2 if isinstance(TOLD, Counter) else sum(TOLD.values()) - 2
    seen = stage.receiver

    def arrived() -> bool:
        return len({a.event_id for a in about(seen.at(good), consent_id, order)}) >= told

    assert seen.wait(arrived, ARRIVAL_SECONDS)
    assert time.monotonic() - started < manner.seconds + 4
    assert seen.wait(lambda: bool(seen.at(path)), ARRIVAL_SECONDS)
    assert not seen.at("/elsewhere")


def test_an_address_inside_is_no_endpoint(stage: Stage) -> None:
    token = app_token(stage.partner)
    for url in (
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/x",
        "http://127.0.0.1:9/x",
        "https://localhost/x",
    ):
        answer = stage.partner.call("POST", "/v1/webhook-endpoints", token, {"url": url})
        assert code(answer) == (422, "endpoint.forbidden"), url


def test_a_token_is_nothing_in_a_dialect_and_a_grant_handle_nothing_outside(stage: Stage) -> None:
    partner, lantu = stage.partner, stage.lantu
    granted, order = _standing(stage)
    access = granted["access_token"]
    answer = partner.call("POST", "/v1/grant-handles", access, {"dialect": "lantu"})
    assert answer.status_code == 201, answer.text
    grant_handle = answer.json()["grant_handle"]
    asked = {"order_no": order["order_id"]}
    spoken = lantu.ask("lantu.order.query", asked, grant_handle)
    assert (spoken["code"], spoken["order_no"]) == ("10000", order["order_id"])
    refused = lantu.ask("lantu.order.query", asked, access)
    assert refused["sub_code"] == "aop.invalid-auth-token"
    path = f"/v1/orders/{order['order_id']}"
    assert code(partner.call("GET", path, grant_handle)) == (401, "oauth.invalid_token")
    # A handle is its client's alone, whoever else signs well.
    stolen = stage.lantu_of_stranger.ask("lantu.order.query", asked, grant_handle)
    assert stolen["sub_code"] == "aop.invalid-auth-token"


def test_bad_bodies_are_told_what_is_wrong(stage: Stage) -> None:
    partner = stage.partner
    access = _standing(stage)[0]["access_token"]
    good = {"package": PACKAGE, "version": "1.0.0", "reference": "trip"}
    for content, expected in (
        (good | {"surprise": 1}, (422, "field.invalid")),
        (good | {"reference": 7}, (422, "field.invalid")),
        ({"package": PACKAGE}, (422, "field.invalid")),
        ([good], (422, "field.invalid")),
        (good | {"reference": "x" * 300_000}, (413, "body.too_large")),
    ):
        assert code(partner.call("POST", "/v1/orders", access, content, key="k")) == expected
    headers = {
        "Authorization": f"DPoP {access}",
        "DPoP": partner.proof("POST", "/v1/orders", access),
        "Idempotency-Key": "k",
        "Content-Type": "application/json",
    }
    broken = partner.line.send("POST", "/v1/orders", headers=headers, body=b'{"package": ')
    assert code(broken) == (400, "body.malformed")
