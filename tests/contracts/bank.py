"""One running gateway with two partners, shared by everything that looks at it from outside."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contracts.v1.onboarding import Registration
from gateway.cli import operations, partner_operations
from gateway.database.migrate import migrate
from gateway.settings import read as read_settings
from tests import stores
from tests.contracts.mailbox import Mailbox, collecting
from tests.flows.customer import Customer, tokens
from tests.flows.lantu import new_dialect_key
from tests.flows.partner import Keys, Partner, line_of, registered, registration
from tests.flows.receiver import Receiver, listening
from tests.flows.server import ROOT, House, database
from tests.flows.wire import Line

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
        place = Path(stack.enter_context(_folder()))
        url = stack.enter_context(database(kind, postgres_url, place))
        receiver = stack.enter_context(listening())
        mailbox = stack.enter_context(collecting())
        house = Rebuilt(place, url, outbound=[receiver.place, mailbox.place])
        house.tree = tree
        key, pem = new_dialect_key()
        with ThreadPoolExecutor(1) as thread:
            thread.submit(migrate, url).result()
            furnished = thread.submit(asyncio.run, _furnished(house, pem)).result()
        stack.enter_context(house.serving())
        yield Bank(
            house=house,
            wayfare=furnished.wayfare,
            lantu=furnished.lantu,
            dialect_key=key,
            bank_pem=furnished.bank_pem,
            receiver=receiver,
            mailbox=mailbox,
            customers=itertools.cycle(furnished.customers),
        )


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tessera-bank-", dir=stores.quick_place())


@dataclass(frozen=True)
class _Furnished:
    wayfare: Partner
    lantu: Partner
    bank_pem: str
    customers: list[Customer]


async def _furnished(house: House, pem: str) -> _Furnished:
    """What an operator's commands would do, without starting the program for each of them."""
    settings = read_settings(house.environment(house.port))
    found = {}
    for name in ("Wayfare", "Lantu"):
        keys = Keys.fresh()
        asked = registration(keys, name, f"{name.lower()}.example")
        if name == "Lantu":
            asked["dialect_keys"] = [{"dialect": "lantu", "public_key_pem": pem}]
        else:
            asked["scope"] += " instalment.quote"
        wanted = msgspec.convert(asked, Registration)
        client = await operations.register(settings, wanted, "tests")
        document = msgspec.to_builtins(client)
        # Both may have a part in credit, so that there is something to quote.
        await partner_operations.enlist(settings, document["partner_id"], True, "tests")
        found[name] = (registered(Line(house.issuer), keys, document), document["dialects"])
    people = await operations.fresh_personas(settings, _CUSTOMERS, operator="test")
    return _Furnished(
        wayfare=found["Wayfare"][0],
        lantu=found["Lantu"][0],
        bank_pem=found["Lantu"][1]["lantu"],
        customers=[
            Customer(one["customer"], one["passcode"], one["customer_id"]) for one in people
        ],
    )


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
