"""A relay before the gateway: signs what a pact cannot hold still, and sets a partner's stage.

It also hands over the message by which the gateway told the partner of something.

Proofs, assertions and signatures are fresh for every request, so a pact has none of them.
Everything else goes through as it is, both ways, unless a test has a member renamed.
"""

import base64
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.flows.partner import ASSERTION_TYPE, Partner

STATES_PATH = "/_states"
MESSAGES_PATH = "/_messages"
DIALECTS_PATH = "/dialects/"
_JSON = [("Content-Type", "application/json")]
_ZONE = timezone(timedelta(hours=8))
# What belongs to one connection, or is written anew for the other one.
_OWN_HEADERS = {"host", "connection", "content-length", "accept-encoding", "transfer-encoding"}

SetStage = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """A request on its way to the gateway."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Signer:
    """Signs as the partner does: proof, assertion and write natively, a form in its dialect."""

    def __init__(self, partner: Partner, dialect_key: rsa.RSAPrivateKey | None = None) -> None:
        self._partner = partner
        self._dialect_key = dialect_key
        self._count = itertools.count()

    def sign(self, sent: Sent) -> Sent:
        """The request with everything that must be fresh."""
        if sent.path.startswith(DIALECTS_PATH):
            return self._in_dialect(sent)
        token = sent.headers.get("authorization", "").removeprefix("DPoP ")
        proof = self._partner.proof(sent.method, sent.path, token)
        headers = sent.headers | {"DPoP": proof}
        if not sent.path.startswith("/oauth/"):
            if sent.method != "GET":
                headers = self._partner.sign(sent.method, sent.path, headers, sent.body)
            return Sent(sent.method, sent.path, headers, sent.body)
        form = dict(parse_qsl(sent.body.decode())) | {
            "client_id": self._partner.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._partner.assertion(),
        }
        return Sent(sent.method, sent.path, headers, urlencode(form).encode())

    def is_challenged(self, sent: Sent, answer: httpx.Response) -> bool:
        """Whether the gateway only wants its nonce in the proof (RFC 9449 section 8)."""
        return self._partner.is_challenged(sent.path, answer)

    def _in_dialect(self, sent: Sent) -> Sent:
        path, _, query = sent.path.partition("?")
        text = query if sent.method == "GET" else sent.body.decode()
        signed = urlencode(self._signed_parameters(dict(parse_qsl(text))))
        if sent.method == "GET":
            return Sent("GET", f"{path}?{signed}", sent.headers, b"")
        return Sent(sent.method, sent.path, sent.headers, signed.encode())

    def _signed_parameters(self, given: dict[str, str]) -> dict[str, str]:
        assert self._dialect_key is not None, "this partner has no dialect"
        fresh = {
            "app_id": self._partner.client_id,
            "timestamp": datetime.now(_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            # The dialect has no nonce, and the same words within one second would be a replay;
            # the vendor's clients sign a name of their own, which may be any.
            "alipay_sdk": f"relay-{next(self._count)}",
        }
        pairs = sorted((given | fresh).items())
        text = "&".join(f"{name}={value}" for name, value in pairs if value)
        signature = self._dialect_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return dict(pairs) | {"sign": base64.b64encode(signature).decode()}


@dataclass
class Relay:
    """Where the verifier sends to; ``rename`` renames a member in every answer of the gateway."""

    issuer: str
    signer: Signer
    set_stage: SetStage
    tell: Callable[[], bytes]
    rename: tuple[str, str] | None = None
    unset: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def states_url(self) -> str:
        """Where the verifier asks for a state; the answer holds what only the bank can know."""
        return f"http://127.0.0.1:{self.port}{STATES_PATH}"

    def stage(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """Sets the stage for a state and returns its values, or notes why it could not be set."""
        if not asked.get("state"):
            return {}
        try:
            return self.set_stage(asked["state"])
        except Exception as failure:
            self.unset.append(f"{asked['state']}: {failure!r}")
            return None

    def forward(self, sent: Sent) -> httpx.Response:
        """The gateway's own answer to the signed request."""
        with httpx.Client(base_url=self.issuer, verify=False, trust_env=False) as client:

            def send() -> httpx.Response:
                signed = self.signer.sign(sent)
                return client.request(
                    signed.method, signed.path, headers=signed.headers, content=signed.body or None
                )

            answer = send()
            return send() if self.signer.is_challenged(sent, answer) else answer

    def renamed(self, body: bytes) -> bytes:
        """The body with the member renamed, if one is to be."""
        if self.rename is None:
            return body
        old, new = (f'"{name}":'.encode() for name in self.rename)
        return body.replace(old, new)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    relay: Relay


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _take(self) -> None:
        relay, body = self.server.relay, self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == STATES_PATH:
            values = relay.stage(json.loads(body))
            self._answer(200 if values is not None else 500, _JSON, json.dumps(values).encode())
            return
        if self.path == MESSAGES_PATH:
            self._answer(200, _JSON, relay.renamed(relay.tell()))
            return
        headers = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() not in _OWN_HEADERS
        }
        answer = relay.forward(Sent(self.command, self.path, headers, body))
        kept = [pair for pair in answer.headers.items() if pair[0].lower() not in _OWN_HEADERS]
        self._answer(answer.status_code, kept, relay.renamed(answer.content))

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def do_DELETE(self) -> None:
        self._take()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def relaying(
    issuer: str, signer: Signer, set_stage: SetStage, tell: Callable[[], bytes]
) -> Iterator[Relay]:
    """A relay on a port of its own until the block ends."""
    server = _Server(("127.0.0.1", 0), _Door)
    server.relay = Relay(issuer, signer, set_stage, tell, port=server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
