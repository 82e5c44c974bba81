"""A rule takes over at midnight, over HTTP: what sufficed on 31 July is stale on 1 August."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.credit import CODE, credit_text
from tests.flows.browser import Browser, Page
from tests.flows.clocked import Served, served
from tests.flows.customer import Customer
from tests.flows.partner import Partner, Pushed, code_in, refusal

# 31 July, two minutes to midnight at the bank.
EVENING = datetime(2026, 7, 31, 15, 58, tzinfo=UTC)
LIN = Customer("lin", "246810", "cus_lin")
SCOPE = "order.write order.read"


@pytest.fixture
def bank(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path, EVENING) as running:
        yield running


def credit(version: str, *, cost_table: bool) -> str:
    text = credit_text(cost_table=cost_table)
    return text.replace('version = "1.0.0"', f'version = "{version}"', 1)


def entries(version: str) -> list[dict[str, Any]]:
    named = {"package": CODE, "version": version, "component": "plan", "actions": ["refer"]}
    return [{"type": "urn:tessera:package-order", **named}]


def pushed(partner: Partner, version: str) -> Pushed:
    answer, made = partner.push(entries(version), SCOPE)
    assert made is not None, answer.text
    return made


def approved(partner: Partner, browser: Browser, page: Page, asked: Pushed) -> str:
    """The access token of an approval that the page allows."""
    done = LIN.agree(browser, page)
    granted = partner.exchange(code_in(done.location, asked, partner.line.issuer), asked)
    assert granted.status_code == 200, granted.text
    return str(granted.json()["access_token"])


def opened(browser: Browser, asked: Pushed) -> Page:
    page = browser.open(asked.path)
    return LIN.sign_in(browser, page) if "sign-in" in page.forms[0].buttons else page


def ordered(partner: Partner, token: str, version: str, key: str) -> Any:
    content = {"package": CODE, "version": version, "reference": key}
    return partner.call("POST", "/v1/orders", token, content, key=key)


def test_a_consent_from_july_is_stale_in_august_until_the_customer_has_read(bank: Served) -> None:
    bank.publish(credit("1.0.0", cost_table=False))
    partner, browser = bank.listed_partner(), Browser(bank.line)
    tokens = []
    for _ in range(2):
        asked = pushed(partner, "1.0.0")
        tokens.append(approved(partner, browser, opened(browser, asked), asked))
    july = ordered(partner, tokens[0], "1.0.0", "july-order")
    assert july.status_code == 201, july.text
    assert [text["code"] for text in july.json()["disclosures"]] == ["shared-with-partner"]
    waiting = pushed(partner, "1.0.0")
    page = opened(browser, waiting)

    bank.clock.advance(timedelta(minutes=3).total_seconds())
    stale = ordered(partner, tokens[1], "1.0.0", "august-order")
    assert refusal(stale) == (409, "disclosure.stale")
    assert stale.json()["next_action"] == "authorize_again"
    # What was ordered stays; what was not approved yet cannot be any more.
    order_id = july.json()["order_id"]
    again = partner.call("GET", f"/v1/orders/{order_id}", tokens[0]).json()
    assert (again["status"], again["disclosures"]) == ("active", july.json()["disclosures"])
    refused = browser.press(page, "approve")
    assert (refused.status, "This package lacks a text" in refused.text) == (409, True)
    browser.press(refused, "deny")
    answer, none = partner.push(entries("1.0.0"), SCOPE)
    assert (none, answer.json()["error"]) == (None, "invalid_authorization_details")

    bank.publish(credit("1.0.1", cost_table=True))
    asked = pushed(partner, "1.0.1")
    page = opened(browser, asked)
    early = browser.press(page, "approve")
    assert (early.status, "Read on for 8 seconds" in early.text) == (422, True)
    bank.clock.advance(8)
    token = approved(partner, browser, early, asked)
    august = ordered(partner, token, "1.0.1", "august-again")
    assert august.status_code == 201, august.text
    texts = august.json()["disclosures"]
    assert [text["code"] for text in texts] == ["shared-with-partner", "cost-table"]
    package = partner.call("GET", f"/v1/packages/{CODE}", client_token(partner)).json()
    assert [text["digest"] for text in texts] == [
        text["digest"] for text in package["disclosures"]
    ], json.dumps(package)


def client_token(partner: Partner) -> str:
    return str(partner.client_token("catalog.read").json()["access_token"])
