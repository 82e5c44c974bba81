"""What the commands do, each opening the rooms it needs and closing them again."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from contracts.v1.onboarding import RegisteredClient, Registration
from gateway import openapi, rooms
from gateway.audit.service import Audit
from gateway.audit.verify import verify_database
from gateway.corebank.sandbox.personas import Persona, load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.database import Database, Unit
from gateway.database.deployment import claim
from gateway.database.migrate import NotMigrated, check
from gateway.database.migrate import migrate as migrate_schema
from gateway.kit.clock import SystemClock
from gateway.kit.vault import Vault
from gateway.rooms import Rooms
from gateway.rules.shelf import Shelf
from gateway.settings import Settings


class _Unopened:
    """A store that is never asked: the contract is generated without one."""

    async def commit(self, unit: Unit) -> list[Any]:
        raise AssertionError(unit.name)

    async def read(self, call: object) -> list[Any]:
        raise AssertionError(call)

    async def durability(self) -> dict[str, str]:
        return {}

    async def close(self) -> None:
        return None


async def ready(settings: Settings) -> None:
    """Raises ``NotMigrated`` or ``NoDatabase`` unless commands can work with the database."""
    # It runs a loop of its own.
    await asyncio.to_thread(check, settings.database_url)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Rooms]:
    """The rooms over the configured database, without doors or background work.

    Raises ``NotMigrated`` or ``NoDatabase`` before anything is opened or made.
    """
    await ready(settings)
    clock = SystemClock()
    vault = Vault.from_file(settings.key_path, create_at=clock.now() if settings.sandbox else None)
    database = await Database.connect(settings.database_url)
    try:
        await claim(database, settings.mode, clock.now())
        built = rooms.build(settings, database, vault, clock)
        yield built
        await built.sender.close()
    finally:
        await database.close()


def migrate(settings: Settings, operator: str) -> str:
    """Upgrades the schema and records who did it; a current database stays as it is."""
    try:
        check(settings.database_url)
    except NotMigrated:
        revision = migrate_schema(settings.database_url)
        asyncio.run(_record_migration(settings, operator, revision))
        return revision
    return migrate_schema(settings.database_url)


async def _record_migration(settings: Settings, operator: str, revision: str) -> None:
    audit = Audit(Shelf(settings.rules_path, SystemClock()).book())
    database = await Database.connect(settings.database_url)
    try:
        unit = Unit("database.migrate")
        audit.append(
            unit,
            action="database.migrate",
            actor=f"operator:{operator}",
            resource=revision,
            at=SystemClock().now(),
        )
        await database.commit(unit)
    finally:
        await database.close()


async def register(settings: Settings, wanted: Registration, operator: str) -> RegisteredClient:
    """Registers a partner; see ``Onboarding.register``."""
    async with opened(settings) as built:
        return await built.onboarding.register(wanted, operator=operator, at=built.clock.now())


async def retire_key(settings: Settings, client_id: str, thumbprint: str, operator: str) -> None:
    """Ends a client's key; see ``Onboarding.retire_key``."""
    async with opened(settings) as built:
        await built.onboarding.retire_key(
            client_id, thumbprint, operator=operator, at=built.clock.now()
        )


async def fresh_personas(settings: Settings, count: int, operator: str) -> list[dict[str, str]]:
    """Enrols fresh customers like the first persona, each under a name of their own."""
    model = load_personas()[0]
    fresh = tuple(
        msgspec.structs.replace(
            model,
            login=f"demo-{secrets.token_hex(4)}",
            passcode=f"{secrets.randbelow(10**6):06d}",
            bound_number=f"622848{secrets.randbelow(10**10):010d}",
        )
        for _ in range(count)
    )
    async with opened(settings) as built:
        assert isinstance(built.bank, SandboxBank)
        await built.bank.seed(fresh)
        unit = Unit("sandbox.enrol")
        built.audit.append(
            unit,
            action="sandbox.enrol",
            actor=f"operator:{operator}",
            detail={"customers": [one.customer_id for one in fresh]},
            at=built.clock.now(),
        )
        await built.database.commit(unit)
    return [_sign_in(one) for one in fresh]


def personas() -> list[dict[str, str]]:
    """How to sign in as each of the shipped personas, which every sandbox seeds as it starts."""
    return [_sign_in(each) | {"story": each.story_en} for each in load_personas()]


def openapi_document() -> bytes:
    """The contract of this version; nothing is opened or read for it."""
    nowhere = Settings(
        mode="sandbox",
        issuer="http://127.0.0.1",
        database_url="sqlite:///never-opened",
        rules="never-opened",
    )
    built = rooms.build(nowhere, Database(_Unopened()), Vault.fresh(), SystemClock())
    return openapi.document(built)


async def verify_audit(
    settings: Settings, trusted: dict[str, Any] | None
) -> tuple[list[str], bool]:
    """The report's lines and whether the trail is intact."""
    async with opened(settings) as built:
        jwks = trusted or await built.oauth.keys.archive()
        report = await verify_database(built.database, settings.audit_heads_path, jwks)
    return report.lines, report.intact


def _sign_in(one: Persona) -> dict[str, str]:
    return {
        "customer": one.login,
        "passcode": one.passcode,
        "name_zh": one.name_zh,
        "name_en": one.name_en,
        "customer_id": one.customer_id,
    }
