"""A few kills of the crash soak on each database, at commits that the seed chooses."""

import os
import time

import pytest

from tests.soak import crash

KILLS = 10


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_promised_is_lost_when_the_gateway_is_killed(kind: str, postgres_url: str) -> None:
    seed = int(os.environ.get("TESSERA_TEST_SEED") or time.time())
    print(f"again: python -m tests.soak --section crash --database {kind} --seed {seed}")
    figures = crash.run(kind, postgres_url, kills=KILLS, seed=seed, everywhere=False)
    print("\n".join(figures.lines))
    assert figures.kills.total() + len(figures.unreached) == KILLS
    assert figures.kills.total() > KILLS // 2
    assert figures.retries, "no call was ever cut off"
