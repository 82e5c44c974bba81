"""Documents on a real loopback server, and wishes of partners that point to them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from contracts.v1.onboarding import Registration
from gateway.kit import http

# Loading the trust store takes 20 ms; the tests share one.
Sender = partial(http.Sender, tls=ssl.create_default_context())


class Documents:
    """Serves what it holds by path, and remembers every path that was asked for.

    A path without a document breaks the connection off; `gate` holds every answer back.
    """

    def __init__(self) -> None:
        self.held: dict[str, tuple[int, bytes, str]] = {}
        self.asked: list[str] = []
        self.port = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.place}{path}"

    def put(self, path: str, document: Any, *, status: int = 200, kind: str = "text/plain") -> str:
        """Holds a document (bytes as they are, anything else as JSON); returns its address."""
        body = document if isinstance(document, bytes) else msgspec.json.encode(document)
        self.held[path] = (status, body, kind)
        return self.url(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ")[1].decode()
                self.asked.append(path)
                self.arrived.set()
                await self.gate.wait()
                if path not in self.held:
                    break
                status, body, kind = self.held[path]
                lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
                lines += [f"Content-Type: {kind}", f"Location: {self.url('/elsewhere')}", "", ""]
                writer.write("\r\n".join(lines).encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[Documents]:
    documents = Documents()
    listener = await asyncio.start_server(documents.serve, "127.0.0.1", 0)
    documents.port = listener.sockets[0].getsockname()[1]
    try:
        yield documents
    finally:
        documents.gate.set()
        listener.close()


def fresh(algorithm: str = "ES256", kid: str | None = None) -> Key:
    """A new private key for the algorithm."""
    named = None if kid is None else {"kid": kid}
    if algorithm == "PS256":
        return RSAKey.generate_key(2048, named, auto_kid=kid is None)
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", named, auto_kid=kid is None)
    return ECKey.generate_key("P-256", named, auto_kid=kid is None)


def public(key: Key, **members: Any) -> dict[str, Any]:
    """A key's public half as a JWK."""
    return key.as_dict(private=False) | members


def jwks(*keys: Key) -> dict[str, Any]:
    """A set of public halves."""
    return {"keys": [public(key) for key in keys]}


def wish(**changes: Any) -> Registration:
    """A registration that is acceptable as it stands."""
    facts: dict[str, Any] = {
        "partner_name": "Wayfare",
        "partner_name_zh": "行旅",
        "mark": "行",
        "scenarios": ["travel_app"],
        "redirect_uris": ["https://wayfare.example/back"],
        "scope": "catalog.read order.write",
    }
    facts |= changes
    if "jwks" not in facts and "metadata" not in facts:
        facts["jwks"] = jwks(fresh())
    return Registration(**facts)
