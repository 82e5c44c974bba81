"""One running gateway with two partners, shared by everything that looks at it from outside."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.flows.customer import Customer, tokens
from tests.flows.lantu import new_dialect_key
from tests.flows.partner import Partner, line_of
from tests.flows.receiver import Receiver, listening
from tests.flows.server import House, house

# A person may hold at most five accounts of a tier (CN-ACC-02), and an order opens one of each.
_CUSTOMERS = 12


@dataclass(frozen=True)
class Bank:
    """The gateway's house, two partners by their folder's name, and people who have no account."""

    house: House
    wayfare: Partner
    lantu: Partner
    dialect_key: rsa.RSAPrivateKey
    bank_pem: str
    receiver: Receiver
    customers: Iterator[Customer]

    def customer(self) -> Customer:
        """Somebody whom no test has met yet, until everybody has been met."""
        return next(self.customers)


@dataclass(frozen=True)
class Sale:
    """An active order with what a partner needs to go on."""

    token: str
    order: dict[str, Any]
    customer: Customer

    @property
    def purse(self) -> str:
        """The account that rides are paid from."""
        return str(line_of(self.order, "purse")["account_id"])

    @property
    def mandate(self) -> str:
        """What lets rides be debited."""
        return str(line_of(self.order, "ride")["mandate_id"])


def sold(partner: Partner, customer: Customer, reference: str) -> Sale:
    """A commuter wallet sold natively: consent, order, and all its lines active."""
    token = tokens(partner, customer)["access_token"]
    placed = partner.place_order(token, f"key-{reference}", reference)
    assert placed.status_code == 201, placed.text
    assert placed.json()["status"] == "active", placed.text
    return Sale(token, placed.json(), customer)


@contextmanager
def opened(kind: str, postgres_url: str, tree: str = "") -> Iterator[Bank]:
    """A bank until the block ends; ``tree`` is another source tree to run the gateway from."""
    with ExitStack() as stack:
        receiver = stack.enter_context(listening())
        built = stack.enter_context(house(kind, postgres_url, outbound=[receiver.place]))
        key, pem = new_dialect_key()
        wayfare = built.register("Wayfare", "wayfare.example")
        lantu, bank_pem = built.register_speaker("Lantu", "lantu.example", pem)
        customers = itertools.cycle(built.customers(_CUSTOMERS))
        stack.enter_context(built.serving())
        yield Bank(built, wayfare, lantu, key, bank_pem, receiver, customers)


_SHARED = pytest.StashKey[dict[str, Bank]]()


def shared(request: pytest.FixtureRequest, kind: str, postgres_url: str = "") -> Bank:
    """The session's bank on that database, opened for whoever asks first.

    It closes with the first fixture that asked; those are of the session, so nobody is left.
    """
    banks = request.config.stash.setdefault(_SHARED, {})
    if kind not in banks:
        stack = ExitStack()
        banks[kind] = stack.enter_context(opened(kind, postgres_url))
        request.addfinalizer(stack.close)
    return banks[kind]
