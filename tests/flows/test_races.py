"""Two hundred at once over two processes on PostgreSQL: of what may happen once, one happens."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest

from tests.flows.browser import Browser, Post
from tests.flows.customer import Customer, tokens
from tests.flows.partner import ASSERTION_TYPE, Partner
from tests.flows.server import house
from tests.flows.wire import Line
from tests.ports import free_port

AT_ONCE = 200
CONNECTIONS = 25
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Request:
    """A form on its way, with the headers it needs."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Pair:
    """Two processes that are one gateway, a partner, a customer, and one to lock out."""

    lines: tuple[Line, Line]
    partner: Partner
    customer: Customer
    forgetful: Customer

    def at_once(self, kind: str, requests: Sequence[Request]) -> Counter[str]:
        """What became of requests sent to both in turn; a figure is printed for the note."""
        begun = time.perf_counter()
        answers = asyncio.run(_all(self.lines, requests))
        seconds = time.perf_counter() - begun
        found = Counter(map(_outcome, answers))
        print(
            f"race over two processes: {kind}: {dict(found)} of {len(answers)} in {seconds:.2f} s"
        )
        return found

    def form(self, path: str, proof: str | None = None, **fields: str) -> Request:
        """An authenticated form with a proof of its own, or the given one."""
        partner = self.partner
        authenticated = {
            "client_id": partner.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": partner.assertion(),
        }
        body = urlencode(authenticated | fields).encode()
        return Request(path, body, {"DPoP": proof or partner.proof("POST", path)})


async def _all(lines: Sequence[Line], requests: Sequence[Request]) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with (
        httpx.AsyncClient(base_url=lines[0].address, limits=limits, timeout=30) as first,
        httpx.AsyncClient(base_url=lines[1].address, limits=limits, timeout=30) as second,
    ):
        return await asyncio.gather(
            *(
                (first, second)[place % 2].post(
                    each.path, headers=FORM | each.headers, content=each.body
                )
                for place, each in enumerate(requests)
            )
        )


def _outcome(answer: httpx.Response) -> str:
    if answer.status_code in (200, 201):
        return "won"
    if answer.status_code == 303:
        away = not answer.headers["location"].startswith("/")
        return "sent back" if away else "told that it is over"
    if answer.headers["content-type"] != "application/json":
        return str(answer.status_code)
    return str(answer.json()["error"])


@pytest.fixture(scope="module")
def pair(postgres_url: str) -> Iterator[Pair]:
    with house("postgresql", postgres_url) as built, ExitStack() as stack:
        partner = built.register("Racer", "racer.example")
        customer, forgetful = built.customers(2)
        lines = tuple(
            Line(built.issuer, stack.enter_context(built.serving(port)))
            for port in (built.port, free_port())
        )
        # The first answer brings the nonce that every later proof carries.
        assert partner.client_token().status_code == 200
        yield Pair((lines[0], lines[1]), partner, customer, forgetful)


def sent_by(browser: Browser, pair: Pair, post: Post) -> Request:
    """A filled form on its way from the browser."""
    cookies = "; ".join(f"{name}={text}" for name, text in browser.cookies.items())
    return Request(post.path, post.body, {"Cookie": cookies, "Origin": pair.lines[0].issuer})


def test_one_assertion_counts_once(pair: Pair) -> None:
    one = pair.form("/oauth/token", grant_type="client_credentials", scope="catalog.read")
    requests = [
        Request(one.path, one.body, {"DPoP": pair.partner.proof("POST", one.path)})
        for _ in range(AT_ONCE)
    ]
    found = pair.at_once("one assertion", requests)
    assert found == {"won": 1, "invalid_client": AT_ONCE - 1}


def test_one_proof_counts_once(pair: Pair) -> None:
    proof = pair.partner.proof("POST", "/oauth/token")
    own = {"grant_type": "client_credentials", "scope": "catalog.read"}
    requests = [pair.form("/oauth/token", proof, **own) for _ in range(AT_ONCE)]
    found = pair.at_once("one proof", requests)
    assert found == {"won": 1, "invalid_dpop_proof": AT_ONCE - 1}


def test_one_code_is_redeemed_once(pair: Pair) -> None:
    partner = pair.partner
    answer, pushed = partner.push()
    assert pushed is not None, answer.text
    code = pair.customer.approve(Browser(partner.line), pushed, partner.line.issuer)
    redeeming = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": partner.redirect_uri,
        "code_verifier": pushed.verifier,
    }
    requests = [pair.form("/oauth/token", **redeeming) for _ in range(AT_ONCE)]
    found = pair.at_once("one code", requests)
    assert found == {"won": 1, "invalid_grant": AT_ONCE - 1}


def test_a_refresh_token_serves_all_at_once(pair: Pair) -> None:
    held = tokens(pair.partner, pair.customer)
    renewing = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
    requests = [pair.form("/oauth/token", **renewing) for _ in range(AT_ONCE)]
    assert pair.at_once("one refresh token", requests) == {"won": AT_ONCE}


def test_one_request_is_completed_once(pair: Pair) -> None:
    partner = pair.partner
    answer, pushed = partner.push()
    assert pushed is not None, answer.text
    browser = Browser(partner.line)
    page = pair.customer.sign_in(browser, browser.open(pushed.path))
    requests = [sent_by(browser, pair, browser.fill(page, "deny"))] * AT_ONCE
    found = pair.at_once("one request_uri", requests)
    assert found["sent back"] == 1
    # Whoever comes later is told so, by a page or on the way to one.
    assert found.keys() <= {"sent back", "told that it is over", "400"}


def test_one_one_time_code_confirms_once_and_locks_nobody_out(pair: Pair) -> None:
    partner, customer = pair.partner, pair.customer
    answer, pushed = partner.push()
    assert pushed is not None, answer.text
    browser = Browser(partner.line)
    page = customer.sign_in(browser, browser.open(pushed.path))
    asked = browser.press(page, "approve")
    confirmation = browser.fill(asked, "confirm", code=asked.code)
    found = pair.at_once("one one-time code", [sent_by(browser, pair, confirmation)] * AT_ONCE)
    assert found["sent back"] == 1
    # A use that lost against its twin is no failure (decision 014): it is told so, never "wrong".
    assert found.keys() <= {"sent back", "told that it is over", "400"}
    assert tokens(partner, customer)["access_token"]


def test_failures_on_two_processes_lock_both(pair: Pair) -> None:
    browsers = [Browser(line) for line in pair.lines]
    customer = pair.forgetful
    pages = [browser.open("/sign-in") for browser in browsers]
    wrong = {"customer": customer.login, "passcode": "x" + customer.passcode[1:]}
    right = {"customer": customer.login, "passcode": customer.passcode}
    for place in (0, 1, 0, 1):
        assert browsers[place].press(pages[place], "sign-in", **wrong).status == 403
    # Four are forgiven; the fifth in a row is not.
    for place in (0, 1):
        assert browsers[place].press(pages[place], "sign-in", **right).status == 200
    browsers = [Browser(line) for line in pair.lines]
    pages = [browser.open("/sign-in") for browser in browsers]
    for place in (0, 1, 0, 1, 0):
        assert browsers[place].press(pages[place], "sign-in", **wrong).status == 403
    locked = [
        browser.press(page, "sign-in", **right)
        for browser, page in zip(browsers, pages, strict=True)
    ]
    print(f"lockout over two processes: 3 + 2 failures, then {[one.status for one in locked]}")
    assert [one.status for one in locked] == [403, 403]
    for line in pair.lines:
        fresh = Browser(line)
        assert fresh.press(fresh.open("/sign-in"), "sign-in", **right).status == 403
