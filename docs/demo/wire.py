"""The line between a partner and the bank: sends requests, times them, remembers what to tell.

This is also the only place where a sabotaged demo differs from an honest one: the spoiler stands
on the line, as a fault or an attacker would, and no step knows whether it is there.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

TIMEOUT_SECONDS = 20.0
LONGEST_REASON = 300


class Broken(Exception):
    """A step did not come out as claimed; the text says how, for a person."""


@dataclass(frozen=True)
class Ask:
    """One request as it goes onto the line; ``headers`` is its own to change."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """One answer as it comes off the line; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


NOTHING = Reply(0, {}, b"")


def is_nonce_challenge(reply: Reply) -> bool:
    """Whether the server wants the request again, with its nonce in the DPoP proof."""
    if reply.status == 401:
        return 'error="use_dpop_nonce"' in reply.headers.get("www-authenticate", "")
    return reply.status == 400 and b'"use_dpop_nonce"' in reply.body


@dataclass
class Exchange:
    """A request with its answer, and the telling fields of both for the screen."""

    asked: str
    asked_fields: list[str]
    reply: Reply = NOTHING
    milliseconds: float = 0.0
    told: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The answer's document; ``Broken`` when it is not JSON."""
        try:
            return json.loads(self.reply.body)
        except ValueError:
            raise Broken(f"{self.asked} answered something that is not JSON") from None

    def tell(self, *fields: str) -> None:
        """Adds fields of the answer to what the screen shows."""
        self.told += fields

    def expect(self, *statuses: int) -> "Exchange":
        """The exchange itself when its status is one of these; else ``Broken`` with the reason."""
        if self.reply.status not in statuses:
            wanted = " or ".join(str(status) for status in statuses)
            raise Broken(
                f"{self.asked} answered {self.reply.status}, expected {wanted}: {self._reason()}"
            )
        return self

    def _reason(self) -> str:
        try:
            document = json.loads(self.reply.body)
            names = ("code", "error", "detail", "error_description", "field", "title")
            told = [f"{name}: {document[name]}" for name in names if document.get(name)]
            if told:
                return "; ".join(told)
        except (ValueError, AttributeError):
            pass
        return " ".join(self.reply.body.decode(errors="replace").split())[:LONGEST_REASON]


@dataclass(frozen=True)
class Spoiler:
    """What goes wrong on the line during one step, and how that is said on the screen.

    ``where`` is part of what it waits for, the address and, on the next line, the body; it strikes
    once. ``inbound`` spoilers wait for what comes by itself, from the first step on.
    """

    says: str
    where: str = ""
    inbound: bool = False
    ask: Callable[[Ask], Ask] | None = None
    reply: Callable[[Reply], Reply] | None = None


class Wire:
    """Sends and remembers; follows no redirect and keeps no cookie, callers do that openly."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
        self._exchanges: list[Exchange] = []
        self._spoiler: Spoiler | None = None

    def arm(self, spoiler: Spoiler | None) -> None:
        """Puts a spoiler on the line until it has struck, or takes it off."""
        self._spoiler = spoiler

    def take_exchanges(self) -> list[Exchange]:
        """What went over the line since this was last asked."""
        taken, self._exchanges = self._exchanges, []
        return taken

    def note(self, exchange: Exchange) -> None:
        """Remembers something that came in by another door, such as a delivered event."""
        self._exchanges.append(exchange)

    def send(self, ask: Ask, *fields: str) -> Exchange:
        """One request and its answer, whatever the status; ``fields`` tell of the request."""
        spoiler = self._strike(ask.url.encode() + b"\n" + ask.body, inbound=False)
        if spoiler and spoiler.ask:
            ask = spoiler.ask(replace(ask, headers=dict(ask.headers)))
        asked = f"{ask.method} {httpx.URL(ask.url).path}"
        started = time.perf_counter()
        try:
            answer = self._client.request(
                ask.method, ask.url, headers=ask.headers, content=ask.body
            )
        except httpx.HTTPError as error:
            raise Broken(f"{asked} got no answer: {error!r}") from None
        milliseconds = (time.perf_counter() - started) * 1000
        # Otherwise one person's cookies would travel with everybody's next request.
        self._client.cookies.clear()
        reply = Reply(
            answer.status_code,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.content,
            tuple(answer.headers.get_list("set-cookie")),
        )
        if spoiler and is_nonce_challenge(reply):
            # Only the question for a nonce came back: the fault waits for the request itself.
            self._spoiler = spoiler
        elif spoiler and spoiler.reply:
            reply = spoiler.reply(reply)
        exchange = Exchange(asked, list(fields), reply, milliseconds)
        self._exchanges.append(exchange)
        return exchange

    def receive(self, reply: Reply) -> Reply:
        """What somebody handed to us, with the spoiler's hand on it if it waits for that."""
        spoiler = self._strike(reply.body, inbound=True)
        return spoiler.reply(reply) if spoiler and spoiler.reply else reply

    def _strike(self, traffic: bytes, *, inbound: bool) -> Spoiler | None:
        spoiler = self._spoiler
        if spoiler is None or spoiler.inbound != inbound or spoiler.where.encode() not in traffic:
            return None
        self._spoiler = None
        return spoiler
