"""Identifier and text types shared by every resource, with their bounds."""

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
