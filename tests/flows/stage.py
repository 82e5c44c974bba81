"""The stage of the flow tests: one gateway, two partners, one of which speaks a dialect too."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.flows.customer import Customer
from tests.flows.lantu import LantuClient, new_dialect_key
from tests.flows.partner import Partner
from tests.flows.receiver import Receiver, listening
from tests.flows.server import House, house

CUSTOMERS = 8


@dataclass(frozen=True)
class Stage:
    """A gateway that serves, and everybody who has business with it."""

    house: House
    partner: Partner
    stranger: Partner
    lantu: LantuClient
    lantu_of_stranger: LantuClient
    customers: list[Customer]
    receiver: Receiver


@contextmanager
def set_stage(kind: str, postgres_url: str) -> Iterator[Stage]:
    """Registers everybody through the command line, then serves until the block ends."""
    with listening() as receiver, house(kind, postgres_url, [receiver.place]) as built:
        speakers = [_speaker(built, name) for name in ("Wayfare", "Stranger")]
        customers = built.customers(CUSTOMERS)
        with built.serving():
            yield Stage(
                house=built,
                partner=speakers[0][0],
                stranger=speakers[1][0],
                lantu=speakers[0][1],
                lantu_of_stranger=speakers[1][1],
                customers=customers,
                receiver=receiver,
            )


def _speaker(built: House, name: str) -> tuple[Partner, LantuClient]:
    key, pem = new_dialect_key()
    partner, bank_pem = built.register_speaker(name, f"{name.lower()}.example", pem)
    client = LantuClient(partner.line, partner.client_id, key, bank_pem, time.time)
    return partner, client
