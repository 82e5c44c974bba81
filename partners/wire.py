"""What crosses the edge of a dialect: raw bytes on the partner's side, a canonical call on ours."""

from datetime import datetime
from typing import Any

import msgspec

from contracts.errors import GatewayError, MalformedBody

Headers = tuple[tuple[str, str], ...]


class RawRequest(msgspec.Struct, frozen=True):
    """A request exactly as received; header names in lower case, in order, repeats kept."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    received_at: datetime

    def header(self, name: str) -> str:
        """The value of a header, empty if absent; a repeated one raises MalformedBody."""
        found = [value for key, value in self.headers if key.lower() == name]
        if len(found) > 1:
            raise MalformedBody(f"the header {name} is sent more than once")
        return found[0] if found else ""

    def __repr__(self) -> str:
        # Query and body carry grant handles and signatures; neither may reach a log line.
        return f"RawRequest({self.method} {self.path}, {len(self.body)} bytes)"


class Matched(msgspec.Struct, frozen=True):
    """What a request claims to be, before any of it is trusted.

    ``fault`` is why it can go no further (verify raises it); ``method`` is the partner's word and
    ``operation`` ours, both None unless the dialect knows the operation, so that an answer never
    repeats a word that only an unverified caller supplied.
    """

    dialect: str
    client_id: str | None
    method: str | None
    operation: str | None
    values: dict[str, str]
    fault: GatewayError | None

    def __repr__(self) -> str:
        return f"Matched({self.dialect}, client={self.client_id}, operation={self.operation})"


class Call(msgspec.Struct, frozen=True):
    """One canonical call: what the native route of the same name would have been asked.

    ``parameters`` are those of the native path, ``query`` those of its query string, ``body`` its
    JSON body or None for a read. ``replay_key`` is to be remembered for ``replay_seconds`` and
    refused when it comes again. ``idempotency_key`` is there for every write.
    """

    operation: str
    parameters: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any] | None
    grant_handle: str | None
    idempotency_key: str | None
    replay_key: str
    replay_seconds: int

    def __repr__(self) -> str:
        return f"Call({self.operation}, parameters={self.parameters})"


class RawAnswer(msgspec.Struct, frozen=True):
    """An answer to send byte for byte: the signature inside covers exactly these bytes."""

    status: int
    headers: Headers
    body: bytes

    def __repr__(self) -> str:
        return f"RawAnswer({self.status}, {len(self.body)} bytes)"


class RawNotification(msgspec.Struct, frozen=True):
    """A notification to deliver byte for byte, on every attempt the same."""

    content_type: str
    body: bytes
    headers: Headers

    def __repr__(self) -> str:
        return f"RawNotification({len(self.body)} bytes)"
