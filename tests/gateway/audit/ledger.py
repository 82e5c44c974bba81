"""An audit to tamper with: records, a sealer with a real key, and a file of heads."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.audit.chain import AuditRecord
from gateway.audit.service import Audit
from gateway.audit.verify import Report, verify_database
from gateway.audit.worker import Sealer
from gateway.database import Database, Query, Statement, Unit
from gateway.rules.service import load_book

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
RECORDS = Query(
    "select record_id, recorded_at, action, actor, partner_id, client_id, subject, resource,"
    " decision, rules, rule_pack, detail from audit_record order by ordinal",
    AuditRecord,
)


class Steady:
    """A clock for one worker, moved by hand."""

    def __init__(self) -> None:
        self.at = AT

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Ledger:
    """Appends, seals and verifies; `tamper` runs any SQL, as an administrator could."""

    def __init__(self, database: Database, heads: Path) -> None:
        self.database = database
        self.heads = heads
        self.key = ECKey.generate_key("P-256")
        self.clock = Steady()
        self.sealer = self.make_sealer()

    def make_sealer(self, heads: Path | None = None) -> Sealer:
        return Sealer(self.database, sign=self.sign, heads=heads or self.heads, clock=self.clock)

    async def sign(self, payload: bytes) -> str:
        return jws.serialize_compact({"alg": "ES256"}, payload, self.key, algorithms=["ES256"])

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    async def append(self, *actions: str) -> None:
        for action in actions:
            unit = Unit("test")
            Audit(load_book()).append(
                unit, action=action, actor="system", resource="ord_1", rules=("CN-ACC-04",), at=AT
            )
            await self.database.commit(unit)

    async def sealed(self, *actions: str) -> None:
        """Appends and seals each action with a head of its own."""
        for action in actions:
            await self.append(action)
            assert await self.sealer.step() == 1

    async def tamper(self, statement: Statement, expect: int | None = 1, **values: Any) -> None:
        unit = Unit("tamper")
        unit.add(statement, expect=expect, **values)
        await self.database.commit(unit)

    async def records(self) -> list[AuditRecord]:
        return await self.database.all(RECORDS)

    async def verify(self) -> Report:
        return await verify_database(self.database, self.heads, self.jwks)

    async def findings(self) -> list[tuple[str, int | None]]:
        return [(found.what, found.seq) for found in (await self.verify()).findings]


def head_of(token: str) -> dict[str, Any]:
    """What a head states."""
    return msgspec.json.decode(jws.extract_compact(token.encode()).payload)
