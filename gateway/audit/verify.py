"""Verifying the audit without the gateway: chain, records and signed heads must tell one story.

What this proves: nothing that a head covers was altered, removed, reordered or added since the
head was signed. What nothing here can prove is what somebody does who rewrites both the database
and the file of heads and holds the signing key, or cuts both back to the same earlier point;
so keep the file where the database's administrators cannot write.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.audit import store
from gateway.audit.chain import GENESIS, AuditRecord, Head, Seal, link_hash
from gateway.audit.heads import HeadFile, digest_of
from gateway.audit.store import SealedRow
from gateway.database import Database
from gateway.kit.jose import JoseRefused, PublicKey, parse_public_jwk, verify_compact

PAGE_ROWS = 1000
# Beyond so many mismatches, telling exchanged records from altered ones is not worth the time.
EXCHANGES_TRIED = 200


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: what, where, at which place of the chain, and how it shows."""

    what: str
    where: str
    seq: int | None
    why: str

    @property
    def line(self) -> str:
        """The finding as one line of a report."""
        place = "" if self.seq is None else f" at seq {self.seq}"
        return f"{self.what}: {self.where}{place}: {self.why}"


class Report(msgspec.Struct, frozen=True):
    """The outcome; `backlog` counts records that wait for the sealer, which is no fault."""

    sealed: int
    heads: int
    headed_seq: int
    backlog: int
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def lines(self) -> list[str]:
        """The report for a terminal: findings first, then the counts and the verdict."""
        verdict = "intact" if self.intact else f"NOT intact, {len(self.findings)} findings"
        return [
            *(finding.line for finding in self.findings),
            f"unsealed backlog: {self.backlog} records wait for the sealer",
            f"sealed records: {self.sealed}; signed heads: {self.heads}, up to seq "
            f"{self.headed_seq}",
            f"audit: {verdict}",
        ]


class Verification:
    """Takes the heads, then every link in order of seq, then the loose rows; see `verify`."""

    def __init__(self, heads: Sequence[str], public_jwks: Mapping[str, Any]) -> None:
        self._findings: list[Finding] = []
        self._keys = [parse_public_jwk(jwk) for jwk in public_jwks.get("keys", ())]
        self._stated: dict[int, list[tuple[int, str]]] = {}
        self._heads = len(heads)
        self._headed_seq = 0
        self._seq = 0
        self._hash: str | None = GENESIS
        self._sealed = 0
        self._backlog = 0
        self._mismatched: list[tuple[Seal, AuditRecord]] = []
        self._read_heads(heads)

    def link(self, seal: Seal, record: AuditRecord | None) -> None:
        """The next link, with its record if there is one."""
        if seal.seq != self._seq + 1:
            self._find("deleted seal", "audit_seal", self._seq + 1, f"next is seq {seal.seq}")
            self._hash = None
        broken = self._hash is not None and seal.prev_hash != self._hash
        if broken:
            why = "the link does not follow the one before it"
            self._find("reordered or replaced seal", "audit_seal", seal.seq, why)
        if record is None:
            where = f"audit_record {seal.record_id}"
            self._find("deleted record", where, seal.seq, "the link is there, the record is not")
        elif not broken and link_hash(seal.seq, seal.prev_hash, record) != seal.hash:
            self._mismatched.append((seal, record))
        for number, stated in self._stated.pop(seal.seq, ()):
            if stated != seal.hash:
                why = "the head was signed over another hash"
                self._find("rewritten chain", f"head line {number}", seal.seq, why)
        self._seq, self._hash = seal.seq, seal.hash
        self._sealed += 1

    def loose(self, record_id: str, *, waiting: bool) -> None:
        """A record without a link: part of the backlog if it is marked as waiting."""
        if waiting:
            self._backlog += 1
        else:
            why = "it has no link and does not wait for one"
            self._find("inserted record", f"audit_record {record_id}", None, why)

    def lost(self, record_id: str) -> None:
        """A waiting mark without a record."""
        why = "it waited to be sealed and is gone"
        self._find("deleted record", f"audit_record {record_id}", None, why)

    def finish(self) -> Report:
        """Judge what only the whole shows, and report."""
        self._judge_mismatches()
        for seq, lines in sorted(self._stated.items()):
            for number, _ in lines:
                if seq > self._seq:
                    why = f"a head was signed for it, the chain ends at seq {self._seq}"
                    self._find("truncated chain", f"head line {number}", seq, why)
        if self._headed_seq < self._seq:
            why = f"links {self._headed_seq + 1} to {self._seq} have no signed head"
            self._find("missing head", "file of heads", self._headed_seq + 1, why)
        return Report(
            self._sealed, self._heads, self._headed_seq, self._backlog, tuple(self._findings)
        )

    def _find(self, what: str, where: str, seq: int | None, why: str) -> None:
        self._findings.append(Finding(what, where, seq, why))

    def _read_heads(self, tokens: Sequence[str]) -> None:
        previous: str | None = None
        for number, token in enumerate(tokens, start=1):
            where = f"head line {number}"
            head = _open_head(token, self._keys)
            if head is None:
                self._find("forged head", where, None, "no published key signed it")
            else:
                if head.previous != digest_of(previous):
                    why = "it follows a head that is not the one before it"
                    self._find("missing head", where, head.seq, why)
                self._stated.setdefault(head.seq, []).append((number, head.hash))
                self._headed_seq = max(self._headed_seq, head.seq)
            previous = token

    def _judge_mismatches(self) -> None:
        tried = self._mismatched[:EXCHANGES_TRIED]
        for seal, record in self._mismatched:
            where = f"audit_record {record.record_id}"
            if any(link_hash(seal.seq, seal.prev_hash, other) == seal.hash for _, other in tried):
                why = "the link was made for another record of the chain"
                self._find("reordered record", where, seal.seq, why)
            else:
                why = "its content does not give the hash of its link"
                self._find("altered record", where, seal.seq, why)


def _open_head(token: str, keys: Iterable[PublicKey]) -> Head | None:
    for key in keys:
        try:
            return msgspec.json.decode(verify_compact(token, key).payload, type=Head)
        except (JoseRefused, msgspec.MsgspecError):
            continue
    return None


def verify(
    records: Iterable[AuditRecord],
    seals: Iterable[Seal],
    heads: Sequence[str],
    public_jwks: Mapping[str, Any],
    pending: Collection[str] = (),
) -> Report:
    """Verify an audit that fits into memory; `pending` holds the ids that wait for the sealer.

    `public_jwks` must hold every key that ever signed a head, retired ones too.
    """
    by_id = {record.record_id: record for record in records}
    unsealed = set(by_id)
    verification = Verification(heads, public_jwks)
    for seal in sorted(seals, key=lambda link: link.seq):
        verification.link(seal, by_id.get(seal.record_id))
        unsealed.discard(seal.record_id)
    for record_id in sorted(unsealed):
        verification.loose(record_id, waiting=record_id in pending)
    for record_id in sorted(set(pending) - set(by_id)):
        verification.lost(record_id)
    return verification.finish()


async def verify_database(
    database: Database, heads: Path, public_jwks: Mapping[str, Any]
) -> Report:
    """Verify the audit of a database against its file of heads, reading page by page.

    Only reads. Meant for a stopped gateway or a restored copy: links that a running sealer makes
    meanwhile would be reported as having no head.
    """
    verification = Verification(HeadFile(heads).tokens(), public_jwks)
    after = 0
    while rows := await database.all(store.FIND_SEALED_PAGE, after=after, limit=PAGE_ROWS):
        for row in rows:
            verification.link(Seal(row.seq, row.sealed_id, row.prev_hash, row.hash), _record(row))
        after = rows[-1].seq
    after = 0
    while loose := await database.all(store.FIND_LOOSE_RECORDS, after=after, limit=PAGE_ROWS):
        for found in loose:
            verification.loose(found.record_id, waiting=bool(found.waiting))
        after = loose[-1].ordinal
    for lost in await database.all(store.FIND_LOST_PENDING, limit=PAGE_ROWS):
        verification.lost(lost.record_id)
    return verification.finish()


def _record(row: SealedRow) -> AuditRecord | None:
    if row.record_id is None:
        return None
    members = {name: getattr(row, name) for name in AuditRecord.__struct_fields__}
    return AuditRecord(**members)
