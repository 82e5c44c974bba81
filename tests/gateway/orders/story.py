"""The rooms of orders, accounts and payments over the real sandbox bank, built for a test."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from contracts.v1.orders import Order, OrderLine, OrderRequest
from gateway.accounts.service import Accounts, Mandates
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.corebank.sandbox.personas import load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.corebank.sandbox.sign_in import PasscodeHash
from gateway.database import Database, Query, Unit
from gateway.events.service import Events
from gateway.kit import ids
from gateway.kit.caller import Caller
from gateway.oauth.service import TWO_FACTOR
from gateway.orders.service import Orders, Placed
from gateway.payments.service import Payments
from gateway.products.package_files import PackageFile
from gateway.products.service import (
    Catalogue,
    DisclosureRules,
    NamedQuotes,
    PartnerRegister,
    load_packages,
    load_types,
)
from gateway.rules.service import load_book
from gateway.web.idempotency import Idempotency
from tests.agreed import texts_read
from tests.conftest import SetClock

Interruption = Callable[[str, str], Awaitable[None]]

LEASE = timedelta(seconds=5)
HOSTED = "https://bank.example"
SCOPE = "order.write order.read account.limits.read payment.initiate"
TYPE = "urn:tessera:package-order"


async def undisturbed(_kind: str, _operation_id: str) -> None:
    """A line to the bank that holds."""


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class MortalDatabase(Database):
    """A database whose process is killed at its n-th commit, before or after it is durable."""

    def __init__(self, database: Database, dies_at: int, *, durable: bool) -> None:
        super().__init__(database._store)
        self.left = dies_at
        self._durable = durable

    async def commit(self, unit: Unit) -> list[Any]:
        self.left -= 1
        if self.left < 0 or (self.left == 0 and not self._durable):
            raise Killed
        answer = await super().commit(unit)
        if self.left == 0:
            raise Killed
        return answer


class Counted(msgspec.Struct, frozen=True):
    n: int


class TypeRow(msgspec.Struct, frozen=True):
    type: str
    resource_id: str
    sequence: int
    body: str


class AuditRow(msgspec.Struct, frozen=True):
    action: str
    decision: str
    actor: str
    detail: str


ORDERS = Query("select count(*) as n from order_", Counted)
ORDERS_OF = Query("select count(*) as n from order_ where consent_id = :consent_id", Counted)
ACCOUNTS = Query("select count(*) as n from account", Counted)
MANDATES = Query("select count(*) as n from mandate", Counted)
PAYMENTS = Query("select count(*) as n from payment", Counted)
BANK_ACCOUNTS = Query(
    "select count(*) as n from bank_account where customer_id = :customer_id and kind = 'customer'"
    " and status = 'active'",
    Counted,
)
EVENTS = Query("select type, resource_id, sequence, body from event order by ordinal", TypeRow)
AUDITED = Query("select action, decision, actor, detail from audit_record", AuditRow)


class Story:
    """Every collaborator, with the shortest way to a consent, an order and a mandate."""

    def __init__(
        self,
        database: Database,
        clock: SetClock,
        *,
        packages: tuple[PackageFile, ...] = (),
        before_commit: Interruption = undisturbed,
        after_commit: Interruption = undisturbed,
        seen_clock: SetClock | None = None,
        register: PartnerRegister | None = None,
    ) -> None:
        """``seen_clock`` is the bank's time as the gateway sees it, where the two differ.

        ``register`` says which partners are listed; without one none is.
        """
        self.database = database
        self.clock = clock
        self.rules = load_book()
        self.bank = SandboxBank(
            database,
            self.rules,
            clock,
            passcodes=PasscodeHash(memory_kib=64),
            before_commit=before_commit,
            after_commit=after_commit,
        )
        packages = (*load_packages(), *packages)
        self.catalogue = Catalogue(packages, self.rules, clock, register=register)
        self.disclosures = DisclosureRules(load_types(), self.rules)
        self._open(seen_clock or clock)

    def _open(self, seen_clock: SetClock) -> None:
        database, rules = self.database, self.rules
        self.audit = Audit(rules)
        self.events = Events(database)
        self.idempotency = Idempotency(database)
        self.consents = Consents(database, self.events, self.audit)
        self.mandates = Mandates(database, self.events)
        self.accounts = Accounts(database, self.bank, self.events, bank_clock=seen_clock)
        shared = {
            "consents": self.consents,
            "mandates": self.mandates,
            "events": self.events,
            "audit": self.audit,
            "idempotency": self.idempotency,
            "clock": self.clock,
            "lease": LEASE,
        }
        self.orders = Orders(
            database,
            self.bank,
            catalogue=self.catalogue,
            disclosures=self.disclosures,
            accounts=self.accounts,
            hosted_url=HOSTED,
            rules=rules,
            quotes=NamedQuotes(database),
            **shared,
        )
        self.payments = Payments(database, self.bank, bank_clock=seen_clock, rules=rules, **shared)

    async def seed(self, *logins: str) -> None:
        await self.bank.seed(tuple(p for p in load_personas() if p.login in logins))

    async def fresh(self, like: str) -> str:
        """The login of a new customer who is like a persona in everything but the name."""
        found = next(persona for persona in load_personas() if persona.login == like)
        persona = replace(found, login=f"{like}-{ids.new_id('x')[2:22]}")
        await self.bank.seed((persona,))
        return persona.login

    async def consent(
        self,
        login: str = "lin",
        details: list[dict[str, Any]] | None = None,
        partner_id: str = "par_metro",
        client_id: str = "cli_metro",
        acr: str = TWO_FACTOR,
        shown_at: datetime | None = None,
    ) -> Caller:
        """A caller whose token carries a fresh consent of the persona, its texts read."""
        await self.seed(login)
        entries = wallet() if details is None else details
        unit = Unit("consent.grant")
        consent_id = self.consents.grant(
            unit,
            partner_id=partner_id,
            client_id=client_id,
            customer_id=f"cus_{login}",
            scope=SCOPE,
            authorization_details=entries,
            acr=acr,
            amr=("pwd",),
            at=self.clock.now(),
            read=texts_read(
                self.catalogue, self.disclosures, entries, self.clock.now(), shown_at=shown_at
            ),
        )
        await self.database.commit(unit)
        return Caller(
            partner_id=partner_id,
            client_id=client_id,
            scope=frozenset(SCOPE.split()),
            at=self.clock.now(),
            interaction_id="00000000-0000-4000-8000-000000000001",
            customer_id=f"cus_{login}",
            subject="pairwise",
            consent_id=consent_id,
            authorization_details=tuple(entries),
            acr=acr,
        )

    async def place(
        self, caller: Caller, key: str = "key-1", request: OrderRequest | None = None
    ) -> Placed:
        """Places the order as of now."""
        later = replace(caller, at=self.clock.now())
        return await self.orders.place(request or wanted(), later, key)

    async def active(self, login: str = "lin", **named: Any) -> tuple[Caller, Order]:
        """A persona with an active commuter wallet."""
        caller = await self.consent(login, **named)
        placed = await self.place(caller, key=ids.new_id("key"))
        assert placed.order.status == "active", placed.order
        return caller, placed.order

    async def balance(self, order: Order, component: str) -> int:
        """What the bank has on a line's account."""
        account = await self.accounts.find(line(order, component).account_id or "")
        assert account is not None
        return (await self.bank.capabilities(account.bank_account_id)).balance.minor_units

    async def count(self, query: Query[Counted], **values: Any) -> int:
        row = await self.database.find(query, **values)
        return 0 if row is None else row.n

    async def event_types(self) -> list[str]:
        return [row.type for row in await self.database.all(EVENTS)]

    async def check_events(self) -> None:
        """No event is lost and none stands twice: every resource counts 1, 2, 3 ..."""
        by_resource: dict[str, list[int]] = {}
        for row in await self.database.all(EVENTS):
            by_resource.setdefault(row.resource_id, []).append(row.sequence)
        for resource_id, numbers in by_resource.items():
            assert numbers == list(range(1, len(numbers) + 1)), resource_id

    async def event_counts(self, about: str = "") -> Counter[str]:
        """How often each type of event was recorded, of those whose text holds ``about``."""
        rows = await self.database.all(EVENTS)
        return Counter(row.type for row in rows if about in row.body)


async def until_answered(work: Any, clock: SetClock, attempts: int = 5) -> Any:
    """Repeats a call as a client does, letting leases run out in between."""
    for _ in range(attempts):
        clock.advance(LEASE.total_seconds() + 1)
        outcome = (await asyncio.gather(work(), return_exceptions=True))[0]
        if not isinstance(outcome, Exception):
            return outcome
    raise AssertionError(f"never answered: {outcome!r}")


def wanted(package: str = "commuter-wallet", reference: str = "trip-1") -> OrderRequest:
    return OrderRequest(package=package, version="1.0.0", reference=reference)


def entry(component: str, *actions: str, package: str = "commuter-wallet", **money: int) -> dict:
    amounts = {
        name: {"minor_units": minor_units, "currency": "CNY"} for name, minor_units in money.items()
    }
    named = {"type": TYPE, "package": package, "version": "1.0.0", "component": component}
    return {**named, "actions": list(actions), **amounts}


def wallet(top_up: int = 5_000, each: int = 5_000, daily: int = 20_000) -> list[dict[str, Any]]:
    """The whole commuter wallet, in another order than it is activated in."""
    return [
        entry("purse", "open", top_up=top_up),
        entry("sweep", "refer"),
        entry("ride", "mandate", per_debit_cap=each, daily_cap=daily),
        entry("vault", "open"),
    ]


def line(order: Order, component: str) -> OrderLine:
    return next(found for found in order.lines if found.component == component)


def shipped() -> PackageFile:
    return next(found for found in load_packages() if found.code == "commuter-wallet")


def package(code: str, *parts: tuple[str, str, bool]) -> PackageFile:
    """A package of the wallet's components under other names: (theirs, ours, required)."""
    wallet_parts = {part.id: part for part in shipped().component}
    components = tuple(
        replace(wallet_parts[theirs], id=ours, required=required, draws_on=None)
        for theirs, ours, required in parts
    )
    ours = {theirs: tuple(o for t, o, _ in parts if t == theirs) for theirs in wallet_parts}
    texts = tuple(
        replace(text, components=tuple(name for part in text.components for name in ours[part]))
        for text in shipped().disclosure
    )
    return replace(shipped(), code=code, component=components, disclosure=texts)
