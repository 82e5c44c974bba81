"""Every room built once, with its collaborators; the only place that knows them all."""

from typing import Any

import msgspec

import partners
from gateway.accounts.service import Accounts, Mandates
from gateway.audit.service import Audit
from gateway.audit.worker import Sealer
from gateway.consents.service import Consents
from gateway.corebank.absent import AbsentBank
from gateway.corebank.port import CoreBank
from gateway.corebank.sandbox.personas import load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.database import Database
from gateway.dialects.operations import Operations
from gateway.dialects.service import Dialects
from gateway.events.service import Events
from gateway.hosted.codes import SandboxMessenger
from gateway.hosted.pages import Pages
from gateway.hosted.service import Hosted
from gateway.hosted.sessions import Sessions
from gateway.hosted.texts import load_texts
from gateway.jobs import Worker, every
from gateway.kit.clock import Clock
from gateway.kit.http import Sender
from gateway.kit.vault import Vault
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding, StatementRegistration
from gateway.orders.service import Orders
from gateway.payments.service import Payments
from gateway.products.service import (
    Catalogue,
    DisclosureRules,
    NamedQuotes,
    Publication,
    Qualifications,
    Quotes,
    load_missing,
    load_package_files,
    load_packages,
    load_types,
)
from gateway.rules.service import RuleBook
from gateway.rules.shelf import REREAD_SECONDS, Shelf
from gateway.settings import Settings
from gateway.web.idempotency import Idempotency
from gateway.webhooks.attempts import Courier
from gateway.webhooks.fanout import Fanout
from gateway.webhooks.service import Webhooks
from gateway.webhooks.worker import WebhookWorker
from partners import Dialect

_SWEEP_SECONDS = 600.0
_USES_SECONDS = 60.0
# How long another process may go on without what was published or withdrawn.
_CATALOGUE_SECONDS = 30.0


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """The services behind the doors."""

    settings: Settings
    database: Database
    vault: Vault
    clock: Clock
    shelf: Shelf
    rules: RuleBook
    sender: Sender
    bank: CoreBank
    audit: Audit
    events: Events
    idempotency: Idempotency
    onboarding: Onboarding
    registration: StatementRegistration
    catalogue: Catalogue
    publication: Publication
    quotes: Quotes
    qualifications: Qualifications
    consents: Consents
    oauth: OAuth
    accounts: Accounts
    orders: Orders
    payments: Payments
    webhooks: Webhooks
    deliveries: WebhookWorker
    dialects: Dialects
    sealer: Sealer
    hosted: Hosted
    pages: Pages


class _Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What every room above stands on."""

    settings: Settings
    database: Database
    clock: Clock
    vault: Vault
    shelf: Shelf
    rules: RuleBook
    sender: Sender
    bank: CoreBank
    audit: Audit
    disclosures: DisclosureRules
    events: Events
    idempotency: Idempotency
    dialects: dict[str, Dialect | None]


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Who is who and what is sold, and the authorization server over both."""

    onboarding: Onboarding
    catalogue: Catalogue
    publication: Publication
    named_quotes: NamedQuotes
    consents: Consents
    oauth: OAuth


def build(settings: Settings, database: Database, vault: Vault, clock: Clock) -> Rooms:
    """Builds every room; touches neither database nor network."""
    ground = _ground(settings, database, vault, clock)
    facts = _facts(ground)
    accounts, orders, payments = _customers_rooms(ground, facts)
    webhooks, deliveries = _outward_rooms(ground, facts)
    ground.events.listen(deliveries.nudge)
    return Rooms(
        settings=settings,
        database=database,
        vault=vault,
        clock=clock,
        shelf=ground.shelf,
        rules=ground.rules,
        sender=ground.sender,
        bank=ground.bank,
        audit=ground.audit,
        idempotency=ground.idempotency,
        events=ground.events,
        onboarding=facts.onboarding,
        registration=facts.onboarding.by_statement(clock, server=settings.issuer),
        catalogue=facts.catalogue,
        publication=facts.publication,
        quotes=Quotes(database, facts.catalogue, ground.idempotency, ground.audit),
        qualifications=_qualifications(ground, facts, orders),
        consents=facts.consents,
        oauth=facts.oauth,
        accounts=accounts,
        orders=orders,
        payments=payments,
        webhooks=webhooks,
        deliveries=deliveries,
        dialects=Dialects(
            database,
            ground.dialects,
            facts.onboarding,
            facts.oauth.handles,
            Operations(facts.catalogue, orders, accounts, payments),
            clock,
        ),
        sealer=_sealer(ground, facts),
        hosted=_hosted(ground, facts),
        pages=Pages(load_texts(), issuer=settings.issuer, live=not settings.sandbox),
    )


def _ground(settings: Settings, database: Database, vault: Vault, clock: Clock) -> _Ground:
    shelf = Shelf(settings.rules_path, clock)
    rules = shelf.book()
    return _Ground(
        settings=settings,
        database=database,
        clock=clock,
        vault=vault,
        shelf=shelf,
        rules=rules,
        sender=Sender(listed=settings.outbound),
        bank=SandboxBank(database, rules, clock) if settings.sandbox else AbsentBank(),
        audit=Audit(rules),
        disclosures=DisclosureRules(load_types(), rules),
        events=Events(database),
        idempotency=Idempotency(database),
        # Reads and checks every partner's tables, so that a faulty one stops the start.
        dialects={name: partners.find(name) for name in partners.names()},
    )


def _facts(ground: _Ground) -> _Facts:
    database, audit, clock = ground.database, ground.audit, ground.clock
    onboarding = Onboarding(
        database,
        audit,
        ground.vault,
        sandbox=ground.settings.sandbox,
        rules=ground.rules,
        sender=ground.sender,
        mutual_tls=bool(ground.settings.mtls_issuer),
    )
    consents = Consents(database, ground.events, audit)
    register = onboarding.standings
    catalogue = Catalogue(
        load_packages(), ground.rules, clock, database=database, register=register
    )
    publication = Publication(database, audit, register, catalogue.context)
    named_quotes = NamedQuotes(database)
    oauth = OAuth(
        database,
        onboarding,
        consents,
        catalogue,
        audit,
        ground.vault,
        clock,
        issuer=ground.settings.issuer,
        mtls=ground.settings.mtls_issuer,
        nonces=ground.settings.dpop_nonces,
        rules=ground.rules,
        quotes=named_quotes,
    )
    return _Facts(
        onboarding=onboarding,
        catalogue=catalogue,
        publication=publication,
        named_quotes=named_quotes,
        consents=consents,
        oauth=oauth,
    )


def _customers_rooms(ground: _Ground, facts: _Facts) -> tuple[Accounts, Orders, Payments]:
    database, bank, clock = ground.database, ground.bank, ground.clock
    accounts = Accounts(database, bank, ground.events, bank_clock=clock)
    mandates = Mandates(database, ground.events)
    orders = Orders(
        database,
        bank,
        catalogue=facts.catalogue,
        consents=facts.consents,
        accounts=accounts,
        mandates=mandates,
        events=ground.events,
        audit=ground.audit,
        idempotency=ground.idempotency,
        clock=clock,
        rules=ground.rules,
        disclosures=ground.disclosures,
        quotes=facts.named_quotes,
        hosted_url=ground.settings.issuer,
    )
    payments = Payments(
        database,
        bank,
        consents=facts.consents,
        mandates=mandates,
        events=ground.events,
        audit=ground.audit,
        idempotency=ground.idempotency,
        clock=clock,
        bank_clock=clock,
        rules=ground.rules,
    )
    return accounts, orders, payments


def _qualifications(ground: _Ground, facts: _Facts, orders: Orders) -> Qualifications:
    return Qualifications(
        ground.database,
        facts.catalogue,
        ground.bank,
        orders,
        ground.audit,
        types=facts.catalogue.types,
        rules=ground.rules,
        table=load_missing(),
    )


def _outward_rooms(ground: _Ground, facts: _Facts) -> tuple[Webhooks, WebhookWorker]:
    dialect_key = facts.onboarding.bank_key_of_partner
    find_dialect = ground.dialects.get
    webhooks = Webhooks(
        ground.database,
        audit=ground.audit,
        sender=ground.sender,
        vault=ground.vault,
        find_dialect=find_dialect,
        dialect_key=dialect_key,
    )
    deliveries = WebhookWorker(
        ground.database,
        fanout=Fanout(
            ground.database,
            events=ground.events,
            find_dialect=find_dialect,
            dialect_key=dialect_key,
        ),
        courier=Courier(sender=ground.sender, vault=ground.vault, find_dialect=find_dialect),
        audit=ground.audit,
        find_dialect=find_dialect,
        clock=ground.clock,
    )
    return webhooks, deliveries


def _sealer(ground: _Ground, facts: _Facts) -> Sealer:
    keys = facts.oauth.keys

    async def sign_head(head: bytes) -> str:
        claims = msgspec.json.decode(head, type=dict[str, Any])
        return await keys.sign(claims, typ="tessera-audit-head+jwt")

    heads = ground.settings.audit_heads_path
    return Sealer(ground.database, sign=sign_head, heads=heads, clock=ground.clock)


def _hosted(ground: _Ground, facts: _Facts) -> Hosted:
    return Hosted(
        ground.database,
        Sessions(ground.database, ground.vault),
        facts.oauth.authorizations,
        facts.consents,
        facts.onboarding,
        facts.catalogue,
        ground.bank,
        ground.audit,
        ground.clock,
        rules=ground.rules,
        disclosures=ground.disclosures,
        issuer=ground.settings.issuer,
        # A live bank's own messenger is a connector, like its core; without one there are no codes.
        messenger=SandboxMessenger(ground.database, ground.vault)
        if ground.settings.sandbox
        else None,
    )


async def furnish(built: Rooms) -> None:
    """What must be there before the first request: keys, packages, in a sandbox its people.

    Raises ``PublishedChanged`` and ``NotPublishable`` for packages that may not ship as they are.
    """
    await built.oauth.ensure()
    await built.publication.record_shipped(load_package_files(), built.clock.now())
    await built.catalogue.refresh()
    if isinstance(built.bank, SandboxBank):
        await built.bank.seed(load_personas())


def workers(built: Rooms) -> dict[str, Worker]:
    """The background work of a process; several processes share it through leases."""

    async def forget_keys() -> None:
        await built.idempotency.forget(built.clock.now())

    async def forget_quotes() -> None:
        await built.quotes.sweep(built.clock.now())

    async def reread_rules() -> None:
        await built.shelf.reread(built.rules)

    return {
        "deliveries": built.deliveries.run,
        "orders": built.orders.worker.run,
        "payments": built.payments.worker.run,
        "audit": built.sealer.run,
        "rules": every(REREAD_SECONDS, reread_rules),
        "catalogue": every(_CATALOGUE_SECONDS, built.catalogue.refresh),
        # Each by itself, so that one which fails holds up no other.
        "consents.uses": every(_USES_SECONDS, built.consents.uses.flush),
        "sweep.oauth": every(_SWEEP_SECONDS, built.oauth.sweep),
        "sweep.hosted": every(_SWEEP_SECONDS, built.hosted.sweep),
        "sweep.dialects": every(_SWEEP_SECONDS, built.dialects.forget),
        "sweep.idempotency": every(_SWEEP_SECONDS, forget_keys),
        "sweep.quotes": every(_SWEEP_SECONDS, forget_quotes),
    }
