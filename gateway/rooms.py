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
from gateway.hosted.factor import SandboxSecondFactor
from gateway.hosted.pages import Pages
from gateway.hosted.service import Hosted
from gateway.hosted.sessions import Sessions
from gateway.hosted.texts import load_texts
from gateway.jobs import Worker, every
from gateway.kit.clock import Clock
from gateway.kit.http import Sender
from gateway.kit.vault import Vault
from gateway.oauth.service import OAuth
from gateway.onboarding.service import Onboarding
from gateway.orders.service import Orders
from gateway.payments.service import Payments
from gateway.products.service import Catalogue, load_packages
from gateway.rules.service import load_pack
from gateway.settings import Settings
from gateway.web.idempotency import Idempotency
from gateway.webhooks.attempts import Courier
from gateway.webhooks.fanout import Fanout
from gateway.webhooks.service import Webhooks
from gateway.webhooks.worker import WebhookWorker

_SWEEP_SECONDS = 600.0


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """The services behind the doors."""

    settings: Settings
    database: Database
    clock: Clock
    sender: Sender
    bank: CoreBank
    audit: Audit
    events: Events
    idempotency: Idempotency
    onboarding: Onboarding
    catalogue: Catalogue
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


def build(settings: Settings, database: Database, vault: Vault, clock: Clock) -> Rooms:
    """Builds every room; touches neither database nor network."""
    pack = load_pack()
    # Reads and checks every partner's tables, so that a faulty one stops the start.
    dialects_by_name = {name: partners.find(name) for name in partners.names()}
    audit, events = Audit(), Events(database)
    idempotency = Idempotency(database)
    sender = Sender(listed=settings.outbound)
    bank: CoreBank = SandboxBank(database, pack, clock) if settings.sandbox else AbsentBank()
    catalogue = Catalogue(load_packages(), pack, clock)
    onboarding = Onboarding(database, audit, vault, sandbox=settings.sandbox)
    consents = Consents(database, events, audit, rule_pack=pack.version)
    oauth = OAuth(
        database, onboarding, consents, catalogue, audit, vault, clock, issuer=settings.issuer
    )
    accounts = Accounts(database, bank, events, bank_clock=clock)
    mandates = Mandates(database, events)
    orders = Orders(
        database,
        bank,
        catalogue=catalogue,
        consents=consents,
        accounts=accounts,
        mandates=mandates,
        events=events,
        audit=audit,
        idempotency=idempotency,
        clock=clock,
        rule_pack=pack.version,
        hosted_url=settings.issuer,
    )
    payments = Payments(
        database,
        bank,
        consents=consents,
        mandates=mandates,
        events=events,
        audit=audit,
        idempotency=idempotency,
        clock=clock,
        bank_clock=clock,
        rule_pack=pack.version,
    )
    webhooks = Webhooks(
        database,
        audit=audit,
        sender=sender,
        vault=vault,
        find_dialect=dialects_by_name.get,
        dialect_key=onboarding.bank_key_of_partner,
    )
    deliveries = WebhookWorker(
        database,
        fanout=Fanout(
            database,
            events=events,
            find_dialect=dialects_by_name.get,
            dialect_key=onboarding.bank_key_of_partner,
        ),
        courier=Courier(sender=sender, vault=vault, find_dialect=dialects_by_name.get),
        audit=audit,
        find_dialect=dialects_by_name.get,
        clock=clock,
    )
    events.listen(deliveries.nudge)
    dialects = Dialects(
        database,
        dialects_by_name,
        onboarding,
        oauth.handles,
        Operations(catalogue, orders, accounts, payments),
        clock,
    )

    async def sign_head(head: bytes) -> str:
        claims = msgspec.json.decode(head, type=dict[str, Any])
        return await oauth.keys.sign(claims, typ="tessera-audit-head+jwt")

    return Rooms(
        settings=settings,
        database=database,
        clock=clock,
        sender=sender,
        bank=bank,
        audit=audit,
        events=events,
        idempotency=idempotency,
        onboarding=onboarding,
        catalogue=catalogue,
        consents=consents,
        oauth=oauth,
        accounts=accounts,
        orders=orders,
        payments=payments,
        webhooks=webhooks,
        deliveries=deliveries,
        dialects=dialects,
        sealer=Sealer(database, sign=sign_head, heads=settings.audit_heads_path, clock=clock),
        hosted=Hosted(
            database,
            Sessions(database, vault),
            oauth.authorizations,
            consents,
            onboarding,
            catalogue,
            bank,
            audit,
            clock,
            second_factor=SandboxSecondFactor(),
            live=not settings.sandbox,
        ),
        pages=Pages(load_texts(), issuer=settings.issuer, live=not settings.sandbox),
    )


async def furnish(built: Rooms) -> None:
    """What must be there before the first request: keys, and in a sandbox its people."""
    await built.oauth.ensure()
    if isinstance(built.bank, SandboxBank):
        await built.bank.seed(load_personas())


def workers(built: Rooms) -> dict[str, Worker]:
    """The background work of a process; several processes share it through leases."""

    async def sweep() -> None:
        await built.oauth.sweep()
        await built.dialects.forget()
        await built.idempotency.forget(built.clock.now())

    return {
        "deliveries": built.deliveries.run,
        "orders": built.orders.worker.run,
        "payments": built.payments.worker.run,
        "audit": built.sealer.run,
        "sweep": every(_SWEEP_SECONDS, sweep),
    }
