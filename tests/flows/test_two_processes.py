"""Two processes on one PostgreSQL: what ends on one is dead on the other, on the very next call."""

import os
import time

from tests.soak import revocations

COUNT = 20


def test_what_ends_on_one_process_is_dead_on_the_other(postgres_url: str) -> None:
    seed = int(os.environ.get("TESSERA_TEST_SEED") or time.time())
    print(f"again: python -m tests.soak --section revocations --seed {seed}")
    figures = revocations.run(postgres_url, count=COUNT, seed=seed)
    print("\n".join(figures.lines))
    assert figures.ended.total() >= COUNT
    assert set(figures.ended) == {*revocations.KINDS, revocations.RACE}
