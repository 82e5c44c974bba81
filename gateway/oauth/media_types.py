"""What kind of answer a caller would rather have (RFC 9110 section 12.5.1)."""

import re
from collections.abc import Iterator
from typing import Final

JSON: Final = "application/json"
INTROSPECTION_JWT: Final = "application/token-introspection+jwt"
RANGES_MOST: Final = 32
# RFC 9110 section 12.4.2: nought to one, three decimals at most.
_WEIGHT: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def prefers_signed(accept: str) -> bool:
    """Whether an `Accept` field asks for the JWT of RFC 9701 rather than for JSON.

    The JWT must be named, with a weight above nought that JSON does not beat; a wildcard asks for
    nothing in particular. What cannot be read is not asked for.
    """
    weights: dict[str, float] = {}
    for media_range, weight in _ranges(accept):
        weights.setdefault(media_range, weight)
    signed = weights.get(INTROSPECTION_JWT, 0.0)
    # The most specific range counts, whatever the order.
    plain = next((weights[name] for name in (JSON, "application/*", "*/*") if name in weights), 0.0)
    return signed > 0.0 and signed >= plain


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for member in accept.split(",", RANGES_MOST)[:RANGES_MOST]:
        media_range, *parameters = (part.strip().lower() for part in member.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                found = _WEIGHT.fullmatch(value.strip())
                weight = float(found[0]) if found else 0.0
        yield media_range, weight
