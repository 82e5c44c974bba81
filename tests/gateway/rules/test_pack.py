"""A pack answers by date, refuses what it does not understand, and never guesses."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.rules.pack import RulePack, UnknownRule, decode_pack
from gateway.rules.pack_files import UnreadablePack
from gateway.rules.service import load_book
from tests.packs import pack_of, shipped_file, with_figure

TODAY = date(2026, 11, 24)
HEAD = 'version = "2026.11"\neffective_from = 2026-11-01\n'
RULE = """
[[rule]]
id = "CN-ACC-04"
family = "accounts"
statement = "It never holds more."
instrument = "a test"
effective_from = 2018-01-12
confidence = "high"
"""
FIGURE = """
[[rule.parameter]]
name = "balance_fen"
value = 200000
unit = "fen"
"""
ROW = HEAD + RULE + FIGURE
LATER = FIGURE.replace("200000", "300000") + "from = 2026-11-25\n"


def read(text: str) -> RulePack:
    return decode_pack(text.encode(), "pack.toml")


@pytest.mark.parametrize("version", ["2026.01", "2026.08"])
@pytest.mark.parametrize(
    ("rule", "parameter", "value"),
    [
        ("CN-ACC-01", "t1_max", 1),
        ("CN-ACC-02", "t2_max", 5),
        ("CN-ACC-03", "day_fen", 1_000_000),
        ("CN-ACC-03", "legs", ("in", "out")),
        ("CN-ACC-05", "year_fen", 5_000_000),
        ("CN-ACC-06", "t3_nonbound_in_requires", ("bound_funded", "consent")),
        ("CN-API-03", "a2_auth", ("tls_client_auth", "private_key_jwt")),
        ("CN-LOAN-01", "cap_fen", 20_000_000),
        ("CN-LOAN-02", "cap_fen", 30_000_000),
        ("CN-LOAN-06", "all_in_cap", "0.24"),
        ("CN-WM-02", "day_fen", 1_000_000),
        ("TS-MANDATE-01", "per_debit_fen", 5_000),
    ],
)
def test_a_shipped_pack_holds_the_figure(
    version: str, rule: str, parameter: str, value: Any
) -> None:
    pack = pack_of(shipped_file(version), version, date(2026, 1, 1))
    assert pack.row(rule, parameter, on=TODAY).value == value


def test_the_shipped_packs_say_what_is_ours_and_what_is_not_sure() -> None:
    newest = load_book().packs[0]
    assert newest.rules["CN-MKT-02"].confidence == "low"
    assert newest.rules["CN-MKT-02"].status == "prepare"
    assert newest.row("CN-LOAN-07", "min_read_seconds", on=TODAY).confidence == "design"
    assert newest.rules["CN-LOAN-07"].confidence == "high"
    assert len([rule_id for rule_id in newest.rules if not rule_id.startswith("TS-")]) == 92


def test_a_figure_of_tomorrow_changes_nothing_today() -> None:
    pack = read(ROW + LATER)
    tomorrow = TODAY + timedelta(days=1)
    assert pack.number("CN-ACC-04", "balance_fen", on=TODAY) == 200_000
    assert pack.number("CN-ACC-04", "balance_fen", on=tomorrow) == 300_000
    assert [row.value for row in pack.in_force(TODAY)] == [200_000]
    assert [row.value for row in pack.history("CN-ACC-04")] == [300_000, 200_000]


def test_a_rule_holds_from_its_first_day_to_its_last() -> None:
    text = ROW.replace('confidence = "high"', 'confidence = "high"\neffective_until = 2026-12-31')
    pack = read(text)
    for day, holds in (
        (date(2018, 1, 11), False),
        (date(2018, 1, 12), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ):
        assert pack.rules["CN-ACC-04"].holds(day) is holds
        assert bool(pack.in_force(day)) is holds
        if not holds:
            with pytest.raises(UnknownRule, match="CN-ACC-04 is not in force"):
                pack.number("CN-ACC-04", "balance_fen", on=day)


def test_a_rule_without_a_day_never_holds() -> None:
    pack = read(ROW.replace("effective_from = 2018-01-12", 'status = "prepare"'))
    assert pack.in_force(TODAY) == ()
    with pytest.raises(UnknownRule):
        pack.rule("CN-ACC-04", on=TODAY)


def test_a_rate_is_exact_and_nothing_is_another_kind() -> None:
    newest = load_book().packs[0]
    assert newest.rate("CN-LOAN-06", "all_in_cap", on=TODAY) == Decimal("0.24")
    for ask, rule, parameter, said in (
        (newest.rate, "CN-ACC-04", "balance_fen", "is a number, not a rate"),
        (newest.number, "CN-LOAN-06", "all_in_cap", "is a rate, not a number"),
        (newest.words, "CN-LOAN-06", "all_in_cap", "is a rate, not a list"),
        (newest.number, "CN-ACC-03", "legs", "is a list, not a number"),
    ):
        with pytest.raises(UnknownRule, match=said):
            ask(rule, parameter, on=TODAY)
    with pytest.raises(UnknownRule, match="has no rule CN-ACC-99"):
        newest.rule("CN-ACC-99", on=TODAY)
    with pytest.raises(UnknownRule, match="no row in force"):
        newest.row("CN-ACC-04", "nothing", on=TODAY)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (ROW.replace("unit =", "units ="), r"pack.toml: .*units.*\$\.rule\[0\]\.parameter\[0\]"),
        (ROW.replace("200000", "1.5"), r"pack.toml: .*\$\.rule\[0\]\.parameter\[0\]\.value"),
        (ROW.replace("200000", "-1"), r"\$\.rule\[0\]\.parameter\[0\]\.value"),
        (ROW.replace("200000", "[200000]"), r"\$\.rule\[0\]\.parameter\[0\]\.value"),
        (ROW.replace("200000", '"0.2 "'), r"\$\.rule\[0\]\.parameter\[0\]\.value"),
        (ROW.replace("200000", '"0.2"'), "decimal strings are rates"),
        (ROW.replace('"fen"', '"rate"'), "decimal strings are rates"),
        (ROW.replace('"fen"', '"yuan"'), r"\$\.rule\[0\]\.parameter\[0\]\.unit"),
        (ROW.replace("CN-ACC-04", "acc 4"), r"\$\.rule\[0\]\.id"),
        (ROW.replace('confidence = "high"', ""), r"confidence.*\$\.rule\[0\]"),
        (ROW.replace('"2026.11"', '"11"'), r"\$\.version"),
        (ROW.replace("effective_from = 2018-01-12", ""), "either effective_from or the status"),
        (ROW.replace('"high"', '"high"\neffective_until = 2018-01-11'), "ends before it begins"),
        (ROW + RULE, "CN-ACC-04 stands twice"),
        (ROW + FIGURE, "two entries from the same day"),
        (ROW + FIGURE + "from = 2018-01-12", "two entries from the same day"),
        (ROW + FIGURE + "from = 2018-01-11", r"parameter\[1\]\.from: it is before its rule"),
        (ROW + LATER.replace('"fen"', '"years"'), "changes its unit"),
        (HEAD, "rule"),
        ("[[rule", "pack.toml: "),
    ],
)
def test_a_broken_pack_is_refused_with_its_path(broken: str, said: str) -> None:
    assert read(ROW).version == "2026.11"
    with pytest.raises(UnreadablePack, match=said):
        read(broken)


def test_every_fault_is_said_at_once() -> None:
    with pytest.raises(UnreadablePack, match=r"stands twice.*same day"):
        read(ROW + RULE + FIGURE + FIGURE)


def test_the_digest_is_of_the_content_not_of_its_layout() -> None:
    assert read(ROW).digest == read("# a comment\n" + ROW.replace(" = ", "=")).digest
    changed = with_figure(shipped_file(), "CN-ACC-04", "balance_fen", 200_001)
    assert changed.digest != shipped_file().digest
