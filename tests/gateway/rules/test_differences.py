"""Differences between two days: rules that begin and end, and figures that change."""

from datetime import date

import msgspec

from gateway.rules.differences import differences, said
from gateway.rules.service import RuleBook, load_book
from tests.packs import pack_of, shipped_file, with_figure, without_rule

TODAY, LATER = date(2026, 11, 24), date(2026, 12, 1)


def changes(book: RuleBook, before: date, after: date) -> list[tuple[str, str | None, str]]:
    return [(each.rule, each.parameter, each.change) for each in differences(book, before, after)]


def test_august_brings_the_table_of_costs() -> None:
    assert changes(load_book(), date(2026, 7, 31), date(2026, 8, 1)) == [
        ("CN-LOAN-07", None, "begins to hold"),
        ("CN-LOAN-07", "min_read_seconds", "nothing becomes 8"),
    ]
    assert changes(load_book(), TODAY, TODAY) == []


def test_figures_lists_and_rules_that_end_are_told() -> None:
    later = with_figure(shipped_file(), "CN-ACC-04", "balance_fen", 100_000)
    later = with_figure(later, "CN-ACC-05", "exempt", ("bound_account", "loan_flow"))
    later = without_rule(later, "CN-PPD-01")
    book = RuleBook([*load_book().packs, pack_of(later, "2026.12", LATER)])
    assert changes(book, TODAY, LATER) == [
        ("CN-ACC-04", "balance_fen", "200000 becomes 100000"),
        ("CN-ACC-05", "exempt", "bound_account becomes bound_account, loan_flow"),
        ("CN-PPD-01", None, "ceases to hold"),
        ("CN-PPD-01", "days", "7 becomes nothing"),
    ]


def test_a_rule_may_end_within_one_pack() -> None:
    content = shipped_file()
    ended = tuple(
        msgspec.structs.replace(rule, effective_until=TODAY) if rule.id == "CN-LOAN-10" else rule
        for rule in content.rule
    )
    content = msgspec.structs.replace(content, rule=ended)
    book = RuleBook([pack_of(content, "2026.08", date(2026, 8, 1))])
    assert changes(book, TODAY, LATER) == [("CN-LOAN-10", None, "ceases to hold")]


def test_a_value_is_said_plainly() -> None:
    assert [said(value) for value in (None, 5, "0.24", ("a", "b"))] == [
        "nothing",
        "5",
        "0.24",
        "a, b",
    ]
