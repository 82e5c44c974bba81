"""Life cycles: what makes one unsound, and a slow oracle that must agree about any machine."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.products.compiler.life_cycle import check_life_cycle
from gateway.products.life_cycles import LifeCycle, LifeCycleEntry, Transition, load_shared
from gateway.products.package_files import PackageFile
from tests.gateway.products.compiler.conftest import PURSE, context, package_of

SHARED = load_shared()
STEPS = ("applied", "identity_pending", "risk_review", "agreement_pending", "activation_pending")


def move(origin: str, to: str, event: str) -> Transition:
    return Transition(origin=origin, to=to, event=event, actor="bank")


def package(extra: LifeCycleEntry, *, announced: bool = True) -> PackageFile:
    events = tuple(sorted({one.event for one in extra.transition})) if announced else ()
    return replace(package_of(PURSE), life_cycle=extra, events=events)


def said(extra: LifeCycleEntry) -> list[str]:
    problems = list(check_life_cycle(package(extra), context()))
    assert {problem.rule for problem in problems} <= {"TS-LIFE-01"}
    return [problem.message for problem in problems]


def machine(states: str, terminal: str, *moves: str) -> LifeCycleEntry:
    """From words: ``machine("held", "", "active > held : visit.held")``."""
    split = (line.replace(":", ">").split(">") for line in moves)
    return LifeCycleEntry(
        states=tuple(states.split()),
        terminal=tuple(terminal.split()),
        transition=tuple(move(*(word.strip() for word in line)) for line in split),
    )


@pytest.mark.parametrize(
    "extra",
    [
        machine("", ""),
        machine("held", "", "active > held : a.b", "held > active : a.c", "held > held : a.d"),
        machine("lost", "lost", "active > lost : a.b"),
        # One more step before the product is active, on the way that all orders take.
        machine("priced", "", "applied > priced : a.b", "priced > identity_pending : a.c"),
        machine("held", "", "active > held : a.b", "held > closed : closure.completed"),
    ],
)
def test_a_sound_machine_is_no_problem(extra: LifeCycleEntry) -> None:
    assert said(extra) == []


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (machine("held", "", "active > held : a.b"), "held is a dead end"),
        (machine("held", "", "held > active : a.b"), "No order ever gets to the state held"),
        (
            machine("a b", "", "active > a : a.b", "a > b : a.b", "b > a : a.b"),
            "b is a dead end",
        ),
        (
            machine("held", "", "active > held : restriction.applied", "held > active : a.b"),
            "restriction.applied leads from active to restricted already",
        ),
        (
            machine("a b", "", "active > a : a.b", "active > b : a.b", "a > active : c.d"),
            "a.b leads from active to a already",
        ),
        (machine("lost", "lost", "active > lost : a.b", "lost > active : a.c"), "lost is an end"),
        (machine("", "", "closed > active : a.b"), "closed is an end"),
        (machine("", "active"), "active is no state that the package adds"),
        (machine("active", ""), "The state active is there already"),
        (machine("held held", ""), "The state held is there already"),
        (machine("", "", "active > held : a.b"), "There is no state held"),
        (machine("", "", "held > active : a.b"), "There is no state held"),
        (machine("", "", "offered > active : a.b"), "without ever being agreement_pending"),
        (
            machine("fast", "", "applied > fast : a.b", "fast > activation_pending : a.c"),
            "without ever being agreement_pending",
        ),
        (
            machine("", "", "agreement_pending > risk_review : a.b"),
            "in a circle through risk_review before it is active",
        ),
        (
            machine(
                "idle", "", "applied > idle : a.b", "idle > idle : a.c", "idle > expired : a.d"
            ),
            "in a circle through idle before it is active",
        ),
        (machine("", "", "active > applied : a.b"), "could go back to applied"),
    ],
)
def test_an_unsound_machine_is_refused_in_words(extra: LifeCycleEntry, words: str) -> None:
    assert any(words in message for message in said(extra)), said(extra)


def test_a_machine_that_is_unsound_in_itself_is_judged_by_its_parts_first() -> None:
    messages = said(machine("held", "", "active > held : a.b", "active > gone : a.c"))
    assert messages == ["There is no state gone."]


def test_events_are_declared() -> None:
    extra = machine("held", "", "active > held : a.b", "held > active : restriction.lifted")
    problems = check_life_cycle(package(extra, announced=False), context())
    assert [problem.path for problem in problems] == ["$.life_cycle.transition[0].event"]
    twice = replace(package(extra), events=("a.b", "a.b"))
    assert [problem.path for problem in check_life_cycle(twice, context())] == ["$.events"]


# ---- Any machine, against an oracle that walks every path ------------------------------------

_OWN = ("one", "two", "three")
_EVENTS = ("a.b", "a.c", "restriction.applied", "closure.requested", "order.withdrawn")
_PLACES = (*_OWN, *_OWN, *SHARED.states, "active", "active")
_MOVES = st.builds(
    move, st.sampled_from(_PLACES), st.sampled_from(_PLACES), st.sampled_from(_EVENTS)
)


@st.composite
def machines(draw: st.DrawFn) -> LifeCycleEntry:
    """States with a way in and mostly a way out, and a few moves at random."""
    states = _OWN[: draw(st.integers(0, 3))]
    terminal = tuple(state for state in states if draw(st.integers(0, 5)) == 0)
    moves = []
    for state in states:
        origin = draw(st.sampled_from(("active", "restricted", "applied", *states)))
        moves.append(move(origin, state, f"in.{state}"))
        if state not in terminal and draw(st.integers(0, 4)):
            to = draw(st.sampled_from(("active", "closing", "identity_pending", *states)))
            moves.append(move(state, to, f"out.{state}"))
    moves += draw(st.lists(_MOVES, max_size=2))
    known = {*SHARED.states, *states}
    return LifeCycleEntry(
        states=states,
        terminal=terminal,
        transition=tuple(one for one in moves if {one.origin, one.to} <= known),
    )


def is_sound(extra: LifeCycleEntry) -> bool:
    """By walking: nothing here is clever, and nothing is taken from the compiler."""
    whole = SHARED.with_extra(extra)
    if max(Counter((one.origin, one.event) for one in whole.transition).values()) > 1:
        return False
    if any(one.origin in whole.terminal for one in whole.transition):
        return False
    journeys = list(paths(whole, whole.initial))
    if {path[-1] for path in journeys} != set(whole.states):
        return False
    for state in whole.states:
        if not {path[-1] for path in paths(whole, state)} & set(whole.terminal):
            return False
    to_active = [path for path in journeys if path[-1] == "active"]
    if any(step not in path for path in to_active for step in STEPS):
        return False
    early = {path[-1] for path in journeys if "active" not in path} - set(whole.terminal)
    late = {path[-1] for path in paths(whole, "active")}
    return not (early & late) and not any(circles(whole, state, early) for state in early)


def paths(whole: LifeCycle, start: str) -> Iterator[Sequence[str]]:
    """Every walk that meets no state twice."""
    ahead: list[tuple[str, ...]] = [(start,)]
    while ahead:
        path = ahead.pop()
        yield path
        for one in whole.transition:
            if one.origin == path[-1] and one.to not in path:
                ahead.append((*path, one.to))


def circles(whole: LifeCycle, state: str, early: set[str]) -> bool:
    """Whether a walk through early states ends where it began; waiting as all do is none."""
    waits = {(one.origin, one.event) for one in SHARED.transition if one.origin == one.to}
    for path in paths(whole, state):
        if not set(path) <= early:
            continue
        for one in whole.transition:
            closes = one.origin == path[-1] and one.to == state
            if closes and (one.origin, one.event) not in waits:
                return True
    return False


@settings(deadline=None, max_examples=400)
@given(machines())
def test_the_compiler_and_the_oracle_agree_about_any_machine(extra: LifeCycleEntry) -> None:
    assert (said(extra) == []) is is_sound(extra), said(extra)


def test_the_shared_life_cycle_is_sound_by_itself() -> None:
    assert is_sound(LifeCycleEntry())
    assert said(LifeCycleEntry()) == []


def test_the_machines_tried_are_of_both_kinds() -> None:
    tried: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=200, database=None, derandomize=True)
    @given(machines())
    def count(extra: LifeCycleEntry) -> None:
        tried[is_sound(extra)] += 1

    count()
    assert min(tried[True], tried[False]) > 20, tried
