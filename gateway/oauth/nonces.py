"""DPoP nonces (RFC 9449 sections 8 and 9): stateless, the same for all processes, minutes old.

A nonce is a stretch of time and its MAC under a key that all processes share. One for the
authorization server is no nonce of the resource server, because the MAC covers the role.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from gateway.audit.service import Audit
from gateway.database import Database, Query, Stale, Statement, Unit
from gateway.kit.ids import new_id
from gateway.kit.jose import encode_base64url
from gateway.kit.vault import Vault

Role = Literal["as", "rs"]
Demand = Literal["required", "offered"]

# A nonce is good for five to six minutes; the next one is offered after one.
BUCKET_SECONDS: Final = 60
BUCKETS_BACK: Final = 5
# Another process's clock may be a little ahead.
BUCKETS_AHEAD: Final = 1
# A process learns of a new key within a minute of its next request. No process issues nonces by a
# new key before every other must have read it.
READ_EVERY: Final = timedelta(seconds=60)
ISSUED_AFTER: Final = timedelta(seconds=150)

PURPOSE: Final = "dpop-nonce"
_PREFIX: Final = "dpop_nonce_key."
_LOCK: Final = "dpop-nonce-keys"
_KEY_BYTES: Final = 32
# Whole groups of three octets, so that the stretch of time is a fixed part of the text.
_BUCKET_BYTES: Final = 6
_BUCKET_CHARACTERS: Final = 8
_MAC_BYTES: Final = 18
_KEPT_KEYS: Final = 3


class NonceKeyRow(msgspec.Struct, frozen=True):
    """A sealed key, and since when it is there."""

    name: str
    sealed: str
    created_at: datetime


_KEYS = Query(
    "select name, sealed, created_at from oauth_secret where name like 'dpop_nonce_key.%'"
    " order by created_at desc, name desc",
    NonceKeyRow,
)
_INSERT = Statement(
    "insert into oauth_secret (name, sealed, created_at) values (:name, :sealed, :created_at)"
)
_FORGET = Statement("delete from oauth_secret where name = :name")


class _Window(msgspec.Struct, frozen=True):
    """What holds for one stretch of time: the nonce to hand out, and all that are good."""

    bucket: int
    current: str
    # By the part that says the stretch of time; several keys may be in use.
    good: dict[str, tuple[bytes, ...]]


class Mint:
    """Makes and knows nonces by the keys it is given, newest first, each with its time of making.

    Works out one stretch of time once; within it, making and knowing are looks into memory.
    """

    def __init__(self, keys: Sequence[tuple[datetime, bytes]]) -> None:
        self._keys = keys
        self._windows: dict[Role, _Window] = {}

    def current(self, role: Role, at: datetime) -> str:
        """The nonce to hand out now."""
        return self._window(role, at).current

    def knows(self, role: Role, nonce: str, at: datetime) -> bool:
        """Whether the nonce is the role's, and not too old."""
        expected = self._window(role, at).good.get(nonce[:_BUCKET_CHARACTERS], ())
        # As octets, because compare_digest takes no text beyond ASCII.
        sent = nonce.encode()
        return any(hmac.compare_digest(sent, each) for each in expected)

    def _window(self, role: Role, at: datetime) -> _Window:
        bucket = int(at.timestamp()) // BUCKET_SECONDS
        window = self._windows.get(role)
        if window is None or window.bucket != bucket:
            window = self._windows[role] = self._build(role, bucket, at)
        return window

    def _build(self, role: Role, bucket: int, at: datetime) -> _Window:
        old_enough = (key for since, key in self._keys if since + ISSUED_AFTER <= at)
        issuing = next(old_enough, self._keys[-1][1])
        good: dict[str, tuple[bytes, ...]] = {}
        for near in range(max(0, bucket - BUCKETS_BACK), bucket + BUCKETS_AHEAD + 1):
            every = [_nonce(key, role, near) for _, key in self._keys]
            good[every[0][:_BUCKET_CHARACTERS]] = tuple(each.encode() for each in every)
        return _Window(bucket, _nonce(issuing, role, bucket), good)


class Nonces:
    """Makes and judges nonces; on the way of a request this is a look into memory.

    ``demand`` says what of a proof that carries none: `required` refuses it, `offered` lets it
    pass. One that is carried must be good in either case (RFC 9449 section 4.3, point 10).
    """

    def __init__(
        self, database: Database, vault: Vault, audit: Audit, *, demand: Demand = "required"
    ) -> None:
        self._database = database
        self._vault = vault
        self._audit = audit
        self._required = demand == "required"
        self._mint: Mint | None = None
        self._read_at: datetime | None = None

    async def ensure(self, at: datetime) -> None:
        """Makes the first key where there is none, once for all processes, and reads the keys."""
        if not await self._database.all(_KEYS):
            unit = Unit("oauth.first_nonce_key", locks=(_LOCK,))
            # The same name in every process: the first to write it is everybody's.
            self._insert(unit, "first", at - ISSUED_AFTER)
            with suppress(Stale):
                await self._database.commit(unit)
        await self._read(at)

    async def rotate(self, operator: str, at: datetime) -> None:
        """Puts a new key in; nonces of the old one stay good until their time is over.

        The new one is used after ``ISSUED_AFTER``, when every process has read it.
        """
        rows = await self._database.all(_KEYS)
        unit = Unit("oauth.rotate_nonce_key", locks=(_LOCK,))
        name = new_id("nk")
        self._insert(unit, name, at)
        for row in rows[_KEPT_KEYS - 1 :]:
            unit.add(_FORGET, expect=None, name=row.name)
        self._audit.append(
            unit,
            action="nonce_key.rotate",
            actor=f"operator:{operator}",
            resource=name,
            decision="allow",
            at=at,
        )
        await self._database.commit(unit)
        await self._read(at)

    async def keep_fresh(self, at: datetime) -> None:
        """Reads the keys anew once a minute; between that it costs nothing."""
        if self._read_at is None or abs(at - self._read_at) >= READ_EVERY:
            # Whoever comes while this one reads goes on with the keys that are there.
            self._read_at = at
            await self._read(at)

    def current(self, role: Role, at: datetime) -> str:
        """The nonce to hand out now."""
        return self._minted.current(role, at)

    def is_good(self, role: Role, nonce: str | None, at: datetime) -> bool:
        """Whether a proof with this nonce, or with none, may pass."""
        if nonce is None:
            return not self._required
        return self._minted.knows(role, nonce, at)

    @property
    def _minted(self) -> Mint:
        if self._mint is None:
            raise RuntimeError("ensure() comes first")
        return self._mint

    async def _read(self, at: datetime) -> None:
        rows = await self._database.all(_KEYS)
        self._mint = Mint(
            [(row.created_at, self._vault.open(row.sealed, purpose=PURPOSE)) for row in rows]
        )
        self._read_at = at

    def _insert(self, unit: Unit, name: str, at: datetime) -> None:
        unit.add(
            _INSERT,
            name=_PREFIX + name,
            sealed=self._vault.seal(secrets.token_bytes(_KEY_BYTES), purpose=PURPOSE),
            created_at=at,
        )


def _nonce(key: bytes, role: Role, bucket: int) -> str:
    when = bucket.to_bytes(_BUCKET_BYTES, "big")
    mac = hmac.digest(key, role.encode() + when, hashlib.sha256)[:_MAC_BYTES]
    return encode_base64url(when + mac)
