"""What the customer of an order read and agreed to, held against what the rules ask by then."""

from collections.abc import Sequence

import msgspec

from contracts import errors
from contracts.v1.orders import AgreedDisclosure
from gateway.consents.service import AgreedText
from gateway.products.service import Reading


def check_read(reading: Reading, agreed: Sequence[AgreedText]) -> None:
    """Raises ``DisclosureStale`` unless all that the rules ask for was read, and long enough.

    A text of the package that no rule asks for is not looked at: whoever approved saw it.
    """
    if reading.lacking:
        kinds = ", ".join(sorted({lack.kind for lack in reading.lacking}))
        raise errors.DisclosureStale(
            f"This version of the package has no {kinds}: push a request for a newer version."
        )
    seconds = {(text.code, text.digest): text.seconds for text in agreed}
    for text in reading.texts:
        disclosure = text.disclosure
        read = seconds.get((disclosure.code, disclosure.digest))
        if text.rules and (read is None or read < text.seconds):
            raise errors.DisclosureStale(
                f"The customer has not read the {disclosure.kind} as the rules ask by now:"
                " push the request again."
            )


def record_of(agreed: Sequence[AgreedText]) -> str:
    """The texts as the order's row keeps them: by digest, and no word of them."""
    return msgspec.json.encode(
        [
            AgreedDisclosure(
                code=text.code,
                version=text.disclosure_version,
                kind=text.kind,
                digest=text.digest,
                language=text.language,
                agreed_at=text.agreed_at,
            )
            for text in agreed
        ]
    ).decode()


def recorded(row: str | None) -> list[AgreedDisclosure]:
    """The same from the row; an order from before they were kept has none."""
    return [] if row is None else msgspec.json.decode(row, type=list[AgreedDisclosure])
