"""A pytest plugin that counts what really ran on each database, and can forbid skips.

`make test` loads it. With `TESSERA_FAIL_ON_SKIP=1`, as in `.ci/run`, a run fails that skipped
a test or did not pass at least one test on SQLite and one on PostgreSQL.
"""

import os
import re
from collections import Counter

import pytest

DATABASES = ("sqlite", "postgresql")
FORBIDS = "TESSERA_FAIL_ON_SKIP"
_ON_DATABASE = re.compile(r"[\[\-](sqlite|postgresql)(?=[\]\-])")


class Ledger:
    """Hears every report, also those of the workers of pytest-xdist, and judges at the end."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._passed: Counter[str] = Counter()
        self._skipped: list[str] = []

    def faults(self) -> list[str]:
        """Why a strict run must not pass, one sentence each."""
        silent = [name for name in DATABASES if not self._passed[name]]
        return [f"no test passed on {name}" for name in silent] + [
            f"skipped: {test}" for test in self._skipped
        ]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(report.nodeid)
        if report.when == "call" and report.passed:
            found = _ON_DATABASE.search(report.nodeid)
            if found:
                self._passed[found[1]] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._strict and self.faults() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        counts = ", ".join(f"{self._passed[name]} on {name}" for name in DATABASES)
        terminalreporter.write_line(f"databases: tests passed: {counts}")
        if self._strict:
            for fault in self.faults():
                terminalreporter.write_line(f"forbidden by {FORBIDS}: {fault}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    # The workers of pytest-xdist report to the controller, which alone judges. The variable is
    # taken away so that a gateway started by a test does not meet a setting it does not know.
    strict = os.environ.pop(FORBIDS, "") == "1"
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ledger(strict=strict), "no-skips-ledger")
