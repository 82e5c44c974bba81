"""The property soak: every property of the suite again, with many more examples.

Run as a pytest plugin it keeps only the tests that hypothesis drives.
"""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.flows.server import ROOT
from tests.soak.tale import BrokenPromise

_PLUGIN = "tests.soak.properties"
_PROFILE = "TESSERA_TEST_PROFILE"
# Where hypothesis keeps what a test's own decorator said.
_OWN_SETTINGS = "_hypothesis_internal_use_settings"
_TIMES = 20
_COUNTED = re.compile(r"(\d+) passed")


@dataclass
class Figures:
    """What a run came to."""

    seed: int
    passed: int
    seconds: float

    @property
    def lines(self) -> list[str]:
        """The figures, for a note."""
        return [
            f"properties: seed {self.seed}, {self.passed} tests passed under the profile soak in "
            f"{self.seconds:.0f} s"
        ]


def run(*, seed: int) -> Figures:
    """Raises ``BrokenPromise`` when a property does not hold, or when there is none."""
    started = time.monotonic()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", _PLUGIN),
            *("-n", "auto", "--maxprocesses", "4", f"--hypothesis-seed={seed}", "tests"),
        ],
        cwd=ROOT,
        env=os.environ | {_PROFILE: "soak"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    counted = _COUNTED.search(ended.stdout)
    if ended.returncode != 0 or counted is None:
        raise BrokenPromise(f"properties: seed {seed}\n{ended.stdout[-8000:]}")
    return Figures(seed, int(counted[1]), time.monotonic() - started)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the properties, each with many more examples than it has by day."""
    kept = [item for item in items if is_hypothesis_test(getattr(item, "obj", None))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
    for item in kept:
        _widen(getattr(item.obj, "__func__", item.obj))  # type: ignore[attr-defined]


def _widen(test: Any) -> None:
    """More examples for a test that states its own number, which no profile changes."""
    own: settings | None = getattr(test, _OWN_SETTINGS, None)
    most = settings.default.max_examples if settings.default else 0
    if own is not None and own.max_examples < most:
        examples = min(own.max_examples * _TIMES, most)
        setattr(test, _OWN_SETTINGS, settings(own, max_examples=examples, derandomize=False))
