"""A partner's address that keeps every message whole and acknowledges as a dialect wants it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# The vendor's client answers these seven letters; a native receiver's answer is never read.
ACKNOWLEDGEMENT = b"success"
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True)
class Letter:
    """One message with all its headers, their names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Mailbox:
    """Listens on a port of its own until it is closed; answers every message the same."""

    def __init__(self) -> None:
        self._letters: list[Letter] = []
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Slot)
        self._server.mailbox = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def place(self) -> str:
        """``host:port``, as an operator lists it."""
        return f"127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        """The address to register."""
        return f"http://{self.place}{path}"

    def put(self, letter: Letter) -> None:
        """Keeps a message."""
        with self._arrived:
            self._letters.append(letter)
            self._arrived.notify_all()

    def first(self, path: str, *words: str) -> Letter:
        """The first message at the path that holds all the words; fails when none comes in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._arrived:
            while True:
                for letter in self._letters:
                    if letter.path == path and all(word.encode() in letter.body for word in words):
                        return letter
                left = deadline - time.monotonic()
                assert left > 0, f"nothing with {words} arrived at {path}"
                self._arrived.wait(left)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    mailbox: Mailbox


class _Slot(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.mailbox.put(Letter(self.path, headers, body))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(ACKNOWLEDGEMENT)))
        self.end_headers()
        self.wfile.write(ACKNOWLEDGEMENT)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def collecting() -> Iterator[Mailbox]:
    """A mailbox until the block ends."""
    mailbox = Mailbox()
    try:
        yield mailbox
    finally:
        mailbox.close()
