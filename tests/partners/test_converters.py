"""Converters lose nothing: whatever they can say, they hear again; anything else they refuse."""

from datetime import UTC

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.v1.money import LARGEST_MINOR_UNITS
from partners.converters import AmountText, Codes, Flag, Languages, LocalTime, Text, Texts, Whole

YUAN = AmountText(currency="CNY", decimals=2)
TIME = LocalTime(offset_minutes=480)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@given(st.integers(0, LARGEST_MINOR_UNITS))
def test_money_comes_back_to_the_fen(units):
    money = {"minor_units": units, "currency": "CNY"}
    assert YUAN.hear(YUAN.speak(money)) == money


@given(st.integers(0, LARGEST_MINOR_UNITS), st.sampled_from([1, 2, 3, 4]))
def test_money_of_any_number_of_decimals_comes_back(units, decimals):
    converter = AmountText(currency="XTS", decimals=decimals)
    money = {"minor_units": units, "currency": "XTS"}
    assert converter.hear(converter.speak(money)) == money


@pytest.mark.parametrize(
    ("text", "units"), [("88.80", 8880), ("88.8", 8880), ("88", 8800), ("0.01", 1), ("0", 0)]
)
def test_an_amount_may_leave_out_trailing_decimals(text, units):
    assert YUAN.hear(text)["minor_units"] == units


@pytest.mark.parametrize(
    "text",
    [
        "", " 1.00", "1.00 ", "1.00\n", "-1.00", "+1.00", "-0", "1.001", "0.001", "1.", ".5", "1e3",
        "01.00", "1,000.00", "１.00", "٣.00", "NaN", "Infinity", "0x10", "1_000",
        "90071992547409.92", "9" * 400, "9007199254740993.00", 88.8, 88, True, None,
        ["1.00"], {"minor_units": 1},
    ],
)  # fmt: skip
def test_anything_that_is_not_plain_yuan_is_refused(text):
    with pytest.raises(ValueError, match="amount"):
        YUAN.hear(text)


@pytest.mark.parametrize(
    "money",
    [
        {"minor_units": 1, "currency": "USD"},
        {"minor_units": -1, "currency": "CNY"},
        {"minor_units": 1.0, "currency": "CNY"},
        {"minor_units": True, "currency": "CNY"},
        {"minor_units": LARGEST_MINOR_UNITS + 1, "currency": "CNY"},
        {"minor_units": 1},
        {"minor_units": 1, "currency": "CNY", "more": 1},
        "1.00",
        None,
    ],
)
def test_money_that_cannot_be_written_in_yuan_is_refused(money):
    with pytest.raises(ValueError):
        YUAN.speak(money)


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1 < at.year < 9999))
def test_a_time_comes_back_to_the_microsecond(moment):
    native = msgspec.to_builtins(moment)
    assert TIME.hear(TIME.speak(native)) == native


def test_a_time_of_whole_seconds_is_written_without_fraction():
    assert TIME.speak("2026-11-24T03:20:38Z") == "2026-11-24 11:20:38"
    assert TIME.speak("2026-11-24T03:20:38.500000+00:00") == "2026-11-24 11:20:38.5"
    assert TIME.speak("2026-11-23T16:00:00Z") == "2026-11-24 00:00:00"


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-24", "2026-11-24T11:20:38", "2026-11-24 11:20:38Z",
        "2026-11-24 11:20:38+08:00", "2026-13-24 11:20:38", "2026-02-30 11:20:38",
        "2026-11-24 25:20:38",
        "2026-11-24 11:20:61",
        "0000-01-01 00:00:00", "0001-01-01 00:00:00", "２026-11-24 11:20:38", "1764000000",
        "2026-11-24 11:20:38.", "2026-11-24 11:20:38.1234567", "2026-11-24 11:20:38\n", 1764000000,
        None, True,
    ],
)  # fmt: skip
def test_anything_that_is_not_such_a_time_is_refused(text):
    with pytest.raises(ValueError, match="time"):
        TIME.hear(text)


@pytest.mark.parametrize("text", ["2026-11-24T03:20:38", "9999-12-31T23:00:00Z", "now", 5, None])
def test_a_time_that_cannot_be_written_is_refused(text):
    with pytest.raises(ValueError, match="time"):
        TIME.speak(text)


@given(st.dictionaries(TEXTS, TEXTS).filter(lambda words: len(set(words.values())) == len(words)))
def test_every_code_of_a_list_comes_back(words):
    codes = Codes(words)
    assert all(codes.hear(codes.speak(word)) == word for word in words)


def test_a_code_outside_the_list_is_refused_both_ways():
    codes = Codes({"active": "ACTIVE"})
    for word in ("ACTIVE", "", None, 1, ["active"]):
        with pytest.raises(ValueError):
            codes.speak(word)
    for word in ("active", "", None, 1):
        with pytest.raises(ValueError, match="ACTIVE"):
            codes.hear(word)


@given(
    st.one_of(
        TEXTS.map(lambda value: (Text(), value)),
        st.integers(-LARGEST_MINOR_UNITS, LARGEST_MINOR_UNITS).map(lambda value: (Whole(), value)),
        st.booleans().map(lambda value: (Flag(), value)),
        st.lists(TEXTS).map(lambda value: (Texts(), value)),
        st.dictionaries(TEXTS, TEXTS).map(lambda value: (Languages(), value)),
    )
)
def test_values_written_alike_come_back(case):
    converter, value = case
    assert converter.hear(converter.speak(value)) == value


@pytest.mark.parametrize("converter", [Text(), Whole(), Flag(), Texts(), Languages()])
@pytest.mark.parametrize("value", [None, 1.5, b"x", ["a", 1], {"a": 1}, "a\x00b", 2**60, {1: "a"}])
def test_values_of_another_type_are_refused(converter, value):
    with pytest.raises(ValueError):
        converter.hear(value)


BOUND = AmountText(currency="CNY", decimals=2, foreign=True)


@given(st.integers(0, LARGEST_MINOR_UNITS), st.sampled_from(["CNY", "USD", "EUR"]))
def test_foreign_money_is_named_and_comes_back(units, currency):
    money = {"minor_units": units, "currency": currency}
    assert BOUND.hear(BOUND.speak(money)) == money


def test_only_foreign_money_is_named():
    assert BOUND.speak({"minor_units": 8880, "currency": "CNY"}) == "88.80"
    assert BOUND.speak({"minor_units": 5_000_000, "currency": "USD"}) == "50000.00 USD"


@pytest.mark.parametrize("text", ["1.00 CNY", "1.00 usd", "1.00 ", "1.00  USD", "1.00 USD ", "USD"])
def test_foreign_money_written_otherwise_is_refused(text):
    with pytest.raises(ValueError, match="amount"):
        BOUND.hear(text)
