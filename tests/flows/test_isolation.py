"""Partners are strangers: with another's identifier each gets the answer of one that is not.

The matrix is generated from the committed contract and from the dialect's own tables, so a new
operation without an entry here fails the suite.
"""

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from partners import find
from tests.flows.browser import Browser
from tests.flows.customer import Customer, tokens
from tests.flows.lantu import LantuClient
from tests.flows.partner import RIDE, Partner, code_in, fen, line_of
from tests.flows.server import ROOT
from tests.flows.stage import Stage, fresh

CONTRACT = json.loads((ROOT / "contracts" / "v1" / "openapi.json").read_text())
METHODS = ("get", "post", "put", "patch", "delete")
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
INTERACTION = str(uuid.UUID(int=7))
RIDE_WISH = {"instructed_amount": fen(RIDE), "end_to_end_id": "isolation"}


@dataclass(frozen=True)
class Entry:
    """Whose the identifier is, what it names, and what a call with it sends."""

    names: str
    content: Any = None
    # What belongs to nobody answers everybody alike.
    is_owned: bool = True


ENTRIES: dict[tuple[str, str, str], Entry] = {
    ("get", "/v1/accounts/{account_id}/capabilities", "account_id"): Entry("account"),
    ("get", "/v1/consents/{consent_id}", "consent_id"): Entry("consent"),
    ("delete", "/v1/consents/{consent_id}", "consent_id"): Entry("consent"),
    ("post", "/v1/mandates/{mandate_id}/debits", "mandate_id"): Entry("mandate", RIDE_WISH),
    ("get", "/v1/orders/{order_id}", "order_id"): Entry("order"),
    ("get", "/v1/packages/{code}", "code"): Entry("package", is_owned=False),
    ("post", "/v1/packages/{code}/qualifications", "code"): Entry("package", is_owned=False),
    ("post", "/v1/packages/{code}/quotes", "code"): Entry("package", is_owned=False),
    ("get", "/v1/public/packages/{code}", "code"): Entry("package", is_owned=False),
    ("get", "/v1/payments/{payment_id}", "payment_id"): Entry("payment"),
    ("delete", "/v1/webhook-endpoints/{endpoint_id}", "endpoint_id"): Entry("endpoint"),
}
SPOKEN = {
    ("lantu.package.query", "package_code"): Entry("package", is_owned=False),
    ("lantu.order.query", "order_no"): Entry("order"),
    ("lantu.account.capability.query", "account_no"): Entry("account"),
    ("lantu.mandate.debit", "mandate_no"): Entry("mandate", {"total_amount": "3.00"}),
    ("lantu.payment.query", "trade_no"): Entry("payment"),
}
OWNED = [key for key, entry in ENTRIES.items() if entry.is_owned]
CALLERS = ("another partner", "another partner's customer", "another customer")


@dataclass(frozen=True)
class Everybody:
    """Partner A's things by what they are, its own access, and the strangers' real tokens."""

    ids: dict[str, str]
    access: str
    own_token: str
    strangers: dict[str, tuple[Partner, str]]
    stranger_grant: str


@pytest.fixture(scope="session")
def everybody(stage: Stage) -> Everybody:
    granted, order = stage.ordered(next(stage.customers))
    access, mandate_id = granted["access_token"], line_of(order, "ride")["mandate_id"]
    payment = stage.partner.debit(access, mandate_id, fresh("ride")).json()
    ids = {
        "account": line_of(order, "purse")["account_id"],
        "consent": order["consent_id"],
        "endpoint": stage.endpoint(f"/{fresh('isolation')}")["endpoint_id"],
        "mandate": mandate_id,
        "order": order["order_id"],
        "package": order["package"],
        "payment": payment["payment_id"],
    }
    theirs = tokens(stage.stranger, next(stage.customers))["access_token"]
    placed = stage.stranger.place_order(theirs, fresh("order"), "theirs")
    assert placed.status_code == 201, placed.text
    given = stage.stranger.call("POST", "/v1/grant-handles", theirs, {"dialect": "lantu"})
    strangers = {
        "another partner": (stage.stranger, stage.stranger.client_token().json()["access_token"]),
        "another partner's customer": (stage.stranger, theirs),
        "another customer": (
            stage.partner,
            tokens(stage.partner, next(stage.customers))["access_token"],
        ),
    }
    return Everybody(ids, access, stage.token(), strangers, given.json()["grant_handle"])


def identifiers(contract: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Every parameter in the path of every operation of a contract."""
    return {
        (method, path, parameter["name"])
        for path, operations in contract["paths"].items()
        for method in METHODS
        for parameter in operations.get(method, {}).get("parameters", [])
        if parameter["in"] == "path"
    }


def nobodys(identifier: str) -> str:
    """An identifier of the same shape that nothing has."""
    kind = identifier.partition("_")[0]
    return f"{kind}_{''.join(random.SystemRandom().choices(ALPHABET, k=26))}"


# The time, the next nonce, and a signature over the time and over what is repeated.
FRESH = {"date", "dpop-nonce", "content-digest", "signature", "signature-input"}


def told(answer: httpx.Response, identifier: str) -> tuple[int, list[tuple[str, str]], str]:
    """All of an answer but what is fresh in each, and whatever it repeats of the question."""
    headers = [(name, text) for name, text in answer.headers.items() if name not in FRESH]
    return answer.status_code, headers, answer.text.replace(identifier, "{identifier}")


def test_every_identifier_of_the_contract_has_an_entry() -> None:
    assert identifiers(CONTRACT) == set(ENTRIES)


def test_a_new_operation_would_be_missed() -> None:
    parameter = {"name": "refund_id", "in": "path"}
    path = "/v1/refunds/{refund_id}"
    grown = {"paths": CONTRACT["paths"] | {path: {"get": {"parameters": [parameter]}}}}
    assert identifiers(grown) - set(ENTRIES) == {("get", path, "refund_id")}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("key", OWNED, ids=lambda key: f"{key[0]} {key[1]}")
def test_a_strangers_identifier_answers_as_none(
    stage: Stage, everybody: Everybody, key: tuple[str, str, str], caller: str
) -> None:
    method, path, parameter = key
    entry = ENTRIES[key]
    partner, token = everybody.strangers[caller]
    identifier = everybody.ids[entry.names]

    def answer(asked: str) -> tuple[int, list[tuple[str, str]], str]:
        target = path.replace(f"{{{parameter}}}", asked)
        found = partner.call(
            method.upper(), target, token, entry.content,
            key=fresh("key"), interaction_id=INTERACTION,
        )  # fmt: skip
        return told(found, asked)

    heard = answer(identifier)
    assert heard == answer(nobodys(identifier))
    assert heard[0] in (403, 404)
    if heard[0] == 403:
        assert "oauth.insufficient_scope" in heard[2]
    else:
        assert answer("nothing")[0] == 404
    its_owner_still_has_it(stage, everybody, entry.names)


def its_owner_still_has_it(stage: Stage, everybody: Everybody, names: str) -> None:
    partner, ids = stage.partner, everybody.ids
    if names == "endpoint":
        listed = partner.call("GET", "/v1/webhook-endpoints", everybody.own_token).json()
        assert ids["endpoint"] in [each["endpoint_id"] for each in listed["endpoints"]]
        return
    path = {
        "account": f"/v1/accounts/{ids['account']}/capabilities",
        "consent": f"/v1/consents/{ids['consent']}",
        "mandate": f"/v1/orders/{ids['order']}",
        "order": f"/v1/orders/{ids['order']}",
        "payment": f"/v1/payments/{ids['payment']}",
    }[names]
    found = partner.call("GET", path, everybody.access)
    assert found.status_code == 200, found.text
    assert found.json().get("status", "active") in ("active", "settled")


def test_at_least_one_stranger_has_the_scope_for_each(everybody: Everybody) -> None:
    for method, path, parameter in OWNED:
        entry = ENTRIES[method, path, parameter]
        statuses = set()
        for partner, token in everybody.strangers.values():
            target = path.replace(f"{{{parameter}}}", nobodys(everybody.ids[entry.names]))
            answer = partner.call(method.upper(), target, token, entry.content, key=fresh("key"))
            statuses.add(answer.status_code)
        assert 404 in statuses, path


def test_the_catalogue_is_everybodys(everybody: Everybody) -> None:
    path = f"/v1/packages/{everybody.ids['package']}"
    partner, token = everybody.strangers["another partner"]
    assert partner.call("GET", path, token).status_code == 200


def test_a_strangers_idempotency_key_is_no_key(stage: Stage, customer: Customer) -> None:
    key = fresh("order")
    mine = tokens(stage.partner, customer)["access_token"]
    order = stage.partner.place_order(mine, key, "trip").json()
    theirs = tokens(stage.stranger, customer)["access_token"]
    placed = stage.stranger.place_order(theirs, key, "trip")
    assert placed.status_code == 201
    assert "idempotent-replayed" not in placed.headers
    assert placed.json()["order_id"] != order["order_id"]


def test_a_feed_holds_its_partners_events_alone(stage: Stage, everybody: Everybody) -> None:
    mine = set(everybody.ids.values()) - {everybody.ids["package"]}
    partner, token = everybody.strangers["another partner"]
    for after in ("", "1"):
        page = partner.call("GET", f"/v1/events?limit=200&after={after}", token)
        assert page.status_code == 200
        assert not any(identifier in page.text for identifier in mine)
    listed = partner.call("GET", "/v1/webhook-endpoints", token)
    assert everybody.ids["endpoint"] not in listed.text


# ---- credentials ---------------------------------------------------------------------------


def test_a_strangers_credentials_answer_as_none(stage: Stage, customer: Customer) -> None:
    partner, stranger = stage.partner, stage.stranger
    _, pushed = partner.push()
    assert pushed is not None
    code = customer.approve(Browser(partner.line), pushed, partner.line.issuer)
    granted = tokens(partner, customer)
    cases: list[tuple[str, Callable[[str], httpx.Response], int]] = [
        (code, lambda text: stranger.exchange(text, pushed), 400),
        (granted["refresh_token"], stranger.refresh, 400),
        (granted["access_token"], stranger.revoke_token, 200),
        (granted["refresh_token"], stranger.revoke_token, 200),
        (granted["access_token"], lambda text: introspected(stranger, text), 200),
        (granted["refresh_token"], lambda text: introspected(stranger, text), 200),
    ]
    for credential, call, status in cases:
        heard = without_interaction(call(credential))
        assert heard == without_interaction(call("A" * len(credential)))
        assert heard[0] == status
    # Nothing of it was used up or ended.
    assert partner.exchange(code, pushed).status_code == 200
    assert partner.refresh(granted["refresh_token"]).status_code == 200
    live = partner.call("GET", "/v1/orders/none", granted["access_token"])
    assert live.status_code == 404


def introspected(partner: Partner, token: str) -> httpx.Response:
    return partner.oauth("/oauth/introspect", {"token": token})


def without_interaction(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], str]:
    status, headers, text = told(answer, answer.headers["x-fapi-interaction-id"])
    return status, [each for each in headers if each[0] != "x-fapi-interaction-id"], text


def test_a_strangers_token_cannot_be_used_with_ones_own_key(
    stage: Stage, everybody: Everybody
) -> None:
    path = f"/v1/orders/{everybody.ids['order']}"
    answer = stage.stranger.call("GET", path, everybody.access)
    assert (answer.status_code, answer.json()["code"]) == (401, "oauth.invalid_token")


# ---- the bank's pages ----------------------------------------------------------------------


def test_a_strangers_consent_has_no_page(stage: Stage, everybody: Everybody) -> None:
    someone = next(stage.customers)
    browser = Browser(stage.partner.line)
    someone.sign_in(browser, browser.open("/sign-in"))
    own = tokens(stage.partner, someone, browser)
    consent_id = tokens_consent(stage.partner, own["access_token"])
    shown = browser.open(f"/consents/{consent_id}/revoke")
    identifier = everybody.ids["consent"]
    heard = []
    for asked in (identifier, nobodys(identifier)):
        page = browser.open(f"/consents/{asked}/revoke")
        form = browser.fill(shown, "revoke")
        sent = browser.send(type(form)(f"/consents/{asked}/revoke", form.body))
        heard.append([(each.status, spoken(each.text, asked)) for each in (page, sent)])
    assert heard[0] == heard[1]
    assert [status for status, _ in heard[0]] == [404, 404]
    its_owner_still_has_it(stage, everybody, "consent")


def tokens_consent(partner: Partner, access: str) -> str:
    placed = partner.place_order(access, fresh("order"), "pages")
    assert placed.status_code == 201, placed.text
    return str(placed.json()["consent_id"])


def spoken(text: str, identifier: str) -> str:
    """A page's words without the reference that every error has of its own."""
    words = text.replace(identifier, "").split()
    return " ".join(word for word in words if not is_reference(word))


def is_reference(word: str) -> bool:
    try:
        uuid.UUID(word.strip(".,"))
    except ValueError:
        return False
    return True


def test_a_strangers_request_opens_in_no_browser(stage: Stage, customer: Customer) -> None:
    partner, stranger = stage.partner, stage.stranger
    _, pushed = partner.push()
    assert pushed is not None
    heard = []
    for request_uri in (pushed.request_uri, pushed.request_uri[:-8] + "AAAAAAAA"):
        theirs = type(pushed)(stranger.client_id, request_uri, "", "")
        page = Browser(stranger.line).open(theirs.path)
        heard.append((page.status, spoken(page.text, request_uri)))
    assert heard[0] == heard[1]
    assert heard[0][0] == 400
    # And a page that one browser has open is not there for another.
    mine = Browser(partner.line)
    shown = mine.open(pushed.path)
    flow_id = shown.path.partition("flow=")[2]
    for path in ("/sign-in", "/consent", "/done"):
        pages = [
            Browser(partner.line).open(f"{path}?flow={asked}")
            for asked in (flow_id, nobodys(flow_id))
        ]
        assert pages[0].status == pages[1].status == 400
        assert spoken(pages[0].text, flow_id) == spoken(pages[1].text, flow_id)
    assert code_in(
        customer.agree(mine, customer.sign_in(mine, shown)).location, pushed, partner.line.issuer
    )


# ---- the dialect ---------------------------------------------------------------------------


def test_every_identifier_of_the_dialect_has_an_entry() -> None:
    dialect = find("lantu")
    assert dialect is not None
    found = {
        (operation.theirs, field.theirs)
        for operation in dialect.operations
        for field in operation.parameters
    }
    assert found == set(SPOKEN)


@pytest.mark.parametrize(
    "key", [key for key, entry in SPOKEN.items() if entry.is_owned], ids=lambda key: key[0]
)
def test_the_dialect_tells_no_more(
    stage: Stage, everybody: Everybody, key: tuple[str, str]
) -> None:
    method, parameter = key
    entry = SPOKEN[key]
    identifier = everybody.ids[entry.names]

    def answer(client: LantuClient, grant: str, asked: str) -> dict[str, Any]:
        content = {parameter: asked} | (entry.content or {})
        if entry.content is not None:
            content["out_trade_no"] = fresh("trade")
        return client.ask(method, content, grant)

    stranger, grant = stage.lantu_of_stranger, everybody.stranger_grant
    heard = answer(stranger, grant, identifier)
    assert heard == answer(stranger, grant, nobodys(identifier))
    assert heard["sub_code"] == "ACQ.RESOURCE_NOT_FOUND"
    its_owner_still_has_it(stage, everybody, entry.names)
