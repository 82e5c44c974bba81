"""What the commands for keys do: signing keys in turn, and the KEKs that every secret rests on."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.cli import sealed
from gateway.cli.operations import opened, ready
from gateway.database import Database, Unit
from gateway.database.deployment import claim
from gateway.kit.clock import Clock, SystemClock
from gateway.kit.key_store import VaultLocked
from gateway.kit.vault import Vault
from gateway.rooms import Rooms
from gateway.rules.shelf import Shelf
from gateway.settings import Settings

# Whatever was sealed under the older KEK when a new one came is committed by then, many times
# over: no request and no background step lives this long.
SUPERSEDED_FOR: Final = timedelta(hours=1)


class Rewrapped(msgspec.Struct, frozen=True):
    """How a rewrap ended; ``left`` counts the values still under each older KEK."""

    kek_id: str
    is_new: bool
    rewrapped: int
    left: dict[str, int]
    locked: list[str]


async def init(settings: Settings, operator: str, clock: Clock | None = None) -> str:
    """Makes the key file of a deployment that has none; returns its KEK's id.

    Raises ``Conflict`` where there is one: replacing it would lose every secret.
    """
    clock = clock or SystemClock()
    if settings.key_path.exists():
        raise errors.Conflict(
            f"There is a key file at {settings.key_path} already, and every secret rests on it:"
            " `tessera keys rewrap` puts them all under a new one."
        )
    await ready(settings)
    database = await Database.connect(settings.database_url)
    try:
        await claim(database, settings.mode, clock.now())
        audit = Audit(Shelf(settings.rules_path, clock).book())
        vault = Vault.from_file(settings.key_path, create_at=clock.now())
        kek_id = vault.keys.keks()[0].kek_id
        await _record(database, audit, "kek.create", operator, kek_id, clock.now())
    finally:
        await database.close()
    return kek_id


async def list_keys(settings: Settings) -> dict[str, Any]:
    """Every key there is with its age in whole seconds, and no secret."""
    async with opened(settings) as built:
        return await described(built)


async def rotate_signing(settings: Settings, operator: str) -> str:
    """Puts the next signing key into use and returns its kid."""
    async with opened(settings) as built:
        await built.oauth.ensure()
        return await built.oauth.keys.rotate(operator, built.clock.now())


async def rotate_nonces(settings: Settings, operator: str) -> None:
    """Puts a new nonce key in; nonces of the old one stay good until their time is over."""
    async with opened(settings) as built:
        await built.oauth.ensure()
        await built.oauth.nonces.rotate(operator, built.clock.now())


async def rewrap(settings: Settings, operator: str) -> Rewrapped:
    """See ``rewrap_all``."""
    async with opened(settings) as built:
        return await rewrap_all(built, operator)


async def retire_kek(settings: Settings, kek_id: str, operator: str) -> None:
    """See ``retire``."""
    async with opened(settings) as built:
        await retire(built, kek_id, operator)


async def verify(settings: Settings) -> sealed.Checked:
    """Opens every sealed value once."""
    async with opened(settings) as built:
        return await sealed.verify(built)


async def described(built: Rooms) -> dict[str, Any]:
    """The signing keys by status, and the KEKs with the number of values each keeps."""
    at = built.clock.now()
    used = await sealed.usage(built)
    keks = built.vault.keys.keks()
    return {
        "signing_keys": [
            msgspec.to_builtins(fact) | {"age_seconds": int((at - fact.created_at).total_seconds())}
            for fact in await built.oauth.keys.facts()
        ],
        "key_encryption_keys": [
            {
                "kek_id": kek.kek_id,
                "status": "older" if number else "current",
                "created_at": kek.created_at,
                "age_seconds": int((at - kek.created_at).total_seconds()),
                "sealed_values": used[kek.kek_id],
            }
            for number, kek in enumerate(keks)
        ],
    }


async def rewrap_all(built: Rooms, operator: str) -> Rewrapped:
    """Puts every sealed value under a new KEK, or goes on where an earlier run was interrupted.

    It goes on when values are left under an older KEK; only when none is does it make a new one.
    So it may be run again after any failure, and any number of KEKs never pile up half used.
    """
    store, at = built.vault.keys, built.clock.now()
    current, *older = [kek.kek_id for kek in store.keks()]
    used = await sealed.usage(built)
    is_new = not any(used[kek_id] for kek_id in older)
    if is_new:
        current = store.rotate(at)
        await _record(built.database, built.audit, "kek.create", operator, current, at)
    checked = await sealed.rewrap(built)
    left = {kek_id: number for kek_id, number in checked.by_kek.items() if kek_id != current}
    detail = {"rewrapped": checked.done, "left": left, "locked": len(checked.locked)}
    await _record(
        built.database, built.audit, "kek.rewrap", operator, current, built.clock.now(), detail
    )
    return Rewrapped(current, is_new, checked.done, left, checked.locked)


async def retire(built: Rooms, kek_id: str, operator: str) -> None:
    """Destroys an older KEK that keeps no value any more.

    Raises ``VaultLocked`` for the current or an unknown one, and ``Conflict`` while a value is
    under it or could be on its way: until ``SUPERSEDED_FOR`` after the current one was made.
    """
    store, at = built.vault.keys, built.clock.now()
    current, *older = store.keks()
    if kek_id == current.kek_id:
        raise VaultLocked(f"{kek_id} is the current key: run `tessera keys rewrap` first")
    if kek_id not in {kek.kek_id for kek in older}:
        raise VaultLocked(f"the key store has no key {kek_id}: see `tessera keys list`")
    may_go_at = current.created_at + SUPERSEDED_FOR
    if at < may_go_at:
        raise errors.Conflict(
            f"{kek_id} was in use until lately; it may go from {may_go_at:%Y-%m-%dT%H:%M:%SZ}."
        )
    if used := (await sealed.usage(built))[kek_id]:
        raise errors.Conflict(
            f"{used} values are still under {kek_id}: run `tessera keys rewrap` first."
        )
    # Recorded first: what cannot be taken back must not happen without its record.
    await _record(built.database, built.audit, "kek.retire", operator, kek_id, at)
    store.retire(kek_id)


async def _record(
    database: Database,
    audit: Audit,
    action: str,
    operator: str,
    kek_id: str,
    at: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    unit = Unit(action)
    audit.append(
        unit, action=action, actor=f"operator:{operator}", resource=kek_id, detail=detail, at=at
    )
    await database.commit(unit)
