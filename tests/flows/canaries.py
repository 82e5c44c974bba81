"""Canaries: every secret that crosses the wire or rests at the bank, named, and where it turned up.

A new place for secrets is one more line in ``SENT``, ``ANSWERED`` or ``HEADERS``; whatever the
gateway itself seals is found by asking its vault.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from tests.flows.wire import Line

# Parameters of forms and queries that hold a secret, and what to call it.
SENT = {
    "client_assertion": "a client assertion",
    "request": "a request object",
    "code": "an authorization or one-time code",
    "code_verifier": "a PKCE verifier",
    "refresh_token": "a refresh token",
    "token": "a token to revoke or introspect",
    "access_token": "an access token",
    "request_uri": "a request_uri",
    "auth_token": "a grant handle",
    "passcode": "a passcode",
    "csrf": "a form's CSRF token",
}
# Members of JSON answers that hold one.
ANSWERED = {
    "access_token": "an access token",
    "refresh_token": "a refresh token",
    "id_token": "an ID token",
    "request_uri": "a request_uri",
    "secret": "a webhook secret",
    "grant_handle": "a grant handle",
    "registration_access_token": "a registration access token",
}
HEADERS = {
    "dpop": "a DPoP proof",
    "authorization": "an access token",
}
# Anything shorter is a language or a flag.
_SHORTEST = 6
_LONG = 12
_ALIGNMENTS = 3


@dataclass
class Canaries:
    """Secrets by what they are, each with its name."""

    names: dict[bytes, str] = field(default_factory=dict)

    def plant(self, name: str, secret: str | bytes) -> None:
        """One more secret to look for; the first name it gets stays."""
        raw = secret.encode() if isinstance(secret, str) else secret
        if len(raw) >= _SHORTEST:
            self.names.setdefault(raw, name)

    def plant_jws(self, name: str, token: str) -> None:
        """A signed token, and its signature alone."""
        self.plant(name, token)
        self.plant(f"the signature of {name}", token.rpartition(".")[2])

    def kinds(self) -> set[str]:
        """What has been planted, by name."""
        return set(self.names.values())

    def found_in(self, place: str, content: bytes) -> list[str]:
        """Every secret that occurs in the content in any spelling, with its name and the place."""
        return sorted(
            {
                f"{name} ({spelling}) in {place}"
                for secret, name in self.names.items()
                for spelling, pattern in spellings(secret)
                if pattern(content)
            }
        )


def spellings(secret: bytes) -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """How a secret may be written; a short one counts only where it stands alone."""
    if len(secret) < _LONG:
        alone = re.compile(rb"(?<![\w.:+-])" + re.escape(secret) + rb"(?![\w.:+-])")
        yield "raw", alone.search
        return
    yield "raw", _within(secret)
    for spelling, text in (
        ("percent-encoded", quote(secret, safe="")),
        ("JSON", json.dumps(secret.decode("latin-1"))[1:-1]),
    ):
        if text.encode() != secret:
            yield spelling, _within(text.encode())
    yield "hex", _within(secret.hex().encode())
    yield "HEX", _within(secret.hex().upper().encode())
    for shift in range(_ALIGNMENTS):
        # Base64 of a text that holds the secret somewhere: what its neighbours touch is cut off.
        inner = base64.b64encode(bytes(shift) + secret)[4 if shift else 0 :]
        inner = inner[: (len(secret) - (_ALIGNMENTS - shift) % _ALIGNMENTS) // 3 * 4]
        yield "base64", _within(inner)
        yield "base64url", _within(inner.translate(bytes.maketrans(b"+/", b"-_")))


def _within(text: bytes) -> Callable[[bytes], object]:
    return lambda content: text in content


class ListeningLine(Line):
    """A line that plants every secret it carries, there and back."""

    def __init__(self, canaries: Canaries, issuer: str, address: str | None = None) -> None:
        super().__init__(issuer, address)
        self._canaries = canaries

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        form: dict[str, str] | None = None,
    ) -> httpx.Response:
        """See ``Line.send``."""
        self._hear_query(urlsplit(path).query)
        self._hear_headers({name.lower(): text for name, text in (headers or {}).items()})
        for name, value in (form or {}).items():
            self._hear(SENT, name, value)
        if "form" in str((headers or {}).get("Content-Type")):
            self._hear_query(body.decode())
        answer = super().send(method, path, headers=headers, body=body, form=form)
        self._hear_answer(answer)
        return answer

    def _hear_headers(self, headers: dict[str, str]) -> None:
        for name, kind in HEADERS.items():
            if name in headers:
                self._plant(kind, headers[name].rpartition(" ")[2])
        for morsel in SimpleCookie(headers.get("cookie", "")).values():
            self._canaries.plant("a cookie", morsel.value)

    def _hear_query(self, text: str) -> None:
        for name, values in parse_qs(text).items():
            for value in values:
                self._hear(SENT, name, value)

    def _hear_answer(self, answer: httpx.Response) -> None:
        for given in answer.headers.get_list("set-cookie"):
            for morsel in SimpleCookie(given).values():
                self._canaries.plant("a cookie", morsel.value)
        self._hear_query(urlsplit(answer.headers.get("location", "")).query)
        if answer.content and "json" in answer.headers.get("content-type", ""):
            self._hear_members(answer.json())

    def _hear_members(self, document: Any) -> None:
        for name, value in document.items() if isinstance(document, dict) else ():
            if isinstance(value, str):
                self._hear(ANSWERED, name, value)
            else:
                self._hear_members(value)

    def _hear(self, table: dict[str, str], name: str, value: str) -> None:
        if name in table:
            self._plant(table[name], value)

    def _plant(self, kind: str, value: str) -> None:
        if value.count(".") == 2:
            self._canaries.plant_jws(kind, value)
        else:
            # The part of a request_uri that nobody can guess.
            self._canaries.plant(kind, value.rpartition(":")[2])
