"""Two processes on one PostgreSQL are one gateway: what ends on one is dead on the other."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flows.partner import refusal
from tests.flows.stage import fresh
from tests.flows.wire import Line
from tests.soak.revocations import KINDS, RACE, Figures, Held, RevocationSoak, two_processes

REVOCATIONS, ORDERS = 24, 6
Pair = tuple[tuple[Line, Line], list[Held]]


@pytest.fixture(scope="module")
def pair(postgres_url: str) -> Iterator[Pair]:
    """The processes, and consents that the tests take from the end."""
    with two_processes(postgres_url, REVOCATIONS + 2 * ORDERS) as found:
        yield found


def taken(held: list[Held], count: int) -> list[Held]:
    return [held.pop() for _ in range(count)]


def test_what_ends_on_one_process_is_dead_on_the_other(pair: Pair) -> None:
    lines, held = pair
    figures = Figures(int(os.environ.get("TESSERA_TEST_SEED") or time.time()))
    RevocationSoak(lines, figures).run(taken(held, REVOCATIONS))
    print("\n".join(figures.lines))
    assert figures.accepted == []
    assert set(figures.ended) == {*KINDS, RACE}


@pytest.mark.parametrize("distinct", [False, True], ids=["same key", "keys of their own"])
def test_one_order_placed_on_both_is_one_order(pair: Pair, distinct: bool) -> None:
    lines, held = pair
    with ThreadPoolExecutor(len(lines)) as threads:
        for one in taken(held, ORDERS):
            key = fresh("order")
            partners = [one.partner.through(line) for line in lines]
            keys = [key, fresh("order") if distinct else key]
            placing = [
                threads.submit(partner.place_order, one.access, key, "twin")
                for partner, key in zip(partners, keys, strict=True)
            ]
            answers = [each.result() for each in placing]
            placed = {each.json()["order_id"] for each in answers if each.status_code == 201}
            assert len(placed) == 1, [answer.text for answer in answers]
            # Asked again, each with its key and on the other process.
            for partner, key in zip(partners, reversed(keys), strict=True):
                again = partner.place_order(one.access, key, "twin")
                assert again.json()["order_id"] in placed
                if again.status_code != 201:
                    assert refusal(again) == (409, "order.exists")
                    assert distinct
