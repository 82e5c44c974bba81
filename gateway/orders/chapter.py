"""A chapter: what one unit changes of an order, its moves made in memory and written at the end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from contracts.v1 import orders as wire
from contracts.v1.money import Money
from gateway.audit.service import Audit
from gateway.database import Unit
from gateway.events.service import Events
from gateway.orders import states, store
from gateway.orders.read import recorded
from gateway.orders.store import LineRow, OrderRow


class Held(msgspec.Struct, frozen=True):
    """An order as last written, with the lease under which the holder may write it on."""

    order: OrderRow
    lines: Sequence[LineRow]
    lease: str

    @property
    def rests(self) -> bool:
        """Whether there is nothing left to carry forward."""
        return self.order.status in states.ORDER_RESTS


class Chapter:
    """Collects moves, events and records of one unit; nothing has happened before its commit."""

    def __init__(
        self, unit: Unit, held: Held, *, actor: str, at: datetime, events: Events, audit: Audit
    ) -> None:
        unit.lock(held.order.order_id)
        self.unit = unit
        self.at = at
        self.order = replace(held.order, updated_at=at, attempts=0)
        self._held = held
        self._actor = actor
        self._events = events
        self._audit = audit
        self._lines = {line.line_id: line for line in held.lines}

    @property
    def lines(self) -> list[LineRow]:
        """The lines as they stand in this chapter, in the order of activation."""
        return list(self._lines.values())

    def begin(self) -> None:
        """Announces an order that this chapter brings into being."""
        self._announce(states.ORDER_BEGINS)

    def move_order(self, to: wire.OrderStatus) -> None:
        """Moves the order and announces it; ``MoveForbidden`` for a move of no table."""
        event = states.order_event(self.order.status, to)
        self.order = replace(self.order, status=to)
        if event is not None:
            self._announce(event)

    def put(self, line: LineRow) -> LineRow:
        """Takes over a line whose status is the same."""
        self._lines[line.line_id] = line
        return line

    def move_line(self, line: LineRow, to: wire.LineStatus) -> LineRow:
        """Moves a line and announces it; ``MoveForbidden`` for a move of no table."""
        event = states.line_event(line.status, to)
        moved = self.put(replace(line, status=to))
        if event is not None:
            self._announce(event, moved)
        return moved

    def note(
        self,
        action: str,
        decision: str,
        *,
        rules: Sequence[str] = (),
        rule_pack: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Adds the audit record of an act on this order."""
        self._audit.append(
            self.unit,
            action=action,
            actor=self._actor,
            partner_id=self.order.partner_id,
            client_id=self.order.client_id,
            subject=self.order.customer_id,
            resource=self.order.order_id,
            decision=decision,
            rules=rules,
            rule_pack=rule_pack,
            detail=detail,
            at=self.at,
        )

    def promised(self) -> wire.Order:
        """The order as its partner would see it after this chapter."""
        return promised(self.order, self.lines)

    def insert(self, until: datetime, otherwise: Exception) -> Held:
        """Writes a new order; ``otherwise`` is what its unit raises where one lives already."""
        self.unit.add(
            store.INSERT_ORDER,
            otherwise=otherwise,
            lease=None if self._after.rests else self._held.lease,
            leased_until=until,
            due_at=until,
            **_order_values(self.order),
        )
        for line in self.lines:
            self.unit.add(store.INSERT_LINE, **msgspec.structs.asdict(line))
        return self._after

    def save(self, until: datetime) -> Held:
        """Writes what changed; the unit is ``Stale`` for a holder who has lost the lease."""
        after = self._after
        self.unit.add(
            store.SAVE_ORDER,
            order_id=self.order.order_id,
            held=self._held.lease,
            status=self.order.status,
            sequence=self.order.sequence,
            updated_at=self.at,
            lease=None if after.rests else self._held.lease,
            leased_until=until,
            due_at=until,
        )
        for before, line in zip(self._held.lines, self.lines, strict=True):
            if line != before:
                self.unit.add(store.SAVE_LINE, **_line_values(line))
        return after

    @property
    def _after(self) -> Held:
        return Held(self.order, tuple(self.lines), self._held.lease)

    def _announce(self, event: str, line: LineRow | None = None) -> None:
        # The events room counts the same: it numbers a resource's events one by one too.
        self.order = replace(self.order, sequence=self.order.sequence + 1)
        content: Any = self.promised()
        if line is not None:
            content = {
                "order_id": self.order.order_id,
                "reference": self.order.reference,
                "line": promised_line(line),
            }
        self._events.record(
            self.unit,
            type=event,
            partner_id=self.order.partner_id,
            resource_type="order",
            resource_id=self.order.order_id,
            content=content,
            at=self.at,
        )


def promised(order: OrderRow, lines: Sequence[LineRow]) -> wire.Order:
    """The order in the partner's words."""
    return wire.Order(
        order_id=order.order_id,
        reference=order.reference,
        package=order.package,
        version=order.version,
        consent_id=order.consent_id,
        status=order.status,
        lines=[promised_line(line) for line in lines],
        sequence=order.sequence,
        created_at=order.created_at,
        updated_at=order.updated_at,
        disclosures=recorded(order.disclosures),
    )


def promised_line(line: LineRow) -> wire.OrderLine:
    """A line in the partner's words."""
    reason = None
    if line.reason_family is not None and line.reason_code is not None:
        reason = wire.LineReason(line.reason_family, line.reason_code)
    topped_up = None
    if line.topped_up is not None and line.agreed.top_up is not None:
        topped_up = Money(line.topped_up, line.agreed.top_up.currency)
    return wire.OrderLine(
        line_id=line.line_id,
        component=line.component,
        type=line.type,
        required=line.need == "required",
        status=line.status,
        account_id=line.account_id,
        mandate_id=line.mandate_id,
        topped_up=topped_up,
        refer_to=line.refer_to,
        reason=reason,
        schedule_digest=line.schedule_digest,
    )


def _order_values(order: OrderRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(order)
    del values["attempts"]
    return values


def _line_values(line: LineRow) -> dict[str, Any]:
    return {
        name: getattr(line, name)
        for name in (
            "line_id",
            "status",
            "step",
            "account_id",
            "mandate_id",
            "topped_up",
            "refer_to",
            "reason_family",
            "reason_code",
        )
    }
