"""The crash soak: the order story, killed at every commit, both before and after it is durable."""

import asyncio
import functools
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from gateway.cli.operations import opened
from gateway.corebank.sandbox.service import SandboxBank
from gateway.settings import Settings
from tests.flows.partner import Partner
from tests.flows.receiver import Receiver, listening
from tests.flows.server import House, house
from tests.flows.wire import Line, Unanswered
from tests.soak.books import TOLD, Books, Ledger
from tests.soak.keeper import Keeper
from tests.soak.stage import Cast, hire, settings_of
from tests.soak.tale import BrokenPromise, Tale
from tests.soak.victim import Doom, Life

# Longer than the leases of orders and payments, and mostly shorter than a code lives.
_DOWN_SECONDS = (6.0, 65.0)
_LONG_DOWN_SHARE = 0.15
# Longer than a delivery is claimed for, so that its heir takes it again.
_CLAIM_SECONDS = 66.0
# The workers look once a second; after so long each has had its round.
_ROUND_SECONDS = 1.5
# How long a doom that waits for a worker's round may be in coming.
_WORKERS_SECONDS = 2.5
# After so long a start has made all its commits.
_SETTLED_SECONDS = 0.5
_ARRIVAL_SECONDS = 30.0
_AMID_MOST = 4.0
_ANSWER_SECONDS = 10.0
# More boundaries than the story can have.
_MOST = 300
_TRIES = 4
_REHEARSALS = 3
_SPARE = 24


@dataclass
class Figures:
    """What a run came to."""

    database: str
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    boundaries: int = 0
    reached: set[Doom] = field(default_factory=set)
    unreached: list[Doom] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    tales: int = 0
    retries: int = 0
    lives: int = 0
    messages: int = 0
    repeated: int = 0
    seconds: float = 0
    down_seconds: float = 0

    @property
    def lines(self) -> list[str]:
        """The figures, for a note."""
        total = self.kills.total()
        ways = ", ".join(f"{count} {way}" for way, count in sorted(self.kills.items()))
        return [
            f"crash {self.database}: seed {self.seed}, {total} kills ({ways}) "
            f"in {self.seconds:.0f} s, {self.seconds / max(total, 1):.2f} s each",
            f"crash {self.database}: {len(self.reached)} of {self.boundaries} boundaries "
            f"(commit and side) of {len(self.units)} units: {', '.join(sorted(self.units))}",
            f"crash {self.database}: {self.lives} lives, {self.tales} orders, {self.retries} calls "
            f"cut off and made again, {self.messages} messages ({self.repeated} repeated, none "
            f"with two bodies), {self.down_seconds:.0f} s of downtime simulated",
        ]


class CrashSoak:
    """One database, one victim, and a tale for every kill."""

    def __init__(
        self, built: House, receiver: Receiver, keeper: Keeper, cast: Cast, figures: Figures
    ) -> None:
        self._house = built
        self._settings = settings_of(built)
        self._receiver = receiver
        self._keeper = keeper
        self._cast = cast
        self._chance = random.Random(figures.seed)
        self._books = Books(built.database_url)
        self._line = Line(built.issuer)
        self._ahead = 0.0
        self._tales: list[Tale] = []
        self._starts: list[Doom] = []
        self._missed: Counter[Doom] = Counter()
        self.figures = figures

    def run(self, kills: int, *, everywhere: bool) -> None:
        """Kills so often; with ``everywhere`` at each boundary at least once on each side."""
        started = time.monotonic()
        starts, story = self._rehearse(_REHEARSALS if everywhere else 1)
        self.figures.boundaries = len({*starts, *story})
        plan = self._chance.sample(story, len(story) if everywhere else min(kills, len(story)))
        self._starts = starts if everywhere else []
        while plan or (everywhere and self.figures.kills.total() < kills):
            doom = plan.pop(0) if plan else self._amid(self._chance.choice(story))
            if not self._kill(doom) and self._is_worth_another_try(doom):
                plan.append(doom)
        self._finish()
        self.figures.seconds = time.monotonic() - started

    def _rehearse(self, tales: int) -> tuple[list[Doom], list[Doom]]:
        """Lives without a doom: the boundaries of a usual start, and those of every story."""
        self._begin()
        self._keeper.stop()
        self._begin()
        time.sleep(_SETTLED_SECONDS)
        starts = _both_sides(Counter(self._keeper.names()))
        time.sleep(_ROUND_SECONDS)
        by_the_clock = frozenset(self._keeper.names())
        told: list[Counter[str]] = []
        for _ in range(tales):
            self._next_tale().tell()
            time.sleep(_ROUND_SECONDS)
            told.append(Counter(self._keeper.names()))
        always = functools.reduce(Counter.__and__, told)
        # What goes on by the clock alone is met once: its second time is no other boundary.
        story = {name: 1 if name in by_the_clock else met for name, met in always.items()}
        return starts, _both_sides(Counter(story))

    def _amid(self, doom: Doom) -> Doom:
        milliseconds = self._chance.uniform(0, _AMID_MOST)
        return Doom(doom.unit, doom.occurrence, "amid", milliseconds)

    def _kill(self, doom: Doom) -> bool:
        """Tells a new tale into its doom and, in the next life, to its end."""
        tale = self._next_tale()
        if not self._keeper.doom(doom):
            raise BrokenPromise("the gateway died without a doom")
        cut_off = False
        try:
            tale.tell()
        except Unanswered:
            cut_off = True
        if not self._keeper.dies(_ANSWER_SECONDS if cut_off else _WORKERS_SECONDS):
            if cut_off:
                raise BrokenPromise(f"{tale.step} went unanswered by a gateway that lives")
            if self._keeper.doom(None):
                self._keeper.stop()
                self._begin(_CLAIM_SECONDS)
                return False
        self._record(doom)
        self._begin()
        tale.resume()
        tale.tell()
        return True

    def _begin(self, seconds: float | None = None) -> None:
        """Lets a downtime pass and starts a life, after those that die of starting."""
        self._line.reconnect()
        while True:
            doom = self._starts.pop() if self._starts else None
            # A doom that did not come may have had a dead life's lease in its way.
            lets_run_out = doom is not None and self._missed[doom]
            self._pass(_CLAIM_SECONDS if lets_run_out else seconds or self._downtime())
            life = Life(settings=self._settings, ahead_seconds=self._ahead, doom=doom)
            serves = self._keeper.begin(life)
            if doom is None:
                if not serves:
                    raise BrokenPromise("the gateway died without a doom")
                return
            if serves and not self._keeper.dies(_WORKERS_SECONDS) and self._keeper.doom(None):
                if self._is_worth_another_try(doom):
                    self._starts.insert(0, doom)
                return
            self._record(doom)

    def _is_worth_another_try(self, doom: Doom) -> bool:
        """Whether a doom that did not come may come another time; one amid a commit need not."""
        self._missed[doom] += 1
        if doom.way != "amid" and self._missed[doom] == _TRIES:
            self.figures.unreached.append(doom)
        return doom.way != "amid" and self._missed[doom] < _TRIES

    def _record(self, doom: Doom) -> None:
        self.figures.kills[doom.way] += 1
        self.figures.units.add(doom.unit)
        if doom.way != "amid":
            self.figures.reached.add(doom)
        self._books.examine()

    def _downtime(self) -> float:
        usual, long = _DOWN_SECONDS
        return long if self._chance.random() < _LONG_DOWN_SHARE else usual

    def _pass(self, seconds: float) -> None:
        self._ahead += seconds
        self.figures.down_seconds = self._ahead

    def _next_tale(self) -> Tale:
        number = len(self._tales)
        keys, client_id, redirect_uri = self._cast.clients[number]
        partner = Partner(self._line, keys, client_id, redirect_uri, self._now)
        customer = self._cast.customers[number]
        self._tales.append(Tale(number, partner, customer, self._receiver, self._now))
        return self._tales[-1]

    def _now(self) -> float:
        return time.time() + self._ahead

    # ---- the end ---------------------------------------------------------------------------

    def _finish(self) -> None:
        """One last life hands out what is owed; then everything is held against the books."""
        self._keeper.stop()
        self._begin(_CLAIM_SECONDS)
        if not self._receiver.wait(self._all_arrived, _ARRIVAL_SECONDS):
            late = [tale.number for tale in self._tales if not _has_arrived(tale)]
            raise BrokenPromise(f"events of the tales {late} never arrived")
        self._keeper.stop()
        self._books.examine()
        if not asyncio.run(_books_balance(self._settings)):
            raise BrokenPromise("the sandbox bank says that its books do not balance")
        verified = self._house.command("audit", "verify")
        if "audit: intact" not in verified:
            raise BrokenPromise(verified)
        ledger = Ledger(self._books)
        figures = self.figures
        figures.repeated = sum(ledger.examine(tale) for tale in self._tales)
        figures.tales = len(self._tales)
        figures.retries = sum(tale.retries for tale in self._tales)
        figures.messages = len(self._receiver.arrivals)
        figures.lives = self._keeper.lives

    def _all_arrived(self) -> bool:
        return all(_has_arrived(tale) for tale in self._tales)


def _has_arrived(tale: Tale) -> bool:
    seen = {arrival.event_id for arrival in tale.receiver.at(tale.endpoint_path)}
    return len(seen) >= sum(TOLD.values())


def _both_sides(met: Counter[str]) -> list[Doom]:
    return [
        Doom(name, occurrence, way)
        for name, times in sorted(met.items())
        for occurrence in range(1, times + 1)
        for way in ("before", "after")
    ]


async def _books_balance(settings: Settings) -> bool:
    async with opened(settings) as built:
        assert isinstance(built.bank, SandboxBank)
        return await built.bank.books_balance()


def run(kind: str, postgres_url: str, *, kills: int, seed: int, everywhere: bool) -> Figures:
    """Kills a gateway on one kind of database; raises ``BrokenPromise`` for the first one."""
    figures = Figures(kind, seed)
    with listening() as receiver, house(kind, postgres_url, [receiver.place]) as built:
        cast = hire(built, kills + _SPARE if not everywhere else max(kills, _MOST) + _SPARE)
        keeper = Keeper(built.place / "victim.log")
        try:
            CrashSoak(built, receiver, keeper, cast, figures).run(kills, everywhere=everywhere)
        finally:
            keeper.close()
    if everywhere and figures.unreached:
        raise BrokenPromise("\n".join([*figures.lines, f"never reached: {figures.unreached}"]))
    return figures
