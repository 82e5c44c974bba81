"""Recorded exchanges of every partner folder: how they are read, replayed and recorded anew."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization

import partners
from contracts import errors
from partners import envelopes, signatures
from partners.dialect import Dialect
from partners.tables import SortedPairs
from partners.wire import RawRequest

KEYS = Path(__file__).parent / "keys"
FOLDERS = Path(partners.__file__).parent


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A request as recorded; query and body are the ASCII text that was on the wire."""

    method: str
    path: str
    headers: list[tuple[str, str]] = []
    query: str = ""
    body: str = ""

    def raw(self, at: datetime) -> RawRequest:
        """The request as the gateway would hand it to the dialect."""
        return RawRequest(
            self.method,
            self.path,
            self.query.encode(),
            tuple(self.headers),
            self.body.encode(),
            at,
        )


class Failure(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An error of the one tree, by its code."""

    code: str
    detail: str = ""
    extras: dict[str, Any] = {}

    def error(self) -> errors.GatewayError:
        """The error itself."""
        return error_class(self.code)(self.detail, **self.extras)


class Sealed(msgspec.Struct, forbid_unknown_fields=True):
    """An answer as it went out."""

    status: int
    headers: list[tuple[str, str]]
    body: str


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """A notification as it went out."""

    content_type: str
    headers: list[tuple[str, str]]
    body: str


class Exchange(msgspec.Struct, tag="exchange", tag_field="kind", forbid_unknown_fields=True):
    """One request and its answer.

    ``signed_by`` names the key of the request, empty for bytes that are not to be signed anew.
    ``verified_with`` are the client's live keys. The outcome is a ``call`` with an ``answer``
    (or ``failure`` of the service), or without a call the ``failure`` of the dialect itself.
    """

    title: str
    at: datetime
    signed_by: str
    verified_with: list[str]
    request: Request
    call: dict[str, Any] | None = None
    answer: dict[str, Any] | None = None
    failure: Failure | None = None
    sealed: Sealed | None = None


class Announcement(
    msgspec.Struct, tag="notification", tag_field="kind", forbid_unknown_fields=True
):
    """One event and the notification it became."""

    title: str
    at: datetime
    client_id: str
    event: dict[str, Any]
    sent: Sent | None = None


Example = Exchange | Announcement


def examples() -> Iterator[tuple[Dialect, Path, Example]]:
    """Every recorded example of every folder, in a stable order."""
    for name in partners.names():
        dialect = partners.find(name)
        assert dialect is not None
        for path in sorted((FOLDERS / name / "examples").glob("*.json")):
            yield dialect, path, msgspec.json.decode(path.read_bytes(), type=Example)


def private_pem(name: str) -> str:
    """A fixed test key, good for nothing but these recordings."""
    return (KEYS / f"{name}.pem").read_text()


def public_pem(name: str) -> str:
    """The public half of a test key."""
    key = serialization.load_pem_private_key(private_pem(name).encode(), None)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()


def error_class(code: str) -> type[errors.GatewayError]:
    """The error class of a code."""
    return next(error for error in errors.tree() if error.code == code)


def sign(dialect: Dialect, request: Request, key: str) -> Request:
    """The request with a fresh signature, where the old one was or at the end of the query."""
    name = dialect.locators.signature
    recipe = dialect.request_signing.recipe
    assert isinstance(recipe, SortedPairs)
    query = envelopes.read_form(request.query.encode(), 99)
    body = envelopes.read_form(request.body.encode(), 99)
    values = {key: value for key, value in query + body if key != name}
    text = signatures.sorted_pairs_text(recipe, values)
    pair = (name, signatures.SigningKey(private_pem(key)).signs(text))
    if name in dict(body):
        body = [pair if each[0] == name else each for each in body]
    else:
        query = [each for each in query if each[0] != name] + [pair]
    return msgspec.structs.replace(
        request,
        query=envelopes.write_form(query).decode(),
        body=envelopes.write_form(body).decode(),
    )


def outcome(dialect: Dialect, exchange: Exchange) -> dict[str, Any] | Failure:
    """What the dialect makes of the recorded request: the call, or the refusal."""
    matched = dialect.match(exchange.request.raw(exchange.at))
    keys = [public_pem(name) for name in exchange.verified_with]
    try:
        call = dialect.verify(matched, keys, exchange.at).call()
    except errors.GatewayError as error:
        return Failure(error.code, error.detail, error.extras)
    return msgspec.to_builtins(call)


def seal(dialect: Dialect, exchange: Exchange) -> Sealed:
    """The recorded outcome as an answer; unsigned where the client has no key."""
    matched = dialect.match(exchange.request.raw(exchange.at))
    answer = exchange.failure.error() if exchange.failure else exchange.answer
    key = private_pem("gateway") if exchange.verified_with else None
    raw = dialect.seal(matched, answer, key)
    return Sealed(raw.status, list(raw.headers), raw.body.decode())


def announce(dialect: Dialect, example: Announcement) -> Sent:
    """The recorded event as a notification."""
    raw = dialect.announce(example.event, private_pem("gateway"), example.client_id, example.at)
    return Sent(raw.content_type, list(raw.headers), raw.body.decode())


def record(dialect: Dialect, example: Example) -> Example:
    """The example with its bytes and its outcome made anew."""
    if isinstance(example, Announcement):
        return msgspec.structs.replace(example, sent=announce(dialect, example))
    if example.signed_by:
        request = sign(dialect, example.request, example.signed_by)
        example = msgspec.structs.replace(example, request=request)
    met = outcome(dialect, example)
    if isinstance(met, Failure):
        example = msgspec.structs.replace(example, call=None, answer=None, failure=met)
    else:
        example = msgspec.structs.replace(example, call=met)
    return msgspec.structs.replace(example, sealed=seal(dialect, example))


def main() -> None:
    """Records every example anew: ``python -m tests.partners.recordings``; then read the diff."""
    for dialect, path, example in examples():
        text = msgspec.json.format(msgspec.json.encode(record(dialect, example)), indent=2)
        path.write_bytes(text + b"\n")


if __name__ == "__main__":
    main()
