"""Idempotency keys: the first outcome is stored and every retry gets the very same bytes.

The key's row is written in the unit that starts the work and completed in the unit that ends
it, so a crash between the two leaves a row that says which resource to resume.
(draft-ietf-httpapi-idempotency-key-header-07; outcomes are kept 48 hours.)
"""

import hashlib
import re
from datetime import datetime, timedelta

import msgspec

from contracts import errors
from gateway.database import Database, Query, Statement, Unit
from gateway.kit.caller import Caller
from gateway.web import tables
from gateway.web.remembered import remember

KEPT = timedelta(hours=48)
_KEY = re.compile(r'([\x21\x23-\x7e]{1,128})|"([\x21\x23-\x7e]{1,128})"')

_FIND_COLUMNS = "fingerprint, resource_id, status, body"
_INSERT = Statement(
    f"insert into {tables.IDEMPOTENCY.name}"  # noqa: S608 - a table's own name
    " (client_id, key, fingerprint, resource_id, status, body, created_at, expires_at)"
    " values (:client_id, :key, :fingerprint, :resource_id, null, null, :created_at, :expires_at)"
)
_FINISH = Statement(
    "update idempotency set status = :status, body = :body"
    " where client_id = :client_id and key = :key and status is null"
)
_FORGET = Statement("delete from idempotency where expires_at < :now and status is not null")


class _Row(msgspec.Struct, frozen=True):
    fingerprint: str
    resource_id: str
    status: int | None
    body: str | None


_FIND = Query(
    f"select {_FIND_COLUMNS} from idempotency"  # noqa: S608 - a fixed list of columns
    " where client_id = :client_id and key = :key",
    _Row,
)


class Prior(msgspec.Struct, frozen=True):
    """What an earlier request with the same key left: its outcome, or the resource to resume."""

    resource_id: str
    done: bool
    status: int
    body: bytes


class Idempotency:
    """Finds, starts and finishes keyed writes; a key belongs to one client."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, caller: Caller, operation: str, key: str, fingerprint: str, at: datetime
    ) -> Prior | None:
        """The earlier request with this key, if any.

        Raises ``IdempotencyKeyReused`` when the key stood for another operation or content.
        """
        row = await self._database.find(_FIND, client_id=caller.client_id, key=key)
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise errors.IdempotencyKeyReused(
                f"The key was first sent with another request than this {operation}."
            )
        return Prior(
            row.resource_id,
            done=row.status is not None,
            status=row.status or 0,
            body=(row.body or "").encode(),
        )

    def start(
        self,
        unit: Unit,
        caller: Caller,
        operation: str,
        key: str,
        fingerprint: str,
        resource_id: str,
        at: datetime,
    ) -> None:
        """Claims the key in ``unit``; a twin that was faster makes the unit ``RequestInFlight``."""
        unit.add(
            _INSERT,
            otherwise=errors.RequestInFlight(
                f"Another request is carrying out this {operation}; retry with the same key."
            ).with_headers(Retry_After="1"),
            client_id=caller.client_id,
            key=key,
            fingerprint=fingerprint,
            resource_id=resource_id,
            created_at=at,
            expires_at=at + KEPT,
        )

    def finish(
        self, unit: Unit, client_id: str, key: str, status: int, body: bytes, at: datetime
    ) -> None:
        """Stores the outcome in ``unit``; the bytes are what every replay will receive."""
        unit.add(_FINISH, client_id=client_id, key=key, status=status, body=body.decode())

    def refuse(
        self,
        unit: Unit,
        caller: Caller,
        operation: str,
        key: str,
        fingerprint: str,
        resource_id: str,
        refusal: errors.GatewayError,
    ) -> bytes:
        """Claims the key in ``unit`` with a refusal as its outcome; the bytes it is kept as.

        A twin that was faster makes the unit ``RequestInFlight``.
        """
        body = remember(refusal, caller.interaction_id)
        self.start(unit, caller, operation, key, fingerprint, resource_id, caller.at)
        self.finish(unit, caller.client_id, key, refusal.status, body, caller.at)
        return body

    async def forget(self, at: datetime) -> None:
        """Removes outcomes whose time is over; unfinished ones stay until they are resumed."""
        unit = Unit("idempotency.forget")
        unit.add(_FORGET, expect=None, now=at)
        await self._database.commit(unit)


def fingerprint(operation: str, content: msgspec.Struct, *path: str) -> str:
    """What makes two requests the same: operation, path and decoded content, not its spelling."""
    parts = msgspec.json.encode([operation, path, msgspec.to_builtins(content)], order="sorted")
    return hashlib.sha256(parts).hexdigest()


def require_key(header: str | None) -> str:
    """The key in the header, quoted (RFC 8941) or bare; 1 to 128 visible ASCII characters."""
    if not header:
        raise errors.IdempotencyKeyMissing("Send an Idempotency-Key header, unique per write.")
    found = _KEY.fullmatch(header)
    if found is None:
        raise errors.InvalidField(
            "An Idempotency-Key is 1 to 128 visible ASCII characters.", field="Idempotency-Key"
        )
    return found[1] or found[2]
