"""The hash chain of the audit, as pure functions that an auditor can repeat.

A link is SHA-256 over a JSON document in the canonical form of RFC 8785 (members sorted by name,
no white space, UTF-8): `{"prev_hash": ..., "record": {...}, "seq": ...}`, where the record has
every column of its row except the ordinal, times as UTC text with microseconds. The first link
follows 64 zeros. Hashes are written in lower-case hexadecimal.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

GENESIS = "0" * 64


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the audit; `rules` and `detail` hold JSON text."""

    record_id: str
    recorded_at: datetime
    action: str
    actor: str
    partner_id: str | None
    client_id: str | None
    subject: str | None
    resource: str | None
    decision: str
    rules: str
    rule_pack: str | None
    detail: str


class Seal(msgspec.Struct, frozen=True):
    """One link: the record at `seq` and the hash that covers it and all before it."""

    seq: int
    record_id: str
    prev_hash: str
    hash: str


class Head(msgspec.Struct, frozen=True):
    """What a signed head states: the chain up to `seq` ends in `hash`.

    `previous` is the SHA-256 of the head before it in the same file, so heads are a chain too.
    """

    seq: int
    hash: str
    at: datetime
    previous: str


def link_hash(seq: int, prev_hash: str, record: AuditRecord) -> str:
    """The hash of the link that puts `record` at `seq`, after the link hashed `prev_hash`."""
    members = msgspec.structs.asdict(record)
    at = record.recorded_at.astimezone(UTC).replace(tzinfo=None)
    members["recorded_at"] = at.isoformat(timespec="microseconds") + "Z"
    # Texts, nulls and one integer: for these, sorted msgspec output is the RFC 8785 form.
    document = {"prev_hash": prev_hash, "record": members, "seq": seq}
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()


def extend(last: Seal | None, records: Iterable[AuditRecord]) -> list[Seal]:
    """The links that follow `last` (`None`: the beginning) for the records in order."""
    seq, prev_hash = (last.seq, last.hash) if last else (0, GENESIS)
    links: list[Seal] = []
    for record in records:
        seq += 1
        link = Seal(seq, record.record_id, prev_hash, link_hash(seq, prev_hash, record))
        links.append(link)
        prev_hash = link.hash
    return links


def head_digest(token: str) -> str:
    """How the next head of a file names the head `token`."""
    return hashlib.sha256(token.encode()).hexdigest()
