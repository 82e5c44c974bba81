"""The audit's door: every consequential act adds its record to the unit that carries it out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gateway.audit import store
from gateway.database import Unit
from gateway.kit.clock import bank_day
from gateway.kit.ids import new_id
from gateway.rules.service import RuleBook


class Audit:
    """Appends records; a record exists exactly when the act it tells of has happened."""

    def __init__(self, rules: RuleBook) -> None:
        """Records cite the version of ``rules`` that is in force when they are made."""
        self._rules = rules

    def append(
        self,
        unit: Unit,
        *,
        action: str,
        actor: str,
        at: datetime,
        decision: str = "allow",
        partner_id: str | None = None,
        client_id: str | None = None,
        subject: str | None = None,
        resource: str | None = None,
        rules: Sequence[str] = (),
        rule_pack: str | None = None,
        detail: dict[str, Any] | msgspec.Struct | None = None,
    ) -> str:
        """Add a record to the caller's unit and return its id.

        `action` is `noun.verb`; `actor` is `client:...`, `customer:...`, `operator:...` or
        `system`; `detail` holds what an auditor needs to understand the decision, never a secret.
        `rules` are those that decided; `rule_pack` is given only where somebody else decided, by
        the pack it names. Raises `NoPackInForce` on a day without rules.
        """
        record_id = new_id("aud")
        unit.add(
            store.INSERT_RECORD,
            record_id=record_id,
            recorded_at=at,
            action=action,
            actor=actor,
            partner_id=partner_id,
            client_id=client_id,
            subject=subject,
            resource=resource,
            decision=decision,
            rules=_json(list(rules)) if rules else "[]",
            rule_pack=rule_pack or self._rules.version(on=bank_day(at)),
            detail="{}" if detail is None else _json(detail),
        )
        unit.add(store.INSERT_PENDING, record_id=record_id)
        return record_id


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
