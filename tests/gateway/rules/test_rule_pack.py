"""The rule pack answers by date, refuses what it does not understand, and never guesses."""

from datetime import date, timedelta

import pytest

from gateway.rules.service import RulePack, UnknownRule, UnreadablePack, decode_pack, load_pack

TODAY = date(2026, 11, 24)
ROW = """
[[row]]
rule = "CN-ACC-04"
parameter = "balance_fen"
value = 200000
unit = "fen"
from = 2018-01-12
instrument = "test"
confidence = "high"
"""


def pack_of(text: str) -> RulePack:
    return decode_pack(f'version = "2026.11"\n{text}'.encode(), "pack.toml")


@pytest.mark.parametrize(
    ("rule", "parameter", "value"),
    [
        ("CN-ACC-01", "t1_max", 1),
        ("CN-ACC-02", "t2_max", 5),
        ("CN-ACC-02", "t3_max", 5),
        ("CN-ACC-03", "day_fen", 1_000_000),
        ("CN-ACC-03", "year_fen", 20_000_000),
        ("CN-ACC-04", "balance_fen", 200_000),
        ("CN-ACC-05", "day_fen", 200_000),
        ("CN-ACC-05", "year_fen", 5_000_000),
        ("TS-MANDATE-01", "per_debit_fen", 5_000),
    ],
)
def test_the_shipped_pack_holds_the_number(rule: str, parameter: str, value: int) -> None:
    assert load_pack().number(rule, parameter, on=TODAY) == value


def test_the_shipped_pack_holds_the_lists() -> None:
    pack = load_pack()
    assert pack.words("CN-ACC-03", "legs", on=TODAY) == ("in", "out")
    assert pack.words("CN-ACC-06", "t3_nonbound_in_requires", on=TODAY) == (
        "bound_funded",
        "consent",
    )
    assert len(pack.words("CN-ACC-07", "elements", on=TODAY)) == 5


def test_a_row_of_tomorrow_changes_nothing_today() -> None:
    tomorrow = TODAY + timedelta(days=1)
    later = ROW.replace("200000", "300000").replace("2018-01-12", tomorrow.isoformat())
    pack = pack_of(later + ROW)
    assert pack.number("CN-ACC-04", "balance_fen", on=TODAY) == 200_000
    assert pack.number("CN-ACC-04", "balance_fen", on=tomorrow) == 300_000
    assert [row.value for row in pack.in_force(TODAY)] == [200_000]


def test_nothing_is_in_force_before_its_first_day() -> None:
    with pytest.raises(UnknownRule, match=r"CN-ACC-04\.balance_fen"):
        pack_of(ROW).number("CN-ACC-04", "balance_fen", on=date(2018, 1, 11))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (ROW.replace("unit =", "units ="), r"pack.toml: .*units.*\$\.row\[0\]"),
        (ROW.replace("200000", "1.5"), r"pack.toml: .*\$\.row\[0\]\.value"),
        (ROW.replace("200000", "-1"), r"pack.toml: .*\$\.row\[0\]\.value"),
        (ROW.replace('"fen"', '"yuan"'), r"pack.toml: .*\$\.row\[0\]\.unit"),
        (ROW.replace("CN-ACC-04", "acc 4"), r"pack.toml: .*\$\.row\[0\]\.rule"),
        (ROW.replace('confidence = "high"', ""), r"pack.toml: .*confidence.*\$\.row\[0\]"),
        (ROW + ROW, "two rows from the same day"),
        (ROW + ROW.replace("2018", "2019").replace('"fen"', '"years"'), "changes its unit"),
        ("[[row", "pack.toml: "),
    ],
)
def test_a_broken_pack_is_refused_with_its_path(broken: str, said: str) -> None:
    with pytest.raises(UnreadablePack, match=said):
        pack_of(broken)


def test_a_number_is_not_a_list() -> None:
    pack = load_pack()
    with pytest.raises(UnknownRule, match="is a number"):
        pack.words("CN-ACC-03", "day_fen", on=TODAY)
    with pytest.raises(UnknownRule, match="is a list"):
        pack.number("CN-ACC-03", "legs", on=TODAY)


def test_a_list_may_not_hide_a_number() -> None:
    with pytest.raises(UnreadablePack):
        pack_of(ROW.replace("200000", "[200000]"))
