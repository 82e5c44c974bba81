"""Names are readable and no two alike; every letter comes alike often."""

import re
from collections import Counter

from gateway.kit.ids import new_id


def test_an_id_has_130_bits_in_letters_that_nobody_mistakes() -> None:
    made = {new_id("ord") for _ in range(2_000)}
    assert len(made) == 2_000
    assert all(re.fullmatch(r"ord_[0-9abcdefghjkmnpqrstvwxyz]{26}", name) for name in made)


def test_every_letter_comes_alike_often_at_every_place() -> None:
    made = [new_id("ord")[4:] for _ in range(16_000)]
    for letters in zip(*made, strict=True):
        counted = Counter(letters)
        assert len(counted) == 32
        # 500 of each, give or take 22: 170 is more than seven times that.
        assert all(330 < count < 670 for count in counted.values())
