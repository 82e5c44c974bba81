"""Every sealed value in the database: counted by KEK, rewrapped under the current one, checked."""

from collections import Counter
from typing import Final

import msgspec

from gateway.database import Unit
from gateway.database.sealed import SEALED, SealedColumn, SealedRow
from gateway.kit.vault import VERSION, Vault, VaultLocked, read_sealed
from gateway.rooms import Rooms

# Servers follow the key file at once, so what they sealed while a pass went by is little.
_PASSES_MOST: Final = 5


class Checked(msgspec.Struct, frozen=True):
    """What a walk through all sealed values found; ``locked`` names each that does not open."""

    done: int
    by_kek: dict[str, int]
    locked: list[str]


async def usage(built: Rooms) -> dict[str, int]:
    """How many sealed values each KEK of the key store keeps."""
    return {
        kek.kek_id: sum(
            [await column.count(built.database, _under(kek.kek_id)) for column in SEALED]
        )
        for kek in built.vault.keys.keks()
    }


async def rewrap(built: Rooms) -> Checked:
    """Puts every value under the current KEK, a batch a unit; may run beside serving gateways.

    Ending it at any point loses nothing: every value is under one KEK or the other, and the next
    run finds those that are left. A value that cannot be unwrapped stays and is named.
    """
    rewrapped = 0
    locked: list[str] = []
    for _ in range(_PASSES_MOST):
        done, locked = await _one_pass(built)
        rewrapped += done
        if not done:
            break
    return Checked(rewrapped, await usage(built), locked)


async def verify(built: Rooms) -> Checked:
    """Opens every sealed value for the purpose it names."""
    by_kek: Counter[str] = Counter()
    locked: list[str] = []
    for column in SEALED:
        async for rows in column.batches(built.database):
            for row in rows:
                try:
                    by_kek[_open(built.vault, row.sealed)] += 1
                except VaultLocked as reason:
                    locked.append(_named(column, row, reason))
    return Checked(by_kek.total(), dict(by_kek), locked)


async def _one_pass(built: Rooms) -> tuple[int, list[str]]:
    done = 0
    locked: list[str] = []
    current = built.vault.keys.keks()[0].kek_id
    for column in SEALED:
        async for rows in column.batches(built.database, unlike=_under(current)):
            unit = Unit("keys.rewrap")
            for row in rows:
                try:
                    column.replace(unit, row, built.vault.rewrap(row.sealed))
                except VaultLocked as reason:
                    locked.append(_named(column, row, reason))
            if unit.calls:
                await built.database.commit(unit)
                done += len(unit.calls)
    return done, locked


def _open(vault: Vault, sealed: str) -> str:
    parts = read_sealed(sealed)
    vault.open(sealed, purpose=parts.purpose)
    return parts.kek_id


def _named(column: SealedColumn, row: SealedRow, reason: VaultLocked) -> str:
    return f"{column.name} of {' '.join(filter(None, (row.key0, row.key1)))}: {reason}"


def _under(kek_id: str) -> str:
    return f"{VERSION}.%.{kek_id}.%"
