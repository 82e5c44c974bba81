"""Two languages: which one a reader gets, and how money, days and names look in it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from contracts.v1.money import Money
from gateway.kit.clock import BANK_ZONE

Language = Literal["zh-CN", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")
# fmt: off
_ENGLISH_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on
# ISO 4217: most currencies have two decimal places; these have none.
_WITHOUT_DECIMALS: Final = frozenset({"JPY", "KRW", "VND"})


def known(tag: str) -> Language | None:
    """The language of ours that a tag such as ``zh-Hans-CN`` or ``en-GB`` means, if any."""
    primary = tag.strip().lower().replace("_", "-").split("-", 1)[0]
    if primary == "zh":
        return "zh-CN"
    return "en" if primary == "en" else None


def choose(
    *, asked: str | None, remembered: str | None, request: Iterable[str], accepted: str
) -> Language:
    """The reader's language.

    In this order: the switch on the page, the one chosen earlier, the partner's ``ui_locales``,
    the browser's Accept-Language, and the bank's own.
    """
    for tag in (asked or "", remembered or "", *request, *_by_preference(accepted)):
        if language := known(tag):
            return language
    return "zh-CN"


def _by_preference(accepted: str) -> list[str]:
    """The tags of an Accept-Language header, best first (RFC 9110 section 12.5.4)."""
    weighed = []
    for place, item in enumerate(accepted[:200].split(",")):
        tag, _, parameter = item.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if weight > 0:
            weighed.append((-weight, place, tag.strip()))
    return [tag for _, _, tag in sorted(weighed)]


def pick(texts: Mapping[str, str], language: Language) -> str:
    """One of a text's languages; packages and partners always have both."""
    return texts[language]


def listed(names: Iterable[str], language: Language) -> str:
    """Several names in one line."""
    return ("、" if language == "zh-CN" else ", ").join(names)


def money(amount: Money, language: Language) -> str:
    """An amount with its currency, such as ``¥50.00`` or ``CNY 50.00``."""
    if amount.currency in _WITHOUT_DECIMALS:
        figure = f"{amount.minor_units:,}"
    else:
        whole, rest = divmod(amount.minor_units, 100)
        figure = f"{whole:,}.{rest:02}"
    if language == "zh-CN" and amount.currency == "CNY":
        return f"¥{figure}"
    # A no-break space, so that figure and currency stay on one line.
    return f"{amount.currency}\N{NO-BREAK SPACE}{figure}"


def percent(rate: str) -> str:
    """A decimal fraction as a percentage, exactly: "0.0050" is "0.5%"."""
    return f"{(Decimal(rate) * 100).normalize():f}%"


def day(at: datetime, language: Language) -> str:
    """The bank's calendar day of an instant, in words that cannot be misread."""
    here = at.astimezone(BANK_ZONE)
    if language == "zh-CN":
        return f"{here.year}年{here.month}月{here.day}日"
    return f"{here.day} {_ENGLISH_MONTHS[here.month - 1]} {here.year}"


def moment(at: datetime, language: Language) -> str:
    """An instant to the second, on the bank's clock."""
    return f"{day(at, language)} {at.astimezone(BANK_ZONE):%H:%M:%S}"
