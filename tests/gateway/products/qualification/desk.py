"""A desk where partners ask: the room over the sandbox bank, with every call to it written down."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from contracts.v1.qualifications import Qualification, QualificationRequest, QualifiedLine
from gateway.audit.service import Audit
from gateway.corebank.port import CustomerFacts
from gateway.corebank.sandbox.personas import Persona, load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.corebank.sandbox.sign_in import PasscodeHash
from gateway.database import Database, Query
from gateway.kit import ids
from gateway.kit.caller import Caller
from gateway.products.package_files import PackageFile, decode_package
from gateway.products.service import (
    Catalogue,
    Qualifications,
    load_missing,
    load_packages,
    load_types,
)
from gateway.rules.service import RuleBook, load_book
from tests import flows
from tests.conftest import SetClock

TYPE = "urn:tessera:package-order"
WALLET = "commuter-wallet"
CHECKOUT = "checkout-instalment"
THIRTEENTH = Path(flows.__file__).with_name("season-pass.toml")


class AuditRow(msgspec.Struct, frozen=True):
    decision: str
    subject: str | None
    rules: str
    rule_pack: str
    detail: str


AUDITED = Query(
    "select decision, subject, rules, rule_pack, detail from audit_record"
    " where action = 'package.qualify' order by ordinal",
    AuditRow,
)


class Standing(msgspec.Struct, frozen=True):
    """A partner as the test says."""

    partner_id: str
    listed: bool = True
    licences: frozenset[str] = frozenset()

    def licences_on(self, day: date) -> frozenset[str]:
        return self.licences


class Register:
    """Every partner is listed and holds no licence, but for those that the test names."""

    def __init__(self) -> None:
        self.named: dict[str, Standing] = {}

    async def standing(self, partner_id: str) -> Standing:
        return self.named.get(partner_id, Standing(partner_id))


class WatchedBank:
    """The one operation that is asked for, written down; any other fails the test."""

    def __init__(self, bank: SandboxBank) -> None:
        self._bank = bank
        self.asked: list[str] = []
        self.fails_with: Exception | None = None

    async def facts(self, customer_id: str) -> CustomerFacts | None:
        self.asked.append("facts")
        if self.fails_with is not None:
            raise self.fails_with
        return await self._bank.facts(customer_id)


class OrderBook:
    """Orders that can carry out everything, and hold what the test says."""

    def __init__(self) -> None:
        self.closed: set[str] = set()
        self.live: set[tuple[str, str]] = set()
        self.asked: list[str] = []

    def carries_out(self, component_type: str) -> bool:
        return component_type not in self.closed

    async def is_live(self, consent_id: str, package: str) -> bool:
        self.asked.append("is_live")
        return (consent_id, package) in self.live


class Desk:
    """One caller after another at the room's door."""

    def __init__(
        self,
        database: Database,
        clock: SetClock,
        packages: tuple[PackageFile, ...] = (),
        rules: RuleBook | None = None,
    ) -> None:
        rules = rules or load_book()
        self.database = database
        self.clock = clock
        self.sandbox = SandboxBank(database, rules, clock, passcodes=PasscodeHash(memory_kib=64))
        self.bank = WatchedBank(self.sandbox)
        self.orders = OrderBook()
        self.register = Register()
        self.catalogue = Catalogue(
            packages or load_packages(), rules, clock, register=self.register
        )
        self.qualifications = Qualifications(
            database,
            self.catalogue,
            self.bank,
            self.orders,
            Audit(rules),
            types=load_types(),
            rules=rules,
            table=load_missing(),
        )

    async def enrol(self, like: str = "lin", **changes: Any) -> str:
        """The id of a new customer who is like a persona but for the changes."""
        found = next(persona for persona in load_personas() if persona.login == like)
        persona: Persona = replace(found, login=f"q-{ids.new_id('x')[2:22]}", **changes)
        await self.sandbox.seed((persona,))
        return persona.customer_id

    def anybody(self, partner_id: str = "par_shop") -> Caller:
        """A client that asks for itself."""
        return Caller(
            partner_id=partner_id,
            client_id="cli_shop",
            scope=frozenset({"catalog.read"}),
            at=self.clock.now(),
            interaction_id="00000000-0000-4000-8000-000000000001",
        )

    def customer(self, customer_id: str, package: str = WALLET, version: str = "1.0.0") -> Caller:
        """A client with a customer's token, whose consent is for the package."""
        return replace(
            self.anybody(),
            scope=frozenset({"order.write"}),
            customer_id=customer_id,
            consent_id=f"con_{customer_id}",
            authorization_details=({"type": TYPE, "package": package, "version": version},),
        )

    async def ask(self, caller: Caller, package: str = WALLET, **request: Any) -> Qualification:
        """The answer to a request of these members."""
        wanted = msgspec.convert(request, QualificationRequest)
        return await self.qualifications.qualify(package, wanted, caller)


def outcomes(answer: Qualification) -> dict[str, str]:
    return {line.component: line.outcome for line in answer.lines}


def line(answer: Qualification, component: str) -> QualifiedLine:
    return next(found for found in answer.lines if found.component == component)


def missing(answer: Qualification, component: str = "") -> list[str]:
    """The codes of what the package misses, or one of its lines."""
    found = line(answer, component).missing if component else answer.missing
    return [lack.code for lack in found]


def every_package() -> tuple[PackageFile, ...]:
    """Everything that ships, the drafts as if they were published, and one that is only a file."""
    shipped = (replace(package, status="published") for package in load_packages())
    return (*shipped, decode_package(THIRTEENTH.read_bytes(), THIRTEENTH.name))
