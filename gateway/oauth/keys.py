"""The server's own signing keys: one waits, one signs, the retired still verify for a while."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.audit.service import Audit
from gateway.database import Database, Query, SealedColumn, Stale, Statement, Unit
from gateway.kit.clock import Clock
from gateway.kit.vault import Vault

ALGORITHM: Final = "ES256"
# Longer than anything signed by the key may live, and than anybody may cache the key set.
RETIRED_FOR: Final = timedelta(days=1)
# How long a process may sign without asking which key is current; well inside RETIRED_FOR, so
# that what another process's rotation overtook is still verified by everybody.
SIGNER_FRESH_FOR: Final = timedelta(seconds=5)
PRIVATE_KEY: Final = "signing-key"
_LOCK: Final = "signing-keys"


class SigningKeyRow(msgspec.Struct, frozen=True):
    """A key pair; the private half is sealed, and empty once the key is retired."""

    kid: str
    algorithm: str
    status: str
    public_jwk: str
    private_sealed: str
    retired_at: datetime | None


class SigningKeyFact(msgspec.Struct, frozen=True):
    """What may be told of a signing key."""

    kid: str
    status: str
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None


class _Signer(msgspec.Struct, frozen=True):
    """The current key as this process last saw it, and when it looked."""

    kid: str
    private: ECKey
    seen_at: datetime


_ES256: Final = jws.JWSRegistry(algorithms=[ALGORITHM]).get_alg(ALGORITHM)
SEALED: Final = SealedColumn("signing_key", "private_sealed", "kid")
_ALL = Query(
    "select kid, algorithm, status, public_jwk, private_sealed, retired_at from signing_key"
    " order by created_at, kid",
    SigningKeyRow,
)
_FACTS = Query(
    "select kid, status, created_at, activated_at, retired_at from signing_key"
    " order by created_at, kid",
    SigningKeyFact,
)
_INSERT = Statement(
    "insert into signing_key (kid, algorithm, status, public_jwk, private_sealed, created_at,"
    " activated_at, retired_at) values (:kid, :algorithm, :status, :public_jwk, :private_sealed,"
    " :created_at, :activated_at, null)"
)
_RETIRE = Statement(
    "update signing_key set status = 'retired', retired_at = :at, private_sealed = ''"
    " where kid = :kid and status = 'current'"
)
_ACTIVATE = Statement(
    "update signing_key set status = 'current', activated_at = :at"
    " where kid = :kid and status = 'next'"
)


def _key_set(rows: Iterable[SigningKeyRow]) -> dict[str, list[dict[str, Any]]]:
    return {"keys": [msgspec.json.decode(row.public_jwk) for row in rows]}


class SigningKeys:
    """Publishes, rotates and uses the server's keys; private halves are sealed at rest.

    A key is published as `next` before it signs, so that everybody who caches the key set knows
    it by the time it becomes `current`. Signing works from memory: each process looks up the
    current key every ``SIGNER_FRESH_FOR`` at most, and at once after a rotation of its own.
    """

    def __init__(self, database: Database, vault: Vault, audit: Audit, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._audit = audit
        self._clock = clock
        self._signer: _Signer | None = None

    async def ensure(self, at: datetime) -> None:
        """Makes the first keys where there are none; many processes may try at once."""
        if await self._database.all(_ALL):
            return
        unit = Unit("oauth.first_keys", locks=(_LOCK,))
        self._insert(unit, "current", at)
        self._insert(unit, "next", at)
        try:
            await self._database.commit(unit)
        except Stale:
            # Another process was first; its keys are as good.
            return

    async def rotate(self, operator: str, at: datetime) -> str:
        """Lets `next` sign, retires `current`, makes a new `next`; returns the signing kid.

        The retired key's private half is gone for good.
        """

        async def compose() -> Unit:
            by_status = {row.status: row.kid for row in await self._database.all(_ALL)}
            unit = Unit("oauth.rotate_keys", locks=(_LOCK,))
            unit.add(_RETIRE, kid=by_status["current"], at=at)
            unit.add(_ACTIVATE, kid=by_status["next"], at=at)
            self._insert(unit, "next", at)
            self._audit.append(
                unit,
                action="signing_key.rotate",
                actor=f"operator:{operator}",
                resource=by_status["next"],
                decision="allow",
                detail={"retired": by_status["current"]},
                at=at,
            )
            return unit

        await self._database.settle(compose)
        self._signer = None
        return (await self._current()).kid

    async def jwks(self, at: datetime) -> dict[str, list[dict[str, Any]]]:
        """The public key set (RFC 7517 section 5): next, current, and lately retired keys."""
        rows = await self._database.all(_ALL)
        return _key_set(
            row for row in rows if row.retired_at is None or at - row.retired_at < RETIRED_FOR
        )

    async def archive(self) -> dict[str, list[dict[str, Any]]]:
        """Every public key there ever was, for signatures that outlive their key's service."""
        return _key_set(await self._database.all(_ALL))

    async def facts(self) -> list[SigningKeyFact]:
        """Every signing key there ever was, oldest first, without its halves."""
        return await self._database.all(_FACTS)

    async def sign(self, claims: dict[str, Any], *, typ: str) -> str:
        """The claims as a compact JWS by the current key, explicitly typed (RFC 8725 3.11)."""
        signer = await self._current()
        header = {"alg": ALGORITHM, "kid": signer.kid, "typ": typ}
        payload = msgspec.json.encode(claims)
        return jws.serialize_compact(header, payload, signer.private, algorithms=[ALGORITHM])

    async def raw_signer(self) -> tuple[str, Callable[[bytes], bytes]]:
        """The current kid, and what signs by that key: ES256 as ``r || s`` (RFC 7518 3.4).

        Both at once, because an HTTP signature covers the kid it names (RFC 9421 2.3).
        """
        signer = await self._current()
        return signer.kid, lambda signed: bytes(_ES256.sign(signed, signer.private))

    async def _current(self) -> _Signer:
        at = self._clock.now()
        known = self._signer
        if known is not None and abs(at - known.seen_at) < SIGNER_FRESH_FOR:
            return known
        if known is not None:
            # Whoever comes while this one looks goes on with the known key.
            self._signer = msgspec.structs.replace(known, seen_at=at)
        try:
            rows = await self._database.all(_ALL)
        except BaseException:
            self._signer = known
            raise
        row = next(row for row in rows if row.status == "current")
        if known is not None and known.kid == row.kid:
            private = known.private
        else:
            private = ECKey.import_key(self._vault.open(row.private_sealed, purpose=PRIVATE_KEY))
        self._signer = _Signer(row.kid, private, at)
        return self._signer

    def _insert(self, unit: Unit, status: str, at: datetime) -> None:
        pair = ECKey.generate_key("P-256", auto_kid=True)
        public = pair.as_dict(private=False) | {"use": "sig", "alg": ALGORITHM}
        unit.add(
            _INSERT,
            kid=str(public["kid"]),
            algorithm=ALGORITHM,
            status=status,
            public_jwk=msgspec.json.encode(public).decode(),
            private_sealed=self._vault.seal(pair.as_pem(private=True), purpose=PRIVATE_KEY),
            created_at=at,
            activated_at=at if status == "current" else None,
        )
