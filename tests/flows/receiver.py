"""A partner's webhook endpoints on loopback: each path as its owner wants it, all of it kept."""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Arrival:
    """One message as it came in."""

    path: str
    event_id: str
    timestamp: str
    signature: str
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature is by the endpoint's secret (Standard Webhooks 1.0.0)."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = f"{self.event_id}.{self.timestamp}.".encode() + self.body
        signed = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(f"v1,{signed}", self.signature)


@dataclass(frozen=True)
class Manner:
    """How a path answers: with a status and headers, after a while."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0


class Receiver:
    """Listens on a port of its own; a path without a manner takes everything."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.manners: dict[str, Manner] = {}
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def place(self) -> str:
        """``host:port``, as an operator lists it."""
        return f"127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        """The address of an endpoint."""
        return f"http://{self.place}{path}"

    def at(self, path: str) -> list[Arrival]:
        """What came in at one path so far."""
        return [arrival for arrival in list(self.arrivals) if arrival.path == path]

    def take(self, arrival: Arrival) -> Manner:
        """Keeps a message and says how to answer it."""
        with self._changed:
            self.arrivals.append(arrival)
            self._changed.notify_all()
        return self.manners.get(arrival.path, Manner())

    def wait(self, seen: Callable[[], bool], seconds: float) -> bool:
        """Whether ``seen`` came true, looked at after every arrival, within ``seconds``."""
        with self._changed:
            return self._changed.wait_for(seen, seconds)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that breaks off is its own affair: gateways die here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        arrival = Arrival(
            path=self.path,
            event_id=self.headers.get("webhook-id", ""),
            timestamp=self.headers.get("webhook-timestamp", ""),
            signature=self.headers.get("webhook-signature", ""),
            body=body,
        )
        manner = self.server.receiver.take(arrival)
        if manner.seconds:
            time.sleep(manner.seconds)
        self.send_response(manner.status)
        for name, value in manner.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver until the block ends."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
