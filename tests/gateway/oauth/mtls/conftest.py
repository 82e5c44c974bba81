"""The OAuth room behind a terminator, and a partner that is known by its certificate."""

from typing import Any

import pytest

from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database
from gateway.kit.vault import Vault
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.web.door import Door
from tests.conftest import SetClock
from tests.gateway.oauth.mtls.mutual import behind_door, build, by_certificate
from tests.gateway.oauth.partner import Partner
from tests.gateway.oauth.story import register


@pytest.fixture
def rooms(
    database: Database,
    onboarding: Onboarding,
    consents: Consents,
    audit: Audit,
    vault: Vault,
    clock: SetClock,
) -> tuple[Any, ...]:
    return (database, onboarding, consents, audit, vault, clock)


@pytest.fixture
async def oauth(rooms: tuple[Any, ...]) -> OAuth:
    room = build(*rooms)
    await room.ensure()
    return room


@pytest.fixture
def app(oauth: OAuth, database: Database, clock: SetClock) -> Door:
    return behind_door(oauth, database, clock)


@pytest.fixture
async def travel(onboarding: Onboarding, clock: SetClock) -> Partner:
    return await register(onboarding, clock, "Travel", metadata=by_certificate())
