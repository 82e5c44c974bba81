"""Money on the wire: whole minor units and a currency, never a fraction."""

from typing import Annotated

import msgspec

# JSON numbers are exact only up to 2**53 - 1 in most readers (RFC 8259 section 6).
LARGEST_MINOR_UNITS = 2**53 - 1

MinorUnits = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=LARGEST_MINOR_UNITS,
        description="Whole minor units of the currency (fen for CNY).",
        examples=[300],
    ),
]
Currency = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Z]{3}$", max_length=3, description="ISO 4217 code.", examples=["CNY"]
    ),
]


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in whole minor units."""

    minor_units: MinorUnits
    currency: Currency = "CNY"
