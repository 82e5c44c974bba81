"""The book: the newest pack that has taken over answers, and a pack to come changes nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.clock import bank_day
from gateway.rules.pack import RulePack, UnknownRule
from gateway.rules.pack_files import PackFile
from gateway.rules.service import NoPackInForce, RuleBook, UnreadablePack, load_book
from tests.packs import pack_of, shipped_file, with_figure

JULY = datetime(2026, 7, 31, 15, 59, 59, tzinfo=UTC)  # 23:59:59 at the bank
AUGUST = datetime(2026, 7, 31, 16, 0, 0, tzinfo=UTC)  # midnight at the bank
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def small(cap: int, version: str, since: date) -> RulePack:
    """The rule of the highest balance alone, with another figure."""
    content = with_figure(shipped_file(), "CN-ACC-04", "balance_fen", cap)
    kept = tuple(rule for rule in content.rule if rule.id == "CN-ACC-04")
    return pack_of(PackFile(version, since, kept), version, since)


def test_the_pack_of_august_loaded_in_advance_changes_nothing_in_july() -> None:
    before = RuleBook([pack for pack in load_book().packs if pack.version == "2026.01"])
    july, august = bank_day(JULY), bank_day(AUGUST)
    said = before.in_force(july), before.version(on=july)
    before.exchange(load_book().packs, on=july)
    assert (before.in_force(july), before.version(on=july)) == said
    assert before.version(on=july) == "2026.01"
    assert not before.holds("CN-LOAN-07", on=july)
    with pytest.raises(UnknownRule):
        before.rule("CN-LOAN-07", on=july)
    assert before.version(on=august) == "2026.08"
    assert before.holds("CN-LOAN-07", on=august)
    assert before.number("CN-LOAN-07", "min_read_seconds", on=august) == 8


def test_before_every_pack_nothing_is_decided() -> None:
    book = RuleBook([small(1, "2026.02", date(2026, 2, 1))])
    day = date(2026, 1, 31)
    for ask in (
        lambda: book.version(on=day),
        lambda: book.holds("CN-ACC-04", on=day),
        lambda: book.number("CN-ACC-04", "balance_fen", on=day),
    ):
        with pytest.raises(NoPackInForce, match="2026-01-31"):
            ask()


def test_of_two_packs_of_one_day_the_later_version_is_the_newer() -> None:
    day = date(2026, 12, 1)
    packs = [small(1, "2026.12", day), small(2, "2026.12.2", day), small(3, "2026.12.10", day)]
    assert RuleBook(packs).version(on=day) == "2026.12.10"
    assert RuleBook(reversed(packs)).version(on=day) == "2026.12.10"


def test_one_version_has_one_content() -> None:
    day = date(2026, 12, 1)
    with pytest.raises(UnreadablePack, match=r"2026\.12 stands for two"):
        RuleBook([small(1, "2026.12", day), small(2, "2026.12", day)])
    assert len(RuleBook([small(1, "2026.12", day), small(1, "2026.12", day)]).packs) == 1


@pytest.mark.parametrize("since", [date(2026, 11, 24), date(2026, 11, 1)])
def test_no_exchange_changes_today(since: date) -> None:
    today = date(2026, 11, 24)
    book = load_book()
    with pytest.raises(UnreadablePack, match=r"2026\.11 would take the place of 2026\.08"):
        book.exchange([*book.packs, small(1, "2026.11", since)], on=today)
    assert book.version(on=today) == "2026.08"
    with pytest.raises(UnreadablePack, match=r"2026\.01 would take the place"):
        book.exchange([pack for pack in book.packs if pack.version == "2026.01"], on=today)
    assert len(book.packs) == 2


def test_a_pack_to_come_keeps_its_content_and_may_be_taken_away() -> None:
    today, day = date(2026, 11, 24), date(2026, 12, 1)
    book = load_book()
    shipped = book.packs
    book.exchange([*shipped, small(1, "2026.12", day)], on=today)
    with pytest.raises(UnreadablePack, match="two different contents"):
        book.exchange([*shipped, small(2, "2026.12", day)], on=today)
    assert book.number("CN-ACC-04", "balance_fen", on=day) == 1
    book.exchange(shipped, on=today)
    assert book.version(on=day) == "2026.08"


@given(st.lists(DAYS, min_size=1, max_size=8, unique=True), DAYS, st.randoms())
def test_the_pack_in_force_is_the_newest_not_in_the_future(
    days: list[date], on: date, chance: object
) -> None:
    packs = [small(number, f"2026.01.{number}", day) for number, day in enumerate(days)]
    chance.shuffle(packs)  # type: ignore[attr-defined]
    book = RuleBook(packs)
    begun = [day for day in days if day <= on]
    if not begun:
        with pytest.raises(NoPackInForce):
            book.version(on=on)
        return
    assert book.pack(on=on).effective_from == max(begun)
    assert book.number("CN-ACC-04", "balance_fen", on=on) == days.index(max(begun))


@given(st.lists(DAYS, max_size=8, unique=True), DAYS, st.integers(0, 30))
def test_loading_what_is_to_come_changes_no_day_up_to_today(
    days: list[date], today: date, back: int
) -> None:
    first = small(10_000, "2026.01", date(2026, 1, 1))
    book = RuleBook([first])
    asked = max(date(2026, 1, 1), today - timedelta(days=back))
    before = book.in_force(asked), book.version(on=asked)
    fresh = [first]
    for number, day in enumerate(days):
        if day > today:
            fresh.append(small(number, f"2026.02.{number}", day))
            book.exchange(fresh, on=today)
    assert (book.in_force(asked), book.version(on=asked)) == before


@given(
    st.lists(st.tuples(DAYS, st.integers(0, 10**9)), max_size=6, unique_by=lambda pair: pair[0]),
    DAYS,
)
def test_the_figure_in_force_is_the_newest_not_in_the_future(
    dated: list[tuple[date, int]], on: date
) -> None:
    content = shipped_file()
    for day, value in dated:
        content = with_figure(content, "CN-ACC-04", "balance_fen", value, effective_from=day)
    found = pack_of(content, "2026.08", date(2026, 1, 1)).number("CN-ACC-04", "balance_fen", on=on)
    begun = [pair for pair in dated if pair[0] <= on]
    assert found == (max(begun)[1] if begun else 200_000)
