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

from tests.flows.browser import Browser
from tests.flows.customer import Customer, tokens
from tests.flows.partner import ASSERTION_TYPE, Partner
from tests.flows.server import free_port, house
from tests.flows.wire import Line

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
    """Two processes that are one gateway, a partner, and a customer."""

    lines: tuple[Line, Line]
    partner: Partner
    customer: Customer

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
        (customer,) = built.customers(1)
        lines = tuple(
            Line(built.issuer, stack.enter_context(built.serving(port)))
            for port in (built.port, free_port())
        )
        # The first answer brings the nonce that every later proof carries.
        assert partner.client_token().status_code == 200
        yield Pair((lines[0], lines[1]), partner, customer)


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
    denial = browser.fill(page, "deny")
    cookies = "; ".join(f"{name}={text}" for name, text in browser.cookies.items())
    headers = {"Cookie": cookies, "Origin": partner.line.issuer}
    requests = [Request(denial.path, denial.body, headers)] * AT_ONCE
    found = pair.at_once("one request_uri", requests)
    assert found["sent back"] == 1
    # Whoever comes later is told so, by a page or on the way to one.
    assert found.keys() <= {"sent back", "told that it is over", "400"}
