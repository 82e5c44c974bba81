"""Whether every success wrote its row, and no refusal wrote any."""

import sys
from collections import Counter

from tests import stores
from tests.bench.cases import ROWS, Case
from tests.bench.load import Run

# How many proofs and assertions a success of a case uses up.
SPENT = {"token": 2, "par": 2, "get": 1, "order": 1}


class Written:
    """Compares successes with the growth of their tables, and ends the program if they differ.

    The embedded store serves one process, so there all rows are counted when the server is gone.
    """

    def __init__(self, url: str, *, embedded: bool) -> None:
        """Call it before the server starts."""
        self._url = url
        self._embedded = embedded
        self._before = {table: stores.count(url, table) for table in ROWS.values()}
        self._expected: Counter[str] = Counter()

    def mark(self, case: Case) -> None:
        """Call it before a run of the case."""
        if not self._embedded:
            self._before[case.table] = stores.count(self._url, case.table)

    def check(self, case: Case, run: Run) -> None:
        """Call it after the run."""
        successes = sum(count for status, count in run.statuses.items() if status < 300)
        self._expected[case.table] += successes
        if not self._embedded:
            self._compare(case.table, successes)
        elif case.name != "get":
            self._expected[ROWS["get"]] += successes * SPENT[case.name]

    def check_at_the_end(self) -> None:
        """Call it when the server is gone."""
        if self._embedded:
            for table, successes in self._expected.items():
                self._compare(table, successes)

    def _compare(self, table: str, successes: int) -> None:
        grew = stores.count(self._url, table) - self._before[table]
        if grew != successes:
            sys.exit(f"bench: {successes} successes but {grew} rows written to {table}")
