"""The stage of the flow tests: one gateway, two partners, one of which speaks a dialect too."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from tests.flows.customer import Customer, tokens
from tests.flows.lantu import LantuClient, new_dialect_key
from tests.flows.partner import Partner
from tests.flows.receiver import Manner, Receiver, listening
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
    # Each in turn, because a customer may hold five accounts of a tier and no more.
    customers: Iterator[Customer]
    receiver: Receiver

    def token(self) -> str:
        """A token of the partner's own."""
        answer = self.partner.client_token()
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def endpoint(self, path: str, manner: Manner | None = None) -> dict[str, str]:
        """A new webhook endpoint of the partner, with what its registration answered."""
        if manner is not None:
            self.receiver.manners[path] = manner
        wanted = {"url": self.receiver.url(path)}
        answer = self.partner.call("POST", "/v1/webhook-endpoints", self.token(), wanted)
        assert answer.status_code == 201, answer.text
        made: dict[str, str] = answer.json()
        return made

    @contextmanager
    def listening_at(self, path: str, manner: Manner | None = None) -> Iterator[dict[str, str]]:
        """A webhook endpoint for the block alone, because a partner has room for few."""
        made = self.endpoint(path, manner)
        try:
            yield made
        finally:
            gone = f"/v1/webhook-endpoints/{made['endpoint_id']}"
            assert self.partner.call("DELETE", gone, self.token()).status_code == 204

    def ordered(self, customer: Customer) -> tuple[dict[str, Any], dict[str, Any]]:
        """The tokens of a fresh consent, and the active order placed with them."""
        granted = tokens(self.partner, customer)
        answer = self.partner.place_order(granted["access_token"], fresh("order"), "trip")
        assert answer.status_code == 201, answer.text
        return granted, answer.json()


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
                customers=cycle(customers),
                receiver=receiver,
            )


def _speaker(built: House, name: str) -> tuple[Partner, LantuClient]:
    key, pem = new_dialect_key()
    partner, bank_pem = built.register_speaker(name, f"{name.lower()}.example", pem)
    client = LantuClient(partner.line, partner.client_id, key, bank_pem, time.time)
    return partner, client


def fresh(word: str) -> str:
    """A name that nothing has had before."""
    return f"{word}-{secrets.token_hex(6)}"
