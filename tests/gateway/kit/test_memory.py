"""The bounded memory: works a thing out once, keeps no failure, and never grows past its bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.memory import Memory


def test_it_is_worked_out_once_until_it_is_forgotten() -> None:
    memory: Memory[str, int | None] = Memory(2)
    made: list[str] = []

    def nothing() -> None:
        made.append("x")

    assert [memory.recall("a", nothing), memory.recall("a", nothing)] == [None, None]
    assert made == ["x"]
    memory.clear()
    assert memory.recall("a", lambda: 7) == 7


def test_a_failure_is_not_kept() -> None:
    memory: Memory[str, int] = Memory(2)

    def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        memory.recall("a", fail)
    assert memory.recall("a", lambda: 1) == 1


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 5))
def test_it_answers_right_within_its_bound(asked: list[int], most: int) -> None:
    memory: Memory[int, int] = Memory(most)
    for place in asked:
        assert memory.recall(place, lambda place=place: place * place) == place * place  # type: ignore[misc]
        assert len(memory._known) <= most
