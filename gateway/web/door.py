"""The outermost middleware: interaction id, standing headers, and one access-log line.

It is plain ASGI, because every layer of the framework costs more than what it does.
"""

import logging
import os
import re
import time
from collections.abc import Callable
from email.utils import formatdate

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from gateway.web.terminators import TERMINATORS_ALONE, Terminators

journal = structlog.get_logger("tessera.access")

_HEADER = b"x-fapi-interaction-id"
# The one plain spelling of a UUID (RFC 9562 section 4).
_UUID = re.compile(rb"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Door:
    """Wraps the whole app; the query string is never logged."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        access_log: bool = True,
        ticks: Callable[[], float] = time.monotonic,
        terminators: Terminators | None = None,
    ) -> None:
        """Without ``terminators``, nobody is believed about a client's certificate."""
        self._app = app
        self._terminators = terminators or Terminators()
        # Bound once: the lazy logger of the module would bind a new one for every line.
        self._journal = journal.bind()
        self._access_log = access_log and self._journal.is_enabled_for(logging.INFO)
        self._ticks = ticks
        self._date = b""
        self._date_tick = -1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and its answer back with the standing headers."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = self._ticks()
        sent_id, has_handover = _look_through(scope)
        interaction_id = sent_id or _fresh_id()
        scope.setdefault("state", {})["interaction_id"] = interaction_id
        if has_handover:
            self._terminators.admit(scope)
        status = 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                headers.append((_HEADER, interaction_id.encode()))
                headers.append((b"x-content-type-options", b"nosniff"))
                headers.append((b"date", self._now(started)))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            if self._access_log:
                caller = scope["state"].get("caller")
                self._journal.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=round((self._ticks() - started) * 1000, 2),
                    interaction_id=interaction_id,
                    client_id=getattr(caller, "client_id", None),
                )

    def _now(self, tick: float) -> bytes:
        if tick - self._date_tick >= 1 or not self._date:
            self._date = formatdate(usegmt=True).encode()
            self._date_tick = tick
        return self._date


def _look_through(scope: HTTPScope) -> tuple[str, bool]:
    """The caller's interaction id, if it sent one, and whether a terminator's headers are there."""
    sent_id: str | None = None
    has_handover = False
    for name, value in scope["headers"]:
        if name == _HEADER and sent_id is None:
            sent_id = _uuid(value)
        elif name in TERMINATORS_ALONE:
            has_handover = True
    return sent_id or "", has_handover


def _uuid(value: bytes) -> str:
    # FAPI 2.0 implementation advice 2.1.1: echo the caller's id, which must be a UUID.
    return value.decode("ascii") if _UUID.fullmatch(value) else ""


def _fresh_id() -> str:
    # A version 4 UUID, written at a third of what uuid4 and its object cost.
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
