"""Spreading a sum over shares so that the shares add up to it, to the minor unit."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

# More digits than any sum of minor units times any rate has: a product is exact, and only
# ``whole`` rounds.
EXACT = Context(prec=60)


def whole(amount: Decimal) -> int:
    """The rounding rule of all prices: to the nearest minor unit, and a half goes up."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=EXACT))


def spread(total: int, weights: Sequence[Decimal | int]) -> tuple[int, ...]:
    """``total`` in proportion to ``weights``, by largest remainder; of equal ones the first.

    Raises ``ValueError`` for a weight or a total below zero, or when no weight is above it.
    """
    exact = [Fraction(weight) for weight in weights]
    over = sum(exact)
    if total < 0 or over <= 0 or min(exact) < 0:
        raise ValueError("a sum is spread over weights that are not below zero")
    shares = [total * weight / over for weight in exact]
    floors = [int(share) for share in shares]
    left = total - sum(floors)
    # Sorting is stable, so that equal remainders keep their order.
    order = sorted(range(len(shares)), key=lambda place: floors[place] - shares[place])
    for place in order[:left]:
        floors[place] += 1
    return tuple(floors)


def equal_parts(total: int, count: int) -> tuple[int, ...]:
    """``total`` in ``count`` equal parts; the last takes what rounding left."""
    part = total // count
    return (*(part for _ in range(count - 1)), total - part * (count - 1))
