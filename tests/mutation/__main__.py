"""``python -m tests.mutation``: switches checks off in copies of the tree and runs their tests.

A row holds when its test passes on the untouched copy and fails by its own assertion, or by a
refusal that no longer comes, once the switch is thrown. Bounded: every test run has a time limit.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import msgspec

from tests.conformance.requirements import ROOT, Row, Switch, rows

_COPIED = ("gateway", "contracts", "partners", "tests", "docs")
_TEST_SECONDS = 180
_PASSED, _FAILED = 0, 1
# A switch that only breaks the program proves nothing about the check.
_BROKEN = ("NameError", "SyntaxError", "ImportError", "ModuleNotFoundError", "IndentationError")


class Seen(msgspec.Struct):
    """What happened to one row."""

    number: int
    test: str
    before: int
    after: int
    seconds: float
    why: str = ""

    @property
    def holds(self) -> bool:
        """Green before, red after: the test sees the check."""
        broken = any(name in self.why for name in _BROKEN)
        return (self.before, self.after) == (_PASSED, _FAILED) and not broken


def main() -> None:
    """Runs the rows asked for and prints a table; exits 1 when one does not hold."""
    arguments = _arguments()
    wanted = [row for row in rows() if row.off and arguments.row in (None, row.number)]
    with tempfile.TemporaryDirectory(prefix="tessera-mutation-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(arguments.jobs):
            copies.put(_copy(Path(folder) / str(number)))
        with ThreadPoolExecutor(arguments.jobs) as pool:
            seen = list(pool.map(lambda row: _try(row, copies), wanted))
    for one in seen:
        mark = "ok " if one.holds else "BAD"
        print(f"{mark} {one.number:>3} {one.seconds:5.1f} s  {one.test}  {one.why}")
    bad = [one.number for one in seen if not one.holds]
    print(
        f"mutation: {len(seen) - len(bad)} of {len(seen)} rows hold", f"not: {bad}" if bad else ""
    )
    sys.exit(1 if bad else 0)


def _try(row: Row, copies: "Queue[Path]") -> Seen:
    copy = copies.get()
    began = time.monotonic()
    try:
        before, _ = _run(copy, row.test)
        originals = {switch.file: (copy / switch.file).read_text() for switch in row.off}
        try:
            for switch in row.off:
                _throw(copy, switch)
            after, why = _run(copy, row.test)
        finally:
            for name, text in originals.items():
                (copy / name).write_text(text)
        return Seen(row.number, row.test, before, after, time.monotonic() - began, why)
    finally:
        copies.put(copy)


def _throw(copy: Path, switch: Switch) -> None:
    path = copy / switch.file
    text = path.read_text()
    if text.count(switch.find) != 1:
        raise SystemExit(f"{switch.file}: {switch.find!r} is not there exactly once")
    path.write_text(text.replace(switch.find, switch.replace))


def _run(copy: Path, test: str) -> tuple[int, str]:
    """The exit code of pytest (1: a test failed; others: it did not even run) and the reason."""
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
            *("--no-header", "--tb=line", "-k", "not postgresql", test),
        ],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TEST_SECONDS,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith(("/", "E "))]
    return ended.returncode, (lines[-1] if lines else "").rpartition("/")[2][:110]


def _copy(to: Path) -> Path:
    for name in _COPIED:
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, to / name)
    return to


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--row", type=int, help="one requirement only, by number")
    parser.add_argument("--jobs", type=int, default=2, help="test runs at a time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
