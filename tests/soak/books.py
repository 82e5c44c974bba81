"""The books of a dead gateway, read straight from its database: every sum and every number."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from gateway.kit.ids import digest
from tests.flows.partner import RIDE, TOP_UP, line_of
from tests.soak.tale import BrokenPromise, Tale

Rows = list[tuple[Any, ...]]

# Each finds what must not be, whatever was under way when the gateway died.
NEVER = {
    "a posting does not sum to zero": """
        select posting_id, sum(minor_units) from bank_leg
        group by posting_id having sum(minor_units) <> 0
    """,
    "a posting has no legs": """
        select posting_id from bank_posting
        where posting_id not in (select posting_id from bank_leg)
    """,
    "a balance is not the sum of its legs": """
        select a.account_id, a.balance, coalesce(sum(l.minor_units), 0) from bank_account a
        left join bank_leg l on l.account_id = a.account_id where a.balance is not null
        group by a.account_id, a.balance having a.balance <> coalesce(sum(l.minor_units), 0)
    """,
    "an account is overdrawn": """
        select account_id, balance from bank_account where balance < 0
    """,
    "an operation was posted twice": """
        select operation_id, count(*) from bank_posting group by operation_id having count(*) > 1
    """,
    "a customer of the soak has an account twice": """
        select customer_id, tier, count(*) from bank_account
        where kind = 'customer' and customer_id like 'cus_soak%' and status = 'active'
        group by customer_id, tier having count(*) > 1
    """,
    "a key made two orders": """
        select client_id, idempotency_key, count(*) from order_
        group by client_id, idempotency_key having count(*) > 1
    """,
    "a key made two payments": """
        select client_id, idempotency_key, count(*) from payment
        group by client_id, idempotency_key having count(*) > 1
    """,
    "an order and its stored answer disagree": """
        select o.order_id, o.status, i.status from order_ o join idempotency i
        on i.client_id = o.client_id and i.key = o.idempotency_key
        where (i.status is not null) <> (o.status in ('active', 'cancelled'))
        or i.resource_id <> o.order_id
    """,
    "a payment and its stored answer disagree": """
        select p.payment_id, p.status, i.status from payment p join idempotency i
        on i.client_id = p.client_id and i.key = p.idempotency_key
        where (i.status is not null) <> (p.status in ('settled', 'declined'))
        or i.resource_id <> p.payment_id
    """,
    "a key stands for nothing": """
        select i.client_id, i.key from idempotency i
        left join order_ o on o.order_id = i.resource_id
        left join payment p on p.payment_id = i.resource_id
        where o.order_id is null and p.payment_id is null
        and (i.status is null or i.status < 400)
    """,
    "a settled payment has no posting at the bank": """
        select p.payment_id from payment p left join bank_posting b
        on b.posting_id = p.posting_id and b.operation_id = p.payment_id
        where p.status = 'settled' and b.posting_id is null
    """,
    "a mandate's day does not count its payments": """
        select d.mandate_id, d.bank_day, d.used, coalesce(sum(p.amount), 0) from mandate_day d
        left join payment p on p.mandate_id = d.mandate_id and p.reserved_on = d.bank_day
        group by d.mandate_id, d.bank_day, d.used having d.used <> coalesce(sum(p.amount), 0)
    """,
    "an account of ours is not the bank's": """
        select a.account_id from account a left join bank_account b
        on b.account_id = a.bank_account_id and b.customer_id = a.customer_id
        where b.account_id is null
    """,
    "a sequence has a gap": """
        select resource_id, count(*), min(sequence), max(sequence) from event
        group by resource_id having min(sequence) <> 1 or max(sequence) <> count(*)
    """,
    "the feed has a gap": """
        select count(position), max(position) from event
        having count(position) <> coalesce(max(position), 0)
    """,
    "an event in the feed is owed to no endpoint of its partner": """
        select e.event_id, w.endpoint_id from event e join webhook_endpoint w
        on w.partner_id = e.partner_id and w.created_at <= e.recorded_at and w.status = 'active'
        where e.position is not null and not exists (
            select 1 from webhook_delivery d
            where d.event_id = e.event_id and d.endpoint_id = w.endpoint_id
        )
    """,
    "a delivery carries another body than its event": """
        select d.event_id from webhook_delivery d join event e on e.event_id = d.event_id
        where d.body <> e.body
    """,
    "a record has no place in the audit": """
        select r.record_id from audit_record r
        left join audit_seal s on s.record_id = r.record_id
        left join audit_pending p on p.record_id = r.record_id
        where (s.record_id is null) = (p.record_id is null)
    """,
}
# An order with its accounts, its mandate, one payment and one consent taken back.
TOLD = {
    "account.opened": 2,
    "consent.revoked": 1,
    "mandate.active": 1,
    "order.active": 1,
    "order.line_active": 3,
    "order.received": 1,
    "payment.settled": 1,
    "purse.topped_up": 1,
}


# What is read of every tale at the end.
KEPT = {
    "orders": "select client_id, idempotency_key, order_id, status from order_",
    "payments": "select client_id, idempotency_key, payment_id, status, amount from payment",
    "bodies": "select client_id, key, body from idempotency",
    "balances": """
        select a.account_id, b.balance, b.status from account a
        join bank_account b on b.account_id = a.bank_account_id
    """,
    "events": """
        select e.partner_id, c.client_id, e.event_id, e.type, e.body, e.position
        from event e join client c on c.partner_id = e.partner_id
    """,
    "endpoints": "select endpoint_id, status from webhook_endpoint",
    "arrived": """
        select d.event_id, d.endpoint_id, d.status from webhook_delivery d
    """,
    "tokens": "select token_digest from access_token",
    "consents": "select client_id, consent_id, status from consent",
    "pushed": "select client_id, status, count(*) from pushed_request group by 1, 2",
}


class Books:
    """Reads a database whose gateway is dead, without touching what its heir will find."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def examine(self) -> None:
        """Raises ``BrokenPromise`` with the first rows that must not be."""
        for what, rows in self.read(NEVER).items():
            if rows:
                raise BrokenPromise(f"{what}: {rows[:5]}")

    def read(self, queries: dict[str, str]) -> dict[str, Rows]:
        """The rows of every query, all as of one moment."""
        if self._url.startswith("sqlite"):
            return self._read_copy(queries)
        return asyncio.run(self._read_postgres(queries))

    def _read_copy(self, queries: dict[str, str]) -> dict[str, Rows]:
        # A reader of the file itself would recover and fold in the log in the heir's place.
        source = Path(self._url.removeprefix("sqlite:///"))
        with tempfile.TemporaryDirectory(prefix="tessera-books-") as place:
            for suffix in ("", "-wal"):
                part = source.with_name(source.name + suffix)
                if part.exists():
                    shutil.copy(part, Path(place) / part.name)
            connection = sqlite3.connect(Path(place) / source.name)
            try:
                return {name: connection.execute(text).fetchall() for name, text in queries.items()}
            finally:
                connection.close()

    async def _read_postgres(self, queries: dict[str, str]) -> dict[str, Rows]:
        connection = await asyncpg.connect(self._url)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return {
                    name: [tuple(row) for row in await connection.fetch(text)]
                    for name, text in queries.items()
                }
        finally:
            await connection.close()


class Ledger:
    """What the database has of each tale at the end, held against what its partner was told."""

    def __init__(self, books: Books) -> None:
        self._rows = books.read(KEPT)
        self._bodies = {(client, key): body for client, key, body in self._rows["bodies"]}
        self._tokens = {found for (found,) in self._rows["tokens"]}
        self._balances = {account: balance for account, balance, _ in self._rows["balances"]}
        self._endpoints: dict[str, str] = dict(self._rows["endpoints"])

    def examine(self, tale: Tale) -> int:
        """Raises ``BrokenPromise``, or returns how many messages arrived more than once."""
        client_id = tale.partner.client_id
        self._effects(tale, client_id)
        self._consents(tale, client_id)
        events = [row for row in self._rows["events"] if row[1] == client_id]
        types = Counter(row[3] for row in events)
        granted = types.pop("consent.granted", 0)
        _claim(tale, dict(types) == TOLD, f"its events are {dict(types)}")
        _claim(tale, granted >= tale.consents_given, "a consent was never told")
        return self._messages(tale, events)

    def _effects(self, tale: Tale, client_id: str) -> None:
        order = tale.order
        orders = [row[1:] for row in self._rows["orders"] if row[0] == client_id]
        expected = [(tale.order_key, order["order_id"], "active")]
        _claim(tale, orders == expected, f"its orders are {orders}")
        payments = [row[1:] for row in self._rows["payments"] if row[0] == client_id]
        ends = [(key, status, amount) for key, _, status, amount in payments]
        _claim(tale, ends == [(tale.debit_key, "settled", RIDE)], f"its payments are {payments}")
        for key, body in ((tale.order_key, tale.order_body), (tale.debit_key, tale.payment_body)):
            _claim(tale, self._bodies[client_id, key].encode() == body, f"{key} was told otherwise")
        purse = self._balances[line_of(order, "purse")["account_id"]]
        _claim(tale, purse == TOP_UP - RIDE, f"its purse holds {purse}")
        _claim(tale, self._endpoints.get(tale.endpoint_id) == "active", "its endpoint is gone")
        for token in tale.access_tokens:
            _claim(tale, digest(token) in self._tokens, "an access token was forgotten")

    def _consents(self, tale: Tale, client_id: str) -> None:
        consents = {row[1]: row[2] for row in self._rows["consents"] if row[0] == client_id}
        _claim(tale, consents[tale.order["consent_id"]] == "revoked", "its consent is not revoked")
        approved = sum(row[2] for row in self._rows["pushed"] if row[:2] == (client_id, "approved"))
        _claim(tale, len(consents) == approved, f"{approved} approvals made {len(consents)}")

    def _messages(self, tale: Tale, events: Sequence[tuple[Any, ...]]) -> int:
        told = {event_id: body.encode() for _, _, event_id, _, body, _ in events}
        arrivals = [
            arrival
            for arrival in tale.receiver.arrivals
            if arrival.path.startswith(f"/{tale.number}/")
        ]
        for arrival in arrivals:
            known = told.get(arrival.event_id)
            _claim(tale, known is not None, f"{arrival.event_id} arrived and never happened")
            _claim(tale, known == arrival.body, f"{arrival.event_id} has two bodies")
        own = [arrival for arrival in arrivals if arrival.path == tale.endpoint_path]
        forged = [arrival for arrival in own if not arrival.is_signed_with(tale.secret)]
        _claim(tale, not forged, f"{len(forged)} messages are not signed by its secret")
        owed = {row[0] for row in self._rows["arrived"] if row[1] == tale.endpoint_id}
        owed |= {row[2] for row in events if row[3] not in ("consent.granted",)}
        lost = owed - {arrival.event_id for arrival in own}
        _claim(tale, not lost, f"events never arrived: {sorted(lost)}")
        _claim(tale, all(row[5] is not None for row in events), "an event is not in the feed")
        return len(own) - len({arrival.event_id for arrival in own})


def _claim(tale: Tale, holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenPromise(f"tale {tale.number}: {otherwise}")
