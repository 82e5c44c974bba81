"""The outermost middleware: interaction id, standing headers, and one access-log line.

It is plain ASGI, because every layer of the framework costs more than what it does.
"""

import time
from collections.abc import Callable
from email.utils import formatdate
from uuid import UUID, uuid4

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

journal = structlog.get_logger("tessera.access")

_HEADER = b"x-fapi-interaction-id"


class Door:
    """Wraps the whole app; the query string is never logged."""

    def __init__(
        self, app: ASGIApp, *, access_log: bool = True, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._access_log = access_log
        self._ticks = ticks
        self._date = b""
        self._date_tick = -1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and its answer back with the standing headers."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = self._ticks()
        interaction_id = _interaction_id(scope)
        scope.setdefault("state", {})["interaction_id"] = interaction_id
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
                journal.info(
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


def _interaction_id(scope: HTTPScope) -> str:
    for name, value in scope["headers"]:
        if name == _HEADER:
            # FAPI 2.0 implementation advice 2.1.1: echo the caller's id, which must be a UUID.
            try:
                text = value.decode("ascii")
                UUID(text)
            except ValueError:
                break
            return str(text)
    return str(uuid4())
