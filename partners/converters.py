"""Converters: one value between the native JSON shape and a partner's way of writing it.

``speak`` goes from ours to theirs, ``hear`` back; both raise ValueError with a reason that names
no value, and ``hear(speak(x)) == x`` for every x that ``speak`` accepts.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from contracts.v1.money import LARGEST_MINOR_UNITS, Money

# The code of a currency (ISO 4217).
CURRENCY = re.compile(r"[A-Z]{3}")
# A local wall-clock time of whole seconds, with a fraction only where there is one to keep.
LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Text that both sides write alike."""

    def speak(self, value: Any) -> Any:
        """The same text; NUL is refused because no store of ours holds it."""
        if not isinstance(value, str):
            raise ValueError("expected text")
        if "\x00" in value:
            raise ValueError("the text holds a NUL")
        return value

    def hear(self, value: Any) -> Any:
        """The same text."""
        return self.speak(value)

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the contract's field is text, open or from a closed list."""
        if isinstance(kind, inspect.LiteralType):
            return all(isinstance(value, str) for value in kind.values)
        return isinstance(kind, inspect.StrType)


class Whole(msgspec.Struct, frozen=True, tag="whole"):
    """A whole number both sides write as a JSON number."""

    def speak(self, value: Any) -> Any:
        """The same number, within what every JSON reader holds exactly (RFC 8259 section 6)."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("expected a whole number")
        if abs(value) > LARGEST_MINOR_UNITS:
            raise ValueError("the number is too large")
        return value

    def hear(self, value: Any) -> Any:
        """The same number."""
        return self.speak(value)

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the contract's field is a whole number."""
        return isinstance(kind, inspect.IntType)


class Flag(msgspec.Struct, frozen=True, tag="flag"):
    """True or false, written alike."""

    def speak(self, value: Any) -> Any:
        """The same truth value."""
        if not isinstance(value, bool):
            raise ValueError("expected true or false")
        return value

    def hear(self, value: Any) -> Any:
        """The same truth value."""
        return self.speak(value)

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the contract's field is a truth value."""
        return isinstance(kind, inspect.BoolType)


class Texts(msgspec.Struct, frozen=True, tag="texts"):
    """A list of texts, written alike."""

    def speak(self, value: Any) -> Any:
        """The same texts in the same order."""
        if not isinstance(value, list):
            raise ValueError("expected a list of texts")
        return [Text().speak(each) for each in value]

    def hear(self, value: Any) -> Any:
        """The same texts in the same order."""
        return self.speak(value)

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the contract's field is a list of texts."""
        return isinstance(kind, inspect.ListType) and _is_text(kind.item_type)


class Languages(msgspec.Struct, frozen=True, tag="languages"):
    """The same text in several languages: an object from language tag to text."""

    def speak(self, value: Any) -> Any:
        """The same object."""
        if not isinstance(value, dict):
            raise ValueError("expected an object from language tag to text")
        return {Text().speak(tag): Text().speak(text) for tag, text in value.items()}

    def hear(self, value: Any) -> Any:
        """The same object."""
        return self.speak(value)

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the contract's field is text by language."""
        return isinstance(kind, inspect.DictType) and _is_text(kind.value_type)


class AmountText(msgspec.Struct, frozen=True, tag="amount-text"):
    """Money as decimal text of one fixed currency: 8880 fen are "88.80".

    Where ``foreign`` money is said too, its currency follows: "88.80 USD".
    """

    currency: str = "CNY"
    decimals: Annotated[int, msgspec.Meta(ge=1, le=4)] = 2
    foreign: bool = False

    def speak(self, value: Any) -> Any:
        """Decimal text with all decimals; another currency cannot be said and is refused."""
        if not isinstance(value, dict) or set(value) != {"minor_units", "currency"}:
            raise ValueError("expected minor_units and currency")
        currency = value["currency"]
        if currency != self.currency and not (self.foreign and _is_currency(currency)):
            raise ValueError(f"only {self.currency} can be written")
        units = Whole().speak(value["minor_units"])
        if units < 0:
            raise ValueError("the amount is negative")
        whole, part = divmod(units, 10**self.decimals)
        mark = "" if currency == self.currency else f" {currency}"
        return f"{whole}.{part:0{self.decimals}d}{mark}"

    def hear(self, value: Any) -> Any:
        """Minor units; refuses signs, exponents, leading zeros and parts of a minor unit."""
        if not isinstance(value, str):
            raise ValueError("expected an amount as text, such as 88.80")
        amount, space, currency = value.partition(" ") if self.foreign else (value, "", "")
        if space and (not _is_currency(currency) or currency == self.currency):
            raise ValueError("expected an amount as text, such as 88.80 or 88.80 USD")
        pattern = rf"(0|[1-9][0-9]{{0,15}})(?:\.([0-9]{{1,{self.decimals}}}))?"
        match = re.fullmatch(pattern, amount)
        if match is None:
            raise ValueError(
                f"expected an amount as text with at most {self.decimals} decimals, such as 88.80"
            )
        part = (match[2] or "").ljust(self.decimals, "0")
        units = int(match[1] + part)
        if units > LARGEST_MINOR_UNITS:
            raise ValueError("the amount is too large")
        return {"minor_units": units, "currency": currency or self.currency}

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the contract's field is money."""
        return isinstance(kind, inspect.StructType) and kind.cls is Money


class LocalTime(msgspec.Struct, frozen=True, tag="local-time"):
    """A time as wall-clock text of one fixed zone: ``2026-11-24 11:20:38`` without zone mark.

    Whole seconds are written plainly; a fraction is added only when there is one, because time
    may not lose anything on the way.
    """

    offset_minutes: Annotated[int, msgspec.Meta(gt=-1440, lt=1440)]

    def speak(self, value: Any) -> Any:
        """Wall-clock text from an RFC 3339 text with zone."""
        if not isinstance(value, str):
            raise ValueError("expected a time as text")
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError
            local = moment.astimezone(self._zone())
        except (ValueError, OverflowError):
            raise ValueError("expected a time with zone (RFC 3339)") from None
        return (
            local.replace(tzinfo=None).isoformat(sep=" ").rstrip("0" if local.microsecond else "")
        )

    def hear(self, value: Any) -> Any:
        """RFC 3339 text in UTC, written as the native contract writes it."""
        native: str = msgspec.to_builtins(self.moment(value))
        return native

    def moment(self, value: Any) -> datetime:
        """The aware UTC time that the text means; anything but exactly this form is refused."""
        if not isinstance(value, str) or not LOCAL_TIME.fullmatch(value):
            raise ValueError("expected a time as yyyy-MM-dd HH:mm:ss")
        try:
            return datetime.fromisoformat(value).replace(tzinfo=self._zone()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError("there is no such time") from None

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the contract's field is a time."""
        return isinstance(kind, inspect.DateTimeType)

    def _zone(self) -> timezone:
        return timezone(timedelta(minutes=self.offset_minutes))


class Codes(msgspec.Struct, frozen=True, tag="codes"):
    """A closed list of words: ours to theirs, one to one."""

    words: dict[str, str]

    def speak(self, value: Any) -> Any:
        """Their word; a word of ours without one is refused, never passed through."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError("the word is not in the list")
        return self.words[value]

    def hear(self, value: Any) -> Any:
        """Our word."""
        for ours, theirs in self.words.items():
            if theirs == value:
                return ours
        raise ValueError(f"expected one of {', '.join(self.words.values())}")

    def fits(self, kind: inspect.Type) -> bool:
        """Whether the list holds exactly the contract's words, so that none is unspeakable."""
        return isinstance(kind, inspect.LiteralType) and set(kind.values) == set(self.words)


Converter = Text | Whole | Flag | Texts | Languages | AmountText | LocalTime | Codes


def _is_text(kind: inspect.Type) -> bool:
    return isinstance(kind.type if isinstance(kind, inspect.Metadata) else kind, inspect.StrType)


def _is_currency(word: Any) -> bool:
    return isinstance(word, str) and CURRENCY.fullmatch(word) is not None
