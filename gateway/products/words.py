"""Words of package files: names as programs read them, and texts in both languages."""

from typing import Annotated

import msgspec

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
# A rate as a decimal string, never a float: "0.0050" is half a per cent.
Rate = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,8})?$")]
Fen = Annotated[int, msgspec.Meta(ge=0, le=10**13)]
TypeCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z][A-Za-z0-9_]*$", max_length=64)]


class Entry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A table of a package file: unknown keys are refused, and a default is as good as unsaid."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"zh_cn": "zh-CN"}):
    """The same words in both languages."""

    zh_cn: Words
    en: Words

    def localised(self) -> dict[str, str]:
        """By language tag, as contracts promise it."""
        return {"zh-CN": self.zh_cn, "en": self.en}
