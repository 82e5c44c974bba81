"""Bad input over HTTP: each gets its documented error, and nothing is half-written."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.flows.customer import Customer, tokens
from tests.flows.partner import (
    PACKAGE,
    RIDE,
    RIDE_CAP,
    TOP_UP,
    fen,
    line_of,
    refusal,
    wallet,
)
from tests.flows.receiver import Manner
from tests.flows.stage import Stage, fresh

ARRIVAL_SECONDS = 15.0
AT_ONCE = 8
SLOW_SECONDS = 8.0
Standing = tuple[dict[str, Any], dict[str, Any]]


def test_a_consent_for_another_package_orders_nothing(stage: Stage, customer: Customer) -> None:
    partner = stage.partner
    access, key = tokens(partner, customer)["access_token"], fresh("order")
    refused = partner.place_order(access, key, "trip", package="another-wallet")
    assert refusal(refused) == (403, "consent.mismatch")
    # The refusal is the key's outcome: it is replayed, and another order needs another key.
    again = partner.place_order(access, key, "trip", package="another-wallet")
    assert refusal(again) == (403, "consent.mismatch")
    other = partner.place_order(access, key, "trip")
    assert refusal(other) == (422, "idempotency.key_reused")
    placed = partner.place_order(access, fresh("order"), "trip")
    assert (placed.status_code, placed.json()["status"]) == (201, "active")


@pytest.mark.parametrize(
    "details",
    [wallet(package="another-wallet"), wallet(each=RIDE_CAP * 100), wallet()[:1]],
    ids=["unknown package", "above the package's cap", "a required component out"],
)
def test_a_wrong_wish_is_not_put_before_the_customer(
    stage: Stage, details: list[dict[str, Any]]
) -> None:
    answer, pushed = stage.partner.push(details)
    assert pushed is None
    assert answer.json()["error"] == "invalid_authorization_details"


@pytest.mark.parametrize("distinct", [False, True], ids=["same key", "keys of their own"])
def test_one_order_twice_at_the_same_instant(
    stage: Stage, customer: Customer, distinct: bool
) -> None:
    partner = stage.partner
    keys = [fresh("order") for _ in range(AT_ONCE)] if distinct else [fresh("order")] * AT_ONCE
    access = tokens(partner, customer)["access_token"]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda key: partner.place_order(access, key, "trip"), keys))
    placed = {answer.json()["order_id"] for answer in answers if answer.status_code == 201}
    assert len(placed) == 1, [answer.text for answer in answers]
    lost = {refusal(answer) for answer in answers if answer.status_code != 201}
    assert lost <= {(409, "order.exists" if distinct else "idempotency.in_flight")}
    again = [partner.place_order(access, key, "trip") for key in keys]
    for answer in again:
        assert answer.json()["order_id"] in placed
        if answer.status_code == 201:
            assert answer.headers["idempotent-replayed"] == "true"
        else:
            assert refusal(answer) == (409, "order.exists")
    won = sum(answer.status_code == 201 for answer in again)
    assert won == (1 if distinct else AT_ONCE)


@pytest.mark.parametrize("distinct", [False, True], ids=["same key", "keys of their own"])
def test_one_debit_twice_at_the_same_instant(
    stage: Stage, customer: Customer, distinct: bool
) -> None:
    partner = stage.partner
    granted, order = stage.ordered(customer)
    access, mandate_id = granted["access_token"], line_of(order, "ride")["mandate_id"]
    reference = fresh("ride")
    keys = [fresh("key") for _ in range(AT_ONCE)] if distinct else [fresh("key")] * AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(
            threads.map(
                lambda key: partner.debit(access, mandate_id, key, reference=reference), keys
            )
        )
    made = {answer.json()["payment_id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1, [answer.text for answer in answers]
    lost = {refusal(answer) for answer in answers if answer.status_code != 201}
    assert lost <= {(409, "state.conflict"), (409, "idempotency.in_flight")}
    # The purse tells: one ride is gone from it, and not a fen more.
    for _ in range(2):
        assert partner.debit(access, mandate_id, fresh("ride"), RIDE_CAP).status_code == 201
    left = TOP_UP - RIDE - 2 * RIDE_CAP
    over = partner.debit(access, mandate_id, fresh("ride"), left + 1)
    assert refusal(over) == (422, "balance.insufficient")
    assert over.json()["headroom"] == fen(left)
    assert partner.debit(access, mandate_id, fresh("ride"), left).status_code == 201


def test_a_key_stands_for_one_request(stage: Stage, customer: Customer) -> None:
    partner = stage.partner
    access, key = tokens(partner, customer)["access_token"], fresh("order")
    order = partner.place_order(access, key, "trip").json()
    reused = (422, "idempotency.key_reused")
    assert refusal(partner.place_order(access, key, "another trip")) == reused
    assert refusal(partner.debit(access, line_of(order, "ride")["mandate_id"], key)) == reused
    content = {"package": PACKAGE, "version": "1.0.0", "reference": "trip"}
    without = partner.call("POST", "/v1/orders", access, content)
    assert refusal(without) == (400, "idempotency.key_missing")


@pytest.mark.parametrize("amount", [0, -1, 2**53, 3.5, 300.0, "300", True, None], ids=repr)
def test_an_amount_is_a_whole_number_within_bounds(
    stage: Stage, standing: Standing, amount: object
) -> None:
    granted, order = standing
    path = f"/v1/mandates/{line_of(order, 'ride')['mandate_id']}/debits"
    content = {"instructed_amount": fen(0) | {"minor_units": amount}, "end_to_end_id": "ride"}
    access = granted["access_token"]
    answer = stage.partner.call("POST", path, access, content, key=fresh("key"))
    assert refusal(answer) == (422, "field.invalid")


def test_bad_bodies_are_told_what_is_wrong(stage: Stage, standing: Standing) -> None:
    partner, access = stage.partner, standing[0]["access_token"]
    good = {"package": PACKAGE, "version": "1.0.0", "reference": "trip"}
    wrong: list[tuple[Any, tuple[int, str]]] = [
        (good | {"surprise": 1}, (422, "field.invalid")),
        (good | {"reference": 7}, (422, "field.invalid")),
        ({"package": PACKAGE}, (422, "field.invalid")),
        ([good], (422, "field.invalid")),
    ]
    for content, expected in wrong:
        answer = partner.call("POST", "/v1/orders", access, content, key=fresh("key"))
        assert refusal(answer) == expected
    headers = {
        "Authorization": f"DPoP {access}",
        "DPoP": partner.proof("POST", "/v1/orders", access),
        "Idempotency-Key": fresh("key"),
        "Content-Type": "application/json",
    }
    body = b'{"package": '
    signed = partner.sign("POST", "/v1/orders", headers, body)
    broken = partner.line.send("POST", "/v1/orders", headers=signed, body=body)
    assert refusal(broken) == (400, "body.malformed")
    long = good | {"reference": "x" * 300_000}
    answer = partner.call("POST", "/v1/orders", access, long, key=fresh("key"))
    assert refusal(answer) == (413, "body.too_large")
    # The gateway stops listening where it stops reading.
    partner.line.reconnect()


def test_a_proof_counts_once_and_soon(stage: Stage) -> None:
    partner, token, path = stage.partner, stage.token(), "/v1/packages"
    # The nonce that every proof carries comes with any answer.
    assert partner.call("GET", path, token).status_code == 200
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
        assert refusal(answer) == (401, "oauth.invalid_token")
        assert answer.headers["www-authenticate"].startswith("DPoP ")


def test_an_assertion_counts_once(stage: Stage) -> None:
    partner = stage.partner
    assert partner.client_token().status_code == 200
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": partner.assertion(),
    }
    answers = [
        partner.line.send(
            "POST",
            "/oauth/token",
            headers={"DPoP": partner.proof("POST", "/oauth/token")},
            form=form,
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "manner",
    [
        Manner(500),
        Manner(302, (("Location", "/elsewhere"),)),
        Manner(204, seconds=SLOW_SECONDS),
    ],
    ids=["down", "redirecting", "slow"],
)
def test_a_bad_endpoint_holds_up_nobody(stage: Stage, customer: Customer, manner: Manner) -> None:
    bad, good = f"/{fresh('bad')}", f"/{fresh('good')}"
    seen = stage.receiver
    with stage.listening_at(bad, manner), stage.listening_at(good):
        started = time.monotonic()
        _, order = stage.ordered(customer)

        def is_told() -> bool:
            bodies = [arrival.body.decode() for arrival in seen.at(good)]
            return any(order["order_id"] in body and "order.active" in body for body in bodies)

        assert seen.wait(is_told, ARRIVAL_SECONDS)
        assert time.monotonic() - started < SLOW_SECONDS - 1, "the good one waits for the bad one"
        assert seen.wait(lambda: bool(seen.at(bad)), ARRIVAL_SECONDS)
    assert not seen.at("/elsewhere"), "a redirect was followed"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/x",
        "http://127.0.0.1:9/x",
        "https://localhost/x",
    ],
)
def test_an_address_inside_is_no_endpoint(stage: Stage, url: str) -> None:
    wanted = {"url": url}
    answer = stage.partner.call("POST", "/v1/webhook-endpoints", stage.token(), wanted)
    assert refusal(answer) == (422, "endpoint.forbidden")


def test_a_token_is_nothing_in_a_dialect_and_a_grant_handle_nothing_outside(
    stage: Stage, standing: Standing
) -> None:
    partner, lantu = stage.partner, stage.lantu
    granted, order = standing
    access = granted["access_token"]
    answer = partner.call("POST", "/v1/grant-handles", access, {"dialect": "lantu"})
    assert answer.status_code == 201, answer.text
    grant_handle = answer.json()["grant_handle"]
    asked = {"order_no": order["order_id"]}
    spoken = lantu.ask("lantu.order.query", asked, grant_handle)
    assert (spoken["code"], spoken["order_no"]) == ("10000", order["order_id"])
    not_live = "aop.invalid-auth-token"
    assert lantu.ask("lantu.order.query", asked, access)["sub_code"] == not_live
    path = f"/v1/orders/{order['order_id']}"
    assert refusal(partner.call("GET", path, grant_handle)) == (401, "oauth.invalid_token")
    # It is its client's alone, however well another signs.
    stolen = stage.lantu_of_stranger.ask("lantu.order.query", asked, grant_handle)
    assert stolen["sub_code"] == not_live
