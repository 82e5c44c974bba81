"""A partner's endpoint on loopback, and a webhook room wired to real parts."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import msgspec

from contracts.v1.webhooks import WebhookEndpoint, WebhookEndpointRequest
from gateway.audit.service import Audit
from gateway.database import Database, Query, Unit
from gateway.events.service import Events
from gateway.kit import http
from gateway.kit.caller import Caller
from gateway.kit.key_store import MemoryKeyStore
from gateway.kit.vault import Vault
from gateway.rules.service import load_book
from gateway.webhooks.attempts import Courier
from gateway.webhooks.fanout import Fanout
from gateway.webhooks.service import Webhooks
from gateway.webhooks.worker import WebhookWorker
from partners import find
from tests.conftest import SetClock

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
KEYS = MemoryKeyStore()
# Loading the trust store takes 20 ms; the tests share one.
Sender = partial(http.Sender, tls=ssl.create_default_context())


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Received(msgspec.Struct):
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Gives each answer once, then the last one for ever; an empty answer is silence."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.received: list[Received] = []
        self.port = 0
        self.arrival = asyncio.Event()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}/events"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
                headers = {name.lower(): value for name, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                self.received.append(Received(headers, body))
                said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                self.arrival.set()
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*answers: bytes) -> AsyncIterator[Receiver]:
    receiver = Receiver(list(answers or [OK]))
    listener = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = listener.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        listener.close()


class DeliveryState(msgspec.Struct, frozen=True):
    status: str
    attempts: int
    due_at: datetime
    outcome: str | None


class AttemptState(msgspec.Struct, frozen=True):
    number: int
    answer_status: int | None
    outcome: str


DELIVERIES = Query(
    "select status, attempts, due_at, outcome from webhook_delivery order by ordinal", DeliveryState
)
ATTEMPTS = Query(
    "select number, answer_status, outcome from webhook_attempt order by delivery, number",
    AttemptState,
)


class TestKey(msgspec.Struct, frozen=True):
    """A partner's key for a dialect."""

    __test__ = False
    client_id: str
    private_key_pem: str


class Room:
    """The whole webhook room over a database, with one partner's words at hand."""

    def __init__(self, database: Database, clock: SetClock, *places: str) -> None:
        self.database = database
        self.clock = clock
        self.events = Events(database)
        self.audit = Audit(load_book())
        self.vault = Vault(KEYS)
        self.sender = Sender(listed=places)
        self.keys: dict[tuple[str, str], TestKey] = {}
        self.webhooks = Webhooks(
            database,
            audit=self.audit,
            sender=self.sender,
            vault=self.vault,
            find_dialect=find,
            dialect_key=self.dialect_key,
        )
        self.worker = self.make_worker()

    def make_worker(
        self,
        *,
        timeout_seconds: float = 2.0,
        chance: Callable[[], float] = lambda: 0.0,
        stop_grace_seconds: float = 1.0,
    ) -> WebhookWorker:
        fanout = Fanout(
            self.database,
            events=self.events,
            find_dialect=find,
            dialect_key=self.dialect_key,
        )
        courier = Courier(
            sender=self.sender,
            vault=self.vault,
            find_dialect=find,
            timeout_seconds=timeout_seconds,
        )
        return WebhookWorker(
            self.database,
            fanout=fanout,
            courier=courier,
            audit=self.audit,
            find_dialect=find,
            clock=self.clock,
            chance=chance,
            stop_grace_seconds=stop_grace_seconds,
        )

    async def dialect_key(self, partner_id: str, dialect: str) -> TestKey | None:
        return self.keys.get((partner_id, dialect))

    def caller(self, partner_id: str = "par_a") -> Caller:
        return Caller(
            partner_id=partner_id,
            client_id=f"cli_{partner_id}",
            scope=frozenset({"event.subscribe"}),
            at=self.clock.now(),
            interaction_id="",
        )

    async def register(
        self,
        receiver: Receiver,
        partner_id: str = "par_a",
        voice: str = "standard-webhooks",
        path: str = "",
    ) -> WebhookEndpoint:
        wanted = WebhookEndpointRequest(receiver.url + path, voice)
        return await self.webhooks.register(self.caller(partner_id), wanted)

    async def record(
        self,
        resource_id: str = "acc_1",
        partner_id: str = "par_a",
        type: str = "account.opened",
    ) -> str:
        unit = Unit("test")
        event_id = self.events.record(
            unit,
            type=type,
            partner_id=partner_id,
            resource_type="account",
            resource_id=resource_id,
            content={"note": "零钱 &=%+"},
            at=self.clock.now(),
        )
        await self.database.commit(unit)
        return event_id

    async def deliveries(self) -> list[DeliveryState]:
        return await self.database.all(DELIVERIES)

    async def attempts(self) -> list[AttemptState]:
        return await self.database.all(ATTEMPTS)


@asynccontextmanager
async def room(database: Database, clock: SetClock, *receivers: Receiver) -> AsyncIterator[Room]:
    opened = Room(database, clock, *(receiver.place for receiver in receivers))
    try:
        yield opened
    finally:
        await opened.sender.close()
