"""Identifier and text types shared by every resource, with their bounds."""

from datetime import datetime
from typing import Annotated

import msgspec

Id = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=64, pattern="^[A-Za-z0-9_.-]+$", examples=["ord_3k9wq0c5"]
    ),
]
PackageCode = Annotated[
    str,
    msgspec.Meta(max_length=64, pattern="^[a-z0-9]+(-[a-z0-9]+)*$", examples=["commuter-wallet"]),
]
PackageVersion = Annotated[
    str, msgspec.Meta(max_length=20, pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", examples=["1.0.0"])
]
Reference = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="A reference of the partner's own.",
        examples=["ride-20261124-001"],
    ),
]
ShortText = Annotated[
    str, msgspec.Meta(max_length=140, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["Line 2, 3 stops"])
]
LocalisedText = Annotated[
    dict[str, str],
    msgspec.Meta(
        description="The same text by language tag; zh-CN and en are always there.",
        examples=[{"zh-CN": "零钱包", "en": "Purse"}],
    ),
]
Code = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=64,
        pattern="^[A-Za-z0-9_.-]+$",
        description="A word of a fixed list; new ones may be added, so expect unknown ones.",
    ),
]
Rule = Annotated[
    str,
    msgspec.Meta(
        max_length=32,
        pattern="^[A-Za-z0-9-]+$",
        description="The rule that a bound comes from, or ``design``.",
        examples=["CN-ACC-04"],
    ),
]
Digest = Annotated[
    str,
    msgspec.Meta(max_length=64, pattern="^[0-9a-f]{64}$", description="SHA-256, in hex."),
]
Sequence = Annotated[
    int,
    msgspec.Meta(ge=1, le=2**53 - 1, description="Counts a resource's changes, without gaps."),
]
Moment = Annotated[
    datetime, msgspec.Meta(tz=True, description="RFC 3339, with the offset from UTC.")
]
Scopes = Annotated[
    str,
    msgspec.Meta(
        max_length=500,
        pattern=r"^[\x21\x23-\x5b\x5d-\x7e]*( [\x21\x23-\x5b\x5d-\x7e]+)*$",
        description="Scopes, separated by spaces (RFC 6749 section 3.3).",
        examples=["order.write order.read"],
    ),
]
Url = Annotated[
    str,
    msgspec.Meta(description="An absolute address.", examples=["https://travel.example/events"]),
]
