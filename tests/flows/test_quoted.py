"""Credit on the order page, over HTTP: a quote, and the one request that it can stand in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.flows.browser import Browser
from tests.flows.clocked import Served, served
from tests.flows.customer import Customer
from tests.flows.partner import Partner, code_in, fen, refusal

CODE = "checkout-instalment"
SCOPE = "order.write order.read"
LIN = Customer("lin", "246810", "cus_lin")
AMOUNT = 600_000
MINUTE = 60


@pytest.fixture
def bank(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path, datetime(2026, 11, 24, 2, tzinfo=UTC)) as running:
        yield running


def quoted(partner: Partner, reference: str, **members: Any) -> Any:
    token = partner.client_token("instalment.quote").json()["access_token"]
    order = {"reference": reference, "amount": fen(AMOUNT), "merchant_id": "shop-7", **members}
    content = {"component": "plan", "order": order}
    return partner.call("POST", f"/v1/packages/{CODE}/quotes", token, content, key=reference)


def entries(quote: dict[str, Any], amount: int = AMOUNT) -> list[dict[str, Any]]:
    named = {"type": "urn:tessera:package-order", "package": CODE, "version": quote["version"]}
    drawn = {"quote": quote["quote_id"], "plan": "months_12", "amount": fen(amount)}
    return [
        named | {"component": "line", "actions": ["apply"]},
        named | {"component": "plan", "actions": ["draw"]} | drawn,
        named | {"component": "shield", "actions": ["enable"]},
    ]


def refused(partner: Partner, details: list[dict[str, Any]]) -> str:
    answer, none = partner.push(details, SCOPE)
    assert (answer.status_code, none) == (400, None), answer.text
    assert answer.json()["error"] == "invalid_authorization_details"
    return str(answer.json()["error_description"])


def test_a_quote_stands_for_one_order_of_one_partner_until_it_expires(bank: Served) -> None:
    partner = bank.listed_partner(scope="instalment.quote")
    rival = bank.listed_partner("Rival", scope="instalment.quote")
    answer = quoted(partner, "order-1")
    assert answer.status_code == 201, answer.text
    quote = answer.json()
    twelve = next(plan for plan in quote["plans"] if plan["terms"] == 12)
    assert (twelve["charges"]["minor_units"], len(twelve["instalments"])) == (36_000, 12)
    assert sum(each["principal"] for each in twelve["instalments"]) == AMOUNT
    assert round(float(twelve["apr"]), 4) == 0.1090
    assert quoted(partner, "order-1").content == answer.content

    assert "quote.mismatch" in refused(partner, entries(quote, AMOUNT + 1))
    assert "quote." in refused(rival, entries(quote))
    assert refusal(quoted(partner, "order-2", user_score="810")) == (
        403,
        "credit.direct_feed_forbidden",
    )
    answer, asked = partner.push(entries(quote), SCOPE)
    assert asked is not None, answer.text
    bank.clock.advance(10 * MINUTE)
    assert "quote.expired" in refused(partner, entries(quote))


def test_an_approved_quote_is_that_customers_and_no_order_is_begun_that_nobody_can_carry_out(
    bank: Served,
) -> None:
    partner, browser = bank.listed_partner(scope="instalment.quote"), Browser(bank.line)
    quote = quoted(partner, "order-3").json()
    answer, asked = partner.push(entries(quote), SCOPE)
    assert asked is not None, answer.text
    page = LIN.sign_in(browser, browser.open(asked.path))
    early = browser.press(page, "approve")
    assert (early.status, "Read on for 8 seconds" in early.text) == (422, True)
    bank.clock.advance(8)
    done = LIN.agree(browser, early)
    granted = partner.exchange(code_in(done.location, asked, partner.line.issuer), asked)
    token = granted.json()["access_token"]
    named = granted.json()["authorization_details"][1]
    assert (named["quote"], named["amount"]) == (quote["quote_id"], fen(AMOUNT))

    content = {"package": CODE, "version": quote["version"], "reference": "order-3"}
    order = partner.call("POST", "/v1/orders", token, content, key="buy-3")
    assert refusal(order) == (422, "package.not_orderable")
