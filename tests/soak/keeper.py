"""Keeps a victim: starts its lives, dooms them, and hears of their end."""

import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from tests.flows.server import ROOT
from tests.soak.tale import BrokenPromise
from tests.soak.victim import Command, Doom, Life, Report

_START_SECONDS = 60.0
_ANSWER_SECONDS = 20.0
_END_SECONDS = 30.0


class NoLife(BrokenPromise):
    """The victim did not do what it was told, for a reason of its own; its log may tell."""


class Keeper:
    """One parent process and its lives; nobody but the victim itself sends the signal."""

    def __init__(self, log: Path) -> None:
        self.lives = 0
        self._log = log
        self._reports: list[Report] = []
        self._rest = b""
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.victim"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._incoming, self._outgoing = self._process.stdout, self._process.stdin
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._incoming, selectors.EVENT_READ)

    def begin(self, life: Life) -> bool:
        """Starts a life; ``False`` when its doom came before it could serve."""
        self.lives += 1
        self._order(Command(life=life))
        report = self._hear(_START_SECONDS)
        if report is not None and report.ready:
            return True
        self._must_be_killed(report)
        return False

    def doom(self, doom: Doom | None) -> bool:
        """Arms the life; ``False`` when it has died of an earlier doom."""
        self._order(Command(doom=doom))
        report = self._hear(_ANSWER_SECONDS)
        if report is not None and report.doomed:
            return True
        self._must_be_killed(report)
        return False

    def names(self) -> list[str]:
        """The commits of this life since the last time it was asked."""
        self._order(Command(names=True))
        report = self._hear(_ANSWER_SECONDS)
        if report is None or report.names is None:
            raise NoLife(self._tail())
        return report.names

    def dies(self, seconds: float) -> bool:
        """Whether the life is killed within ``seconds``."""
        report = self._hear(seconds)
        if report is None:
            return False
        self._must_be_killed(report)
        return True

    def stop(self) -> None:
        """Ends the life as an operator does."""
        self._order(Command(stop=True))
        report = self._hear(_END_SECONDS)
        if report is None or report.died != 0:
            raise NoLife(f"the gateway did not stop in order: {report} {self._tail()}")

    def close(self) -> None:
        """Lets the parent go; a life that is left sees the end of its input and ends too."""
        self._outgoing.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        self._incoming.close()

    def _order(self, command: Command) -> None:
        self._outgoing.write(msgspec.json.encode(command) + b"\n")
        self._outgoing.flush()

    def _hear(self, seconds: float) -> Report | None:
        deadline = time.monotonic() + seconds
        while not self._reports:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                return None
            found = os.read(self._incoming.fileno(), 65536)
            if not found:
                raise NoLife(f"the victim's parent has ended: {self._tail()}")
            *lines, self._rest = (self._rest + found).split(b"\n")
            self._reports += [msgspec.json.decode(line, type=Report) for line in lines]
        return self._reports.pop(0)

    def _must_be_killed(self, report: Report | None) -> None:
        if report is None or report.died != -9:
            raise NoLife(f"no death by its own hand: {report} {self._tail()}")

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]
