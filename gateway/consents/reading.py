"""What a customer read before a consent: texts by their digests, kept with it as evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from gateway.consents import store
from gateway.database import Unit


class ReadText(msgspec.Struct, frozen=True, kw_only=True):
    """A disclosure that was on the customer's page from ``shown_at`` on.

    ``text`` is by language tag and ``language`` the one that was shown.
    """

    package: str
    version: str
    code: str
    disclosure_version: str
    kind: str
    digest: str
    language: str
    text: Mapping[str, str]
    shown_at: datetime


class ShownText(ReadText, frozen=True, kw_only=True):
    """One that is there still; ``rules`` are those that ask for it."""

    rules: tuple[str, ...] = ()


class AgreedText(ReadText, frozen=True, kw_only=True):
    """One that was there until ``agreed_at``."""

    agreed_at: datetime

    @property
    def seconds(self) -> float:
        """How long it was there."""
        return (self.agreed_at - self.shown_at).total_seconds()


def keep(unit: Unit, consent_id: str, read: Sequence[ShownText], at: datetime) -> None:
    """Adds to ``unit`` that these texts were read for the consent and agreed to at ``at``."""
    for position, text in enumerate(read):
        unit.add(
            store.KEEP_TEXT,
            expect=None,
            digest=text.digest,
            code=text.code,
            version=text.disclosure_version,
            text=msgspec.json.encode(text.text).decode(),
            at=at,
        )
        unit.add(
            store.INSERT_READ,
            consent_id=consent_id,
            package=text.package,
            version=text.version,
            code=text.code,
            disclosure_version=text.disclosure_version,
            kind=text.kind,
            digest=text.digest,
            language=text.language,
            position=position,
            shown_at=text.shown_at,
            at=at,
        )


def agreed(row: store.ReadRow) -> AgreedText:
    """A text from its row."""
    return AgreedText(
        package=row.package,
        version=row.version,
        code=row.code,
        disclosure_version=row.disclosure_version,
        kind=row.kind,
        digest=row.digest,
        language=row.language,
        text=msgspec.json.decode(row.text, type=dict[str, str]),
        shown_at=row.shown_at,
        agreed_at=row.agreed_at,
    )
