"""The revocation soak: two processes, one database; what ends on one is dead on the other."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx

from gateway.cli.operations import opened
from gateway.database import Unit
from gateway.kit import ids
from gateway.oauth.binding import Binding
from gateway.oauth.identity.claims import KeptClaims
from gateway.oauth.service import TWO_FACTOR
from gateway.oauth.tokens import Grant, store_customer_tokens, token_answer
from gateway.products.service import DisclosureRules, load_types
from gateway.rooms import Rooms
from tests.agreed import texts_read
from tests.flows.browser import Browser
from tests.flows.customer import Customer
from tests.flows.partner import CUSTOMER_SCOPE, Partner, wallet
from tests.flows.server import House, house
from tests.flows.wire import Line
from tests.ports import free_port
from tests.soak.stage import Cast, hire, settings_of
from tests.soak.tale import BrokenPromise

KINDS = ("by the customer", "given back", "access token", "refresh token")
RACE = "while refreshing"
_PARTNERS = 10
# As many again of these races, of which only the sum of both answers can be judged.
_RACES_SHARE = 0.2


@dataclass(frozen=True)
class Held:
    """A consent with the tokens that rest on it, and who holds and gave them."""

    partner: Partner
    customer: Customer
    consent_id: str
    access: str
    refresh: str


@dataclass
class Figures:
    """What a run came to."""

    seed: int
    ended: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def lines(self) -> list[str]:
        """The figures, for a note."""
        ways = ", ".join(f"{count} {kind}" for kind, count in sorted(self.ended.items()))
        calls = ", ".join(f"{count} {kind}" for kind, count in sorted(self.refused.items()))
        return [
            f"revocations: seed {self.seed}, {self.ended.total()} on one of two processes ({ways}) "
            f"in {self.seconds:.0f} s",
            f"revocations: next calls on the other process: {len(self.accepted)} accepted, "
            f"refused: {calls}",
            *self.accepted[:10],
        ]


class RevocationSoak:
    """Ends what is held on one process, and calls the other at once."""

    def __init__(self, lines: tuple[Line, Line], figures: Figures) -> None:
        self._lines = lines
        self._chance = random.Random(figures.seed)
        self._browsers: dict[str, Browser] = {}
        self.figures = figures

    def run(self, held: list[Held]) -> None:
        """Ends each once, the kinds mixed evenly; records what was still accepted."""
        started = time.monotonic()
        races = round(len(held) * _RACES_SHARE / (1 + _RACES_SHARE))
        kinds = [KINDS[number % len(KINDS)] for number in range(len(held) - races)]
        kinds += [RACE] * races
        self._chance.shuffle(kinds)
        with ThreadPoolExecutor(2) as threads:
            for one, kind in zip(held, kinds, strict=True):
                here, there = self._chance.sample(self._lines, 2)
                if kind == RACE:
                    self._race(one, here, there, threads)
                else:
                    self._end(one, kind, here, there)
                self.figures.ended[kind] += 1
        self.figures.seconds = time.monotonic() - started

    def _end(self, held: Held, kind: str, here: Line, there: Line) -> None:
        partner, other = held.partner.through(here), held.partner.through(there)
        path = f"/v1/consents/{held.consent_id}"
        # The other process has seen everything live just now, and may have kept it.
        _expect(other.call("GET", path, held.access), 200)
        if kind == "refresh token":
            _expect(other.refresh(held.refresh), 200)
        ways: dict[str, Callable[[], object]] = {
            "by the customer": lambda: self._take_back(held, here),
            "given back": lambda: _expect(partner.call("DELETE", path, held.access), 204),
            "access token": lambda: _expect(partner.revoke_token(held.access), 200),
            "refresh token": lambda: _expect(partner.revoke_token(held.refresh), 200),
        }
        calls: dict[str, Callable[[], httpx.Response]] = {
            "read": lambda: other.call("GET", path, held.access),
            "order": lambda: other.place_order(held.access, held.consent_id, "late"),
            "refresh": lambda: other.refresh(held.refresh),
        }
        if kind == "access token":
            # The refresh token lives on, as RFC 7009 lets it.
            del calls["refresh"]
        first = self._chance.choice(sorted(calls))
        ways[kind]()
        for name in (first, *(name for name in calls if name != first)):
            self._judge(f"{name} after {kind}", calls[name]())

    def _race(self, held: Held, here: Line, there: Line, threads: ThreadPoolExecutor) -> None:
        """A refresh and the end of its token at once: what it still gave out is dead as well."""
        refreshing = threads.submit(held.partner.through(there).refresh, held.refresh)
        ending = threads.submit(held.partner.through(here).revoke_token, held.refresh)
        _expect(ending.result(), 200)
        answer = _expect(refreshing.result(), 200, 400)
        tokens = [held.access]
        if answer.status_code == 200:
            tokens.append(answer.json()["access_token"])
        path = f"/v1/consents/{held.consent_id}"
        for token in tokens:
            self._judge(f"read after {RACE}", held.partner.through(there).call("GET", path, token))

    def _take_back(self, held: Held, here: Line) -> None:
        known = self._browsers.setdefault(held.customer.login, Browser(here))
        page = held.customer.take_back(known.through(here), held.consent_id)
        if page.status != 200:
            raise BrokenPromise(f"taking back led to {page.status}: {page.text}")

    def _judge(self, call: str, answer: httpx.Response) -> None:
        refused = answer.status_code == 401 or (
            answer.status_code == 400 and answer.json().get("error") == "invalid_grant"
        )
        if refused:
            self.figures.refused[call.split()[0]] += 1
        else:
            self.figures.accepted.append(
                f"ACCEPTED {call}: {answer.status_code} {answer.text[:80]}"
            )


def run(postgres_url: str, *, count: int, seed: int) -> Figures:
    """Raises ``BrokenPromise`` when a call was accepted after the end of what it rested on."""
    figures = Figures(seed)
    with two_processes(postgres_url, count + round(count * _RACES_SHARE)) as (lines, held):
        RevocationSoak(lines, figures).run(held)
    if figures.accepted:
        raise BrokenPromise("\n".join(figures.lines))
    return figures


@contextmanager
def two_processes(postgres_url: str, count: int) -> Iterator[tuple[tuple[Line, Line], list[Held]]]:
    """A line to each of two processes that are one gateway, and so many consents with tokens."""
    with house("postgresql", postgres_url) as built, ExitStack() as stack:
        cast = hire(built, _PARTNERS)
        held = asyncio.run(_grant_all(built, cast, count))
        first, second = (
            Line(built.issuer, stack.enter_context(built.serving(port)))
            for port in (built.port, free_port())
        )
        yield (first, second), held


async def _grant_all(built: House, cast: Cast, count: int) -> list[Held]:
    """Consents and tokens straight through the services, as approving and exchanging make them."""
    async with opened(settings_of(built)) as rooms:
        line = Line(built.issuer)
        clients = [Partner(line, *client) for client in cast.clients]
        pairs = [
            (clients[number // _PARTNERS % _PARTNERS], cast.customers[number % _PARTNERS])
            for number in range(count)
        ]
        return list(await asyncio.gather(*(_grant(rooms, *pair) for pair in pairs)))


async def _grant(rooms: Rooms, partner: Partner, customer: Customer) -> Held:
    at = rooms.clock.now()
    client = await rooms.onboarding.find(partner.client_id)
    assert client is not None
    unit = Unit("soak.grant")
    consent_id = rooms.consents.grant(
        unit,
        partner_id=client.partner_id,
        client_id=client.client_id,
        customer_id=customer.customer_id,
        scope=CUSTOMER_SCOPE,
        authorization_details=wallet(),
        acr=TWO_FACTOR,
        amr=("pin", "otp"),
        at=at,
        read=texts_read(rooms.catalogue, DisclosureRules(load_types(), rooms.rules), wallet(), at),
    )
    answer = token_answer(CUSTOMER_SCOPE, refreshable=True)
    grant = Grant(
        client_id=client.client_id,
        consent_id=consent_id,
        customer_id=customer.customer_id,
        subject=f"soak-{consent_id}",
        code_digest=ids.digest(ids.new_secret()),
        scope=CUSTOMER_SCOPE,
        details=tuple(wallet()),
        acr=TWO_FACTOR,
        amr=("pin", "otp"),
        authenticated_at=at,
        claims=KeptClaims(),
    )
    binding = Binding("jkt", str(partner.keys.dpop.thumbprint()))
    store_customer_tokens(unit, answer, grant, binding=binding, at=at)
    await rooms.database.commit(unit)
    return Held(partner, customer, consent_id, answer["access_token"], answer["refresh_token"])


def _expect(answer: httpx.Response, *statuses: int) -> httpx.Response:
    if answer.status_code not in statuses:
        raise BrokenPromise(
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        )
    return answer
