"""The partner's own address for events: a small server on loopback that verifies before it trusts.

Standard Webhooks 1.0.0 signs ``id.timestamp.body`` with HMAC-SHA256; a message that does not verify
is refused and never reaches the partner's books.
"""

import base64
import hashlib
import hmac
import json
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wire import Broken, Exchange, Reply, Wire

TOLERANCE_SECONDS = 300
LARGEST_BYTES = 256 * 1024
LONGEST_WAIT_SECONDS = 20.0
ACKNOWLEDGED = Reply(200, {}, b"")


@dataclass(frozen=True)
class Accepted:
    """What the verifier made of a message: the event in it, and the body to acknowledge with."""

    event: Any
    acknowledgement: bytes = b""


Verifier = Callable[[Mapping[str, str], bytes], Accepted]


class Receiver:
    """Listens from construction to ``close``; verified events queue up for the story to read."""

    def __init__(self, wire: Wire, port: int) -> None:
        self._wire = wire
        self._verify: Verifier | None = None
        # An address nobody can guess keeps strays of an earlier run out of this one.
        self._path = f"/events/{secrets.token_urlsafe(12)}"
        self._inbox: queue.Queue[Any] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _door(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The address to register."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"

    def trust(self, verify: Verifier) -> None:
        """From now on ``verify`` judges every message and raises ``Broken`` for forged ones."""
        self._verify = verify

    def next_event(self, deadline: float) -> Any:
        """The next verified event; raises ``Broken`` for a forged message, or none in time."""
        try:
            found = self._inbox.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            raise Broken("no further signed event arrived in time") from None
        if isinstance(found, Broken):
            raise found
        return found

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Judges one message and says how to answer it."""
        if path != self._path or self._verify is None:
            return Reply(404, {}, b"")
        arrived = self._wire.receive(Reply(200, dict(headers), body))
        try:
            accepted = self._verify(arrived.headers, arrived.body)
        except Broken as refusal:
            self._inbox.put(refusal)
            return Reply(401, {}, b"")
        self._inbox.put(accepted.event)
        return Reply(200, {}, accepted.acknowledgement)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


def verify_standard_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> Any:
    """The event in a message; ``Broken`` unless it is fresh and signed with our secret."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise Broken("the event's webhook-timestamp is missing or too old")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    for signature in headers.get("webhook-signature", "").split():
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(value, expected):
            return json.loads(body)
    raise Broken("the event's signature does not verify")


def note_events(wire: Wire, seen: dict[int, str], started: float, proof: str) -> None:
    """Puts what arrived on the screen."""
    milliseconds = (time.perf_counter() - started) * 1000
    told = [f"{number} {seen[number]}" for number in sorted(seen)]
    exchange = Exchange("the bank's POST to our own address", told, ACKNOWLEDGED, milliseconds)
    exchange.tell(proof, f"{len(seen)} events of the order, no gap")
    wire.note(exchange)


def _door(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(min(length, LARGEST_BYTES))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.take(self.path, headers, body)
            self.send_response(reply.status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: the story tells what arrived."""

    return Door
