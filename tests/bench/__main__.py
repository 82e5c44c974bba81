"""``make bench``: prints a table, writes ``build/bench.json``, and fails on any wrong answer.

Short runs of every case take turns, round after round, each behind a measurement of the floor
(two bare ES256 verifications) and of a framework's hello on the same core.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.cases import ROWS, cases
from tests.bench.measure import CONNECTIONS, Yardsticks, sample_of, yardsticks
from tests.bench.prepare import ALGORITHMS
from tests.bench.process import keep_to_other_cores
from tests.bench.samples import Samples, table
from tests.bench.server import gateway
from tests.bench.signing import Signer

ENOUGH_ROUNDS = 3


def main() -> None:
    """Runs every case on every database asked for."""
    arguments = _arguments()
    keep_to_other_cores()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, yardsticks(Path(name)) as measure:
        for kind in arguments.database:
            rows += _measure(kind, Path(name), arguments, measure)
    print(f"\n{table(rows)}\n")
    print(
        f"medians of up to {arguments.rounds} rounds, {CONNECTIONS} callers, one core for the"
        " server; floor: two ES256 verifications, hello: the bare framework;\nby cpu: the share in"
        " processor time, which other programs on the core do not spoil"
    )
    path = Path("build/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")
    print(f"wrote {path}")


def _measure(
    kind: str, place: Path, arguments: argparse.Namespace, measure: Yardsticks
) -> list[dict[str, Any]]:
    orders = arguments.orders if "order" in arguments.case else 0
    # One round more than counts, because the first one only warms up.
    rounds = arguments.rounds + 1
    ends_at = time.monotonic() + arguments.seconds
    with gateway(kind, place, arguments.algorithm, orders * rounds) as running:
        signers = {
            name: Signer(prepared, running.issuer) for name, prepared in running.prepared.items()
        }
        todo = cases(signers, arguments.case, arguments.requests, orders)
        found = {case: Samples(kind, case.name, case.algorithm) for case in todo}
        for turn in range(rounds):
            if turn > ENOUGH_ROUNDS and time.monotonic() > ends_at:
                print(f"{kind}: {turn - 1} rounds, the time is over", file=sys.stderr)
                break
            for case in todo:
                signers[case.algorithm].learn_nonces()
                running.written.mark(case)
                sample = sample_of(running.pid, running.port, case.make(), measure)
                running.written.check(case, sample.run)
                if turn:
                    found[case].taken.append(sample)
    return [samples.row() for samples in found.values()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of which the median counts")
    parser.add_argument("--seconds", type=float, default=150, help="of a database, about")
    parser.add_argument("--requests", type=int, default=500, help="of a case in a round")
    parser.add_argument("--orders", type=int, default=60, help="in a round")
    parser.add_argument("--database", nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--case", nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--algorithm", nargs="*", default=list(ALGORITHMS), choices=ALGORITHMS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
