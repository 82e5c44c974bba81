"""Life-cycle soundness: a package's own states and moves beside those that all orders share."""

from collections.abc import Iterable, Iterator, Mapping

from gateway.products.compiler.problems import Context, Problem
from gateway.products.life_cycles import LifeCycle, LifeCycleEntry, Transition
from gateway.products.package_files import PackageFile

DESIGN = "TS-LIFE-01"
ACTIVE = "active"
_STATES = "$.life_cycle.states"
_TERMINAL = "$.life_cycle.terminal"


def check_life_cycle(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Names that do not fit, moves that contradict, states without a way in or out, circles."""
    extra = package.life_cycle
    yield from _announced(package, context.shared)
    broken = (*_names(extra, context.shared), *_moves(extra, context.shared))
    yield from broken
    # The shape of a machine whose parts do not fit together says nothing.
    if not broken:
        whole = context.shared.with_extra(extra)
        yield from _ways(whole)
        yield from _before_active(whole, context.shared)


def reached(starts: Iterable[str], moves: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The states that can be reached from ``starts``, which are among them."""
    seen: set[str] = set()
    ahead = list(starts)
    while ahead:
        state = ahead.pop()
        if state not in seen:
            seen.add(state)
            ahead.extend(moves.get(state, ()))
    return frozenset(seen)


def _announced(package: PackageFile, shared: LifeCycle) -> Iterator[Problem]:
    known = {*package.events, *(move.event for move in shared.transition)}
    for index, move in enumerate(package.life_cycle.transition):
        if move.event not in known:
            yield Problem(
                f"$.life_cycle.transition[{index}].event",
                DESIGN,
                f"{move.event} is announced to partners, but not among the package's events.",
                f'Add "{move.event}" to events.',
            )
    for event in sorted({event for event in package.events if package.events.count(event) > 1}):
        yield Problem("$.events", DESIGN, f"{event} stands twice.", "Name each event once.")


def _names(extra: LifeCycleEntry, shared: LifeCycle) -> Iterator[Problem]:
    for state in sorted(set(extra.states)):
        if state in shared.states or extra.states.count(state) > 1:
            yield Problem(
                _STATES,
                DESIGN,
                f"The state {state} is there already.",
                "Name only states that the package adds, each of them once.",
            )
    for index, state in enumerate(extra.terminal):
        if state not in extra.states:
            yield Problem(
                f"{_TERMINAL}[{index}]",
                DESIGN,
                f"{state} is no state that the package adds, so it cannot make it an end.",
                "Name a state of the package, or take it out.",
            )
    known = {*shared.states, *extra.states}
    for index, move in enumerate(extra.transition):
        for member, state in (("from", move.origin), ("to", move.to)):
            if state not in known:
                yield Problem(
                    f"$.life_cycle.transition[{index}].{member}",
                    DESIGN,
                    f"There is no state {state}.",
                    "Add it to states, or name one that is there.",
                )


def _moves(extra: LifeCycleEntry, shared: LifeCycle) -> Iterator[Problem]:
    """Two moves for one event, and moves out of an end."""
    taken: dict[tuple[str, str], str] = {
        (move.origin, move.event): move.to for move in shared.transition
    }
    ends = {*shared.terminal, *extra.terminal}
    for index, move in enumerate(extra.transition):
        path = f"$.life_cycle.transition[{index}]"
        if (move.origin, move.event) in taken:
            yield Problem(
                path,
                DESIGN,
                f"{move.event} leads from {move.origin} to {taken[(move.origin, move.event)]} "
                f"already, so it cannot lead to {move.to} too.",
                "Give the second move an event of its own, or take it out.",
            )
        taken.setdefault((move.origin, move.event), move.to)
        if move.origin in ends:
            yield Problem(
                path,
                DESIGN,
                f"{move.origin} is an end, and nothing leads out of an end.",
                "Let the move begin elsewhere, or take the state out of terminal.",
            )


def _ways(whole: LifeCycle) -> Iterator[Problem]:
    """Every state has a way in, and from every state there is a way to an end."""
    forwards = _graph(whole.transition)
    backwards = _graph(whole.transition, turned=True)
    begun = reached((whole.initial,), forwards)
    ending = reached(whole.terminal, backwards)
    for state in whole.states:
        if state not in begun:
            yield Problem(
                _STATES,
                DESIGN,
                f"No order ever gets to the state {state}.",
                "Add a move to it, or take it out.",
            )
        if state not in ending:
            yield Problem(
                _STATES,
                DESIGN,
                f"{state} is a dead end: an order there never gets to any end.",
                "Add a move out of it, or name it in terminal.",
            )


def _before_active(whole: LifeCycle, shared: LifeCycle) -> Iterator[Problem]:
    """No way around a step that all orders take, no circle before active, no way back."""
    forwards = _graph(whole.transition)
    for state in _steps(shared):
        if ACTIVE in reached((whole.initial,), _without(forwards, state)):
            yield Problem(
                "$.life_cycle.transition",
                DESIGN,
                f"An order could get to {ACTIVE} without ever being {state}.",
                f"Let every way to {ACTIVE} lead through {state}.",
            )
    early = reached((whole.initial,), _without(forwards, ACTIVE)) - {ACTIVE, *whole.terminal}
    # An order may wait in a state that all orders share; what a package adds must lead on.
    waiting = {(move.origin, move.event) for move in shared.transition if move.origin == move.to}
    inner = _graph(
        move
        for move in whole.transition
        if {move.origin, move.to} <= early and (move.origin, move.event) not in waiting
    )
    for state in whole.states:
        if state in early and state in reached(inner.get(state, ()), inner):
            yield Problem(
                "$.life_cycle.transition",
                DESIGN,
                f"An order could go round in a circle through {state} before it is {ACTIVE}.",
                f"Take the move out that leads back to {state}.",
            )
    late = reached((ACTIVE,), forwards)
    for state in whole.states:
        if state in early and state in late:
            yield Problem(
                "$.life_cycle.transition",
                DESIGN,
                f"An order that was {ACTIVE} could go back to {state}.",
                "Let it go on to an end: the customer asks for the package anew.",
            )


def _steps(shared: LifeCycle) -> tuple[str, ...]:
    """The states that every order passes on its way to active."""
    forwards = _graph(shared.transition)
    return tuple(
        state
        for state in shared.states
        if state not in (ACTIVE, shared.initial)
        and ACTIVE not in reached((shared.initial,), _without(forwards, state))
    )


def _graph(moves: Iterable[Transition], *, turned: bool = False) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for move in moves:
        origin, to = (move.to, move.origin) if turned else (move.origin, move.to)
        found.setdefault(origin, set()).add(to)
    return found


def _without(moves: Mapping[str, set[str]], state: str) -> dict[str, set[str]]:
    return {origin: to - {state} for origin, to in moves.items() if origin != state}
