"""Runs the soak: ``python -m tests.soak``, by default with the counts that the issues state.

Every section prints its figures; the exit status is 1 when one promise was broken.
"""

import argparse
import functools
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests import stores
from tests.no_skips import DATABASES
from tests.soak import crash, properties, revocations, schedules
from tests.soak.tale import BrokenPromise

SECTIONS = ("crash", "revocations", "schedules", "properties")
KILLS, REVOCATIONS, SCHEDULES = 200, 1_000, 20_000


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--section", action="append", choices=SECTIONS, help="all by default")
    parser.add_argument("--database", action="append", choices=DATABASES, help="both by default")
    parser.add_argument("--kills", type=int, default=KILLS, help="on each database, at least")
    parser.add_argument("--revocations", type=int, default=REVOCATIONS)
    parser.add_argument("--schedules", type=int, default=SCHEDULES)
    parser.add_argument("--seed", type=int, help="the same again")
    given = parser.parse_args()
    if given.seed is None:
        given.seed = secrets.randbelow(10**9)
    print(f"soak: seed {given.seed}", flush=True)
    broken = 0
    with ExitStack() as stack:
        for work in _planned(given, stack):
            try:
                lines = work()
            except BrokenPromise as promise:
                broken += 1
                lines = [f"BROKEN {promise}"]
            print("\n".join(lines), flush=True)
    print(f"soak: {broken} broken" if broken else "soak: every promise kept")
    return 1 if broken else 0


def _crash(kind: str, server: str, kills: int, seed: int) -> list[str]:
    return crash.run(kind, server, kills=kills, seed=seed, everywhere=True).lines


def _planned(given: argparse.Namespace, stack: ExitStack) -> Iterator[Callable[[], list[str]]]:
    sections = given.section or SECTIONS
    databases = given.database or DATABASES
    seed: int = given.seed
    server = ""
    if "revocations" in sections or ("crash" in sections and "postgresql" in databases):
        server = stack.enter_context(stores.postgres_server())
    if "crash" in sections:
        for kind in databases:
            yield functools.partial(_crash, kind, server, given.kills, seed)
    if "revocations" in sections:
        yield lambda: revocations.run(server, count=given.revocations, seed=seed).lines
    if "schedules" in sections:
        yield lambda: schedules.run(count=given.schedules, seed=seed).lines
    if "properties" in sections:
        yield lambda: properties.run(seed=seed).lines


if __name__ == "__main__":
    sys.exit(main())
