"""Samples of a case on a machine that others use too, and the figures they add up to.

Each sample has the floor and the framework's hello measured right before it, and every ratio is
taken inside its sample: what slows the machine for a while slows both. The medians over the
rounds are what counts. Where others use the server's core too, shares of processor time are to be
trusted and shares of rates are not.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.bench.cases import TARGETS
from tests.bench.load import Run

HEADINGS = (
    "database", "case", "client", "rate/s", "p50 ms", "p99 ms", "cpu us", "x floor", "by cpu",
    "x hello", "by cpu", "target", "refused",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What something cost: its rate per second, and the processor seconds of each."""

    rate: float
    cpu_seconds: float


@dataclass(frozen=True)
class Sample:
    """One run of a case beside its yardsticks."""

    run: Run
    cost: Cost
    floor: Cost
    hello: Cost


@dataclass
class Samples:
    """All runs of one case."""

    database: str
    case: str
    algorithm: str
    taken: list[Sample] = field(default_factory=list)

    @property
    def successes(self) -> int:
        """How many answers said that something was written."""
        return sum(count for status, count in self._statuses().items() if status < 300)

    @property
    def answers(self) -> int:
        """How many answers there were."""
        return self._statuses().total()

    def row(self) -> dict[str, Any]:
        """The medians over the rounds; times in milliseconds or, of the processor, microseconds."""
        return {
            "name": self.case,
            "database": self.database,
            "client": self.algorithm,
            "requests_per_second": self._median(lambda s: s.cost.rate, 1),
            "p50_ms": self._median(lambda s: s.run.percentile_ms(0.50), 2),
            "p99_ms": self._median(lambda s: s.run.percentile_ms(0.99), 2),
            "server_cpu_us": self._median(lambda s: s.cost.cpu_seconds * 1e6, 1),
            "share_of_floor": self._median(lambda s: s.cost.rate / s.floor.rate, 3),
            "share_of_hello": self._median(lambda s: s.cost.rate / s.hello.rate, 3),
            "cpu_share_of_floor": self._median(
                lambda s: s.floor.cpu_seconds / s.cost.cpu_seconds, 3
            ),
            "cpu_share_of_hello": self._median(
                lambda s: s.hello.cpu_seconds / s.cost.cpu_seconds, 3
            ),
            "floor": self._median(lambda s: s.floor.rate, 0),
            "floor_cpu_us": self._median(lambda s: s.floor.cpu_seconds * 1e6, 1),
            "hello": self._median(lambda s: s.hello.rate, 0),
            "hello_cpu_us": self._median(lambda s: s.hello.cpu_seconds * 1e6, 1),
            "refused": self.answers - self.successes,
        }

    def _median(self, figure: Callable[[Sample], float], digits: int) -> float:
        return round(median(figure(sample) for sample in self.taken), digits)

    def _statuses(self) -> Counter[int]:
        together: Counter[int] = Counter()
        for sample in self.taken:
            together.update(sample.run.statuses)
        return together


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text; a target is met where the rate and the processor time both reach it."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    target = ""
    # The targets are for durable commits on PostgreSQL, and for ES256, by which the floor counts.
    if row["database"] == "postgresql" and row["client"] == "ES256" and row["name"] in TARGETS:
        yardstick, share = TARGETS[row["name"]]
        shares = (row[f"share_of_{yardstick}"], row[f"cpu_share_of_{yardstick}"])
        reached = min(shares) >= share
        target = f"{yardstick} {share} {'met' if reached else 'missed'}"
    return (
        row["database"], row["name"], row["client"], f"{row['requests_per_second']:,.0f}",
        f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['server_cpu_us']:.0f}",
        f"{row['share_of_floor']:.3f}", f"{row['cpu_share_of_floor']:.3f}",
        f"{row['share_of_hello']:.3f}", f"{row['cpu_share_of_hello']:.3f}", target,
        str(row["refused"]),
    )  # fmt: skip
