"""One running gateway with two partners, shared by everything that looks at it from outside."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contracts.mailbox import Mailbox, collecting
from tests.flows.customer import Customer, tokens
from tests.flows.lantu import new_dialect_key
from tests.flows.partner import Partner, line_of
from tests.flows.receiver import Receiver, listening
from tests.flows.server import ROOT, House, database

# A person may hold at most five accounts of a tier (CN-ACC-02), and an order opens one of each.
_CUSTOMERS = 20


@dataclass(frozen=True)
class Bank:
    """The gateway's house, two partners by their folder's name, and people who have no account."""

    house: House
    wayfare: Partner
    lantu: Partner
    dialect_key: rsa.RSAPrivateKey
    bank_pem: str
    receiver: Receiver
    mailbox: Mailbox
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


class Rebuilt(House):
    """A house that runs from another source tree where that tree has a package of ours."""

    tree: Path | None = None

    def environment(self, port: int) -> dict[str, str]:
        """The usual settings; the tree comes before the repository on the module path."""
        usual = super().environment(port)
        if self.tree is None:
            return usual
        path = os.pathsep.join([str(self.tree), str(ROOT)])
        return usual | {"PYTHONSAFEPATH": "1", "PYTHONPATH": path}


@contextmanager
def opened(kind: str, postgres_url: str, tree: Path | None = None) -> Iterator[Bank]:
    """A bank until the block ends, from the repository or from a ``tree`` with changed packages."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tessera-bank-")))
        url = stack.enter_context(database(kind, postgres_url, place))
        receiver = stack.enter_context(listening())
        mailbox = stack.enter_context(collecting())
        house = Rebuilt(place, url, outbound=[receiver.place, mailbox.place])
        house.tree = tree
        house.command("migrate")
        key, pem = new_dialect_key()
        wayfare = house.register("Wayfare", "wayfare.example")
        lantu, bank_pem = house.register_speaker("Lantu", "lantu.example", pem)
        customers = itertools.cycle(house.customers(_CUSTOMERS))
        stack.enter_context(house.serving())
        yield Bank(house, wayfare, lantu, key, bank_pem, receiver, mailbox, customers)


def rebuilt(tree: Path, edits: Mapping[str, tuple[str, str]]) -> Path:
    """A tree with the packages that the edits touch, each edit (old text, new text) made once."""
    for package in {name.partition("/")[0] for name in edits}:
        shutil.copytree(ROOT / package, tree / package)
    for name, (old, new) in edits.items():
        text = (tree / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {text.count(old)} times: {old}"
        (tree / name).write_text(text.replace(old, new), encoding="utf-8")
    return tree


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
