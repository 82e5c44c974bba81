"""The onboarding room over each database, with a sender that may call one loopback server."""

from collections.abc import AsyncIterator

import httpx
import pytest

from contracts.v1.onboarding import RegisteredClient
from gateway.audit.service import Audit
from gateway.database import Database
from gateway.kit.http import Sender as KitSender
from gateway.kit.key_store import MemoryKeyStore
from gateway.kit.vault import Vault
from gateway.onboarding.service import Onboarding
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.onboarding.applicant import SERVER, Applicant, door, trust
from tests.gateway.onboarding.documents import Documents, Sender, serving, wish


@pytest.fixture
def vault() -> Vault:
    return Vault(MemoryKeyStore())


@pytest.fixture
async def documents() -> AsyncIterator[Documents]:
    async with serving() as held:
        yield held


@pytest.fixture
async def sender(documents: Documents) -> AsyncIterator[KitSender]:
    opened = Sender(listed=[documents.place])
    yield opened
    await opened.close()


@pytest.fixture
def onboarding(database: Database, vault: Vault, sender: KitSender) -> Onboarding:
    return Onboarding(database, Audit(load_book()), vault, sandbox=True, sender=sender)


@pytest.fixture
def live(database: Database, vault: Vault) -> Onboarding:
    """The same register in a gateway that is no sandbox."""
    return Onboarding(database, Audit(load_book()), vault, sandbox=False)


@pytest.fixture
async def http(onboarding: Onboarding, clock: SetClock) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(door(onboarding, clock))
    async with httpx.AsyncClient(transport=transport, base_url=SERVER) as opened:
        yield opened


@pytest.fixture
async def partner(onboarding: Onboarding, clock: SetClock) -> RegisteredClient:
    return await onboarding.register(wish(), operator="ada", at=clock.now())


@pytest.fixture
async def applicant(
    onboarding: Onboarding, http: httpx.AsyncClient, clock: SetClock, partner: RegisteredClient
) -> Applicant:
    await trust(onboarding, clock)
    return Applicant(http, clock, partner.partner_id)
