"""Life cycles: the states an order of a package passes through, and who may move it."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from gateway.products.words import Entry, Name, Words

Actor = Literal["customer", "partner", "bank", "system"]
EventName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]


class Transition(Entry, frozen=True):
    """A move and the event it announces; one event in one state leads to one state."""

    origin: Name = msgspec.field(name="from")
    to: Name
    event: EventName
    actor: Actor
    guard: Words | None = None


class LifeCycleEntry(Entry, frozen=True):
    """What a package adds to the life cycle that all orders share."""

    states: tuple[Name, ...] = ()
    terminal: tuple[Name, ...] = ()
    transition: tuple[Transition, ...] = ()


class LifeCycle(Entry, frozen=True):
    """A whole life cycle."""

    initial: Name
    states: tuple[Name, ...]
    terminal: tuple[Name, ...]
    transition: tuple[Transition, ...]

    def with_extra(self, extra: LifeCycleEntry) -> "LifeCycle":
        """This life cycle with what a package adds to it; nothing is checked here."""
        return LifeCycle(
            initial=self.initial,
            states=(*self.states, *extra.states),
            terminal=(*self.terminal, *extra.terminal),
            transition=(*self.transition, *extra.transition),
        )

    def leaving(self, state: str) -> Sequence[Transition]:
        """The moves out of a state."""
        return [move for move in self.transition if move.origin == state]


@cache
def load_shared() -> LifeCycle:
    """The life cycle that all orders share, whatever their package."""
    text = files("gateway.products").joinpath("life_cycle.toml").read_bytes()
    return msgspec.toml.decode(text, type=LifeCycle)
