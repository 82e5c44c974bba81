"""A partner's counter for quotes: the room over a shelf that a test fills."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from contracts import errors
from contracts.v1.quotes import Quote
from gateway.audit.service import Audit
from gateway.database import Database, Query
from gateway.kit.caller import Caller
from gateway.products.package_files import PackageFile
from gateway.products.quotes.facts import ReadRequest, told_by
from gateway.products.quotes.service import Quoted, Quotes
from gateway.products.quotes.shelf import Shelved
from gateway.products.service import NamedQuotes, load_packages
from gateway.rules.service import load_book
from gateway.web.idempotency import Idempotency
from tests.conftest import SetClock

CODE = "checkout-instalment"
TYPE = "urn:tessera:package-order"


class Counted(msgspec.Struct, frozen=True):
    n: int


class AuditRow(msgspec.Struct, frozen=True):
    decision: str
    rules: str
    rule_pack: str
    detail: str


QUOTES = Query("select count(*) as n from quote", Counted)
AUDITED = Query(
    "select decision, rules, rule_pack, detail from audit_record where action = 'quote.make'"
    " order by recorded_at",
    AuditRow,
)


def checkout() -> PackageFile:
    """The shipped package for the order page, its plans open to a subsidy."""
    package = next(found for found in load_packages() if found.code == CODE)
    return replace(package, plan=tuple(replace(plan, subsidy=True) for plan in package.plan))


class Shelf:
    """What each partner may sell, as the test says."""

    def __init__(self, package: PackageFile) -> None:
        self.package = package
        self.unlisted: dict[str, frozenset[str]] = {}
        self.ceiling = Decimal("0.24")

    async def shelved(self, partner_id: str, code: str, version: str | None) -> Shelved:
        if code != self.package.code or version not in (None, self.package.version):
            raise errors.NotFound("There is no such package.")
        return Shelved(
            package=self.package,
            unlisted=self.unlisted.get(partner_id, frozenset()),
            ceiling=self.ceiling,
        )


class Counter:
    """One partner after another at the room's door."""

    def __init__(self, database: Database, clock: SetClock, package: PackageFile) -> None:
        self.database = database
        self.clock = clock
        self.shelf = Shelf(package)
        audit = Audit(load_book())
        self.quotes = Quotes(database, self.shelf, Idempotency(database), audit)
        self.named = NamedQuotes(database)
        self.keys = 0

    def caller(self, partner_id: str = "par_shop", customer_id: str | None = None) -> Caller:
        return Caller(
            partner_id=partner_id,
            client_id=f"cli_{partner_id}",
            scope=frozenset(("instalment.quote",)),
            at=self.clock.now(),
            interaction_id="00000000-0000-4000-8000-000000000001",
            customer_id=customer_id,
            consent_id=None if customer_id is None else f"con_{customer_id}",
        )

    async def send(
        self, body: dict[str, Any], caller: Caller | None = None, key: str | None = None
    ) -> Quoted:
        """Posts a body as the route does."""
        self.keys += 1
        text = msgspec.json.encode(body)
        return await self.quotes.quote(
            self.shelf.package.code,
            msgspec.json.decode(text, type=ReadRequest),
            told_by(text),
            caller or self.caller(),
            key or f"key-{self.keys}",
        )

    async def quote(self, caller: Caller | None = None, **changes: Any) -> Quote:
        """A quote for the usual order, changed as said."""
        quoted = await self.send(wanted(**changes), caller)
        return msgspec.json.decode(quoted.body, type=Quote)

    async def count(self) -> int:
        row = await self.database.find(QUOTES)
        return 0 if row is None else row.n


def money(minor_units: int, currency: str = "CNY") -> dict[str, Any]:
    return {"minor_units": minor_units, "currency": currency}


def wanted(
    amount: int = 600_000, reference: str = "order-1", component: str = "plan", **changes: Any
) -> dict[str, Any]:
    """A body; ``told`` are further members of the order, all else is beside it."""
    told = changes.pop("told", {})
    order = {"reference": reference, "amount": money(amount), **told}
    return {"component": component, "order": order, **changes}


def entry(quote: Quote, plan: str, /, **changes: Any) -> dict[str, Any]:
    """The entry of authorization details that names the quote."""
    usual = {
        "type": TYPE,
        "package": quote.package,
        "version": quote.version,
        "component": quote.component,
        "actions": ["draw"],
        "quote": quote.quote_id,
        "plan": plan,
        "amount": money(quote.amount.minor_units),
    }
    return usual | changes
