"""Sets the stage of a soak: a migrated house, and many partners and customers in one go."""

import asyncio
from dataclasses import dataclass

import msgspec

from contracts.v1.onboarding import Registration
from gateway import settings as settings_file
from gateway.cli.operations import opened
from gateway.corebank.sandbox.personas import Persona, load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.rooms import Rooms
from gateway.settings import Settings
from tests.flows.customer import Customer
from tests.flows.partner import Keys, registration
from tests.flows.server import House


@dataclass(frozen=True)
class Cast:
    """A partner of its own for each story, and a customer of its own."""

    clients: list[tuple[Keys, str, str]]
    customers: list[Customer]


def settings_of(house: House, port: int | None = None) -> Settings:
    """The house's settings, quiet: a soak makes more lines than anybody reads."""
    quiet = {"TESSERA_ACCESS_LOG": "off", "TESSERA_LOG_LEVEL": "WARNING"}
    return settings_file.read(house.environment(port or house.port) | quiet)


def hire(house: House, count: int) -> Cast:
    """Registers ``count`` partners and enrols as many customers, before anything serves."""
    return asyncio.run(_hire(settings_of(house), count))


async def _hire(settings: Settings, count: int) -> Cast:
    async with opened(settings) as built:
        await built.oauth.ensure()
        clients = await asyncio.gather(*(_register(built, number) for number in range(count)))
        people = tuple(_persona(number) for number in range(count))
        assert isinstance(built.bank, SandboxBank)
        await built.bank.seed(people)
    customers = [Customer(one.login, one.passcode, one.customer_id) for one in people]
    return Cast(clients, customers)


async def _register(built: Rooms, number: int) -> tuple[Keys, str, str]:
    keys = Keys.fresh()
    document = registration(keys, f"Soak {number}", f"soak-{number}.example")
    wanted = msgspec.convert(document, Registration)
    client = await built.onboarding.register(wanted, operator="soak", at=built.clock.now())
    return keys, client.client_id, client.redirect_uris[0]


def _persona(number: int) -> Persona:
    return msgspec.structs.replace(
        load_personas()[0],
        login=f"soak-{number}",
        passcode=f"{number:06d}",
        bound_number=f"622848{number:010d}",
    )
