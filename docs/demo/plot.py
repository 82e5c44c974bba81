"""A story is steps in order: each does something over the wire and claims how it must come out."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from screen import Screen
from wire import Broken, Spoiler, Wire

SABOTAGE = "DEMO_SABOTAGE"


@dataclass(frozen=True)
class Step:
    """One step: a name for machines, a title for people, and what it does with its teller."""

    name: str
    title: str
    play: Callable[[Any], None]


def sabotaged(names: Sequence[str]) -> str:
    """The step that ``DEMO_SABOTAGE`` names or numbers, empty for none; raises for a stranger."""
    wish = os.environ.get(SABOTAGE, "")
    if wish.isdigit() and 1 <= int(wish) <= len(names):
        return names[int(wish) - 1]
    if wish and wish not in names:
        raise SystemExit(f"{SABOTAGE}={wish} is no step: choose 1 to {len(names)} or a name")
    return wish


def play(
    steps: Sequence[Step],
    teller: Any,
    *,
    first_number: int,
    wire: Wire,
    screen: Screen,
    spoiled: str,
    spoiler: Spoiler | None,
) -> bool:
    """Plays the steps until one breaks, and says whether none did."""
    for number, step in enumerate(steps, first_number):
        if spoiler is not None and step.name == spoiled:
            screen.line()
            screen.line(f"     sabotage of step {number}: {spoiler.says}", "yellow")
            if not spoiler.inbound:
                wire.arm(spoiler)
        started = time.perf_counter()
        reason = _reason_to_stop(step, teller)
        milliseconds = (time.perf_counter() - started) * 1000
        exchanges = wire.take_exchanges()
        screen.step(number, step.title, exchanges, milliseconds, failed=bool(reason))
        if reason:
            screen.failure(number, step.name, step.title, reason)
            return False
    return True


def _reason_to_stop(step: Step, teller: Any) -> str:
    try:
        step.play(teller)
    except Broken as broken:
        return str(broken)
    except Exception as error:  # noqa: BLE001 - whatever stops a step, the demo must name the step
        # Mostly an answer of another shape than the contract's: a member missing, a list too short.
        return f"an answer is not as the contract says: {type(error).__name__}: {error}"
    return ""


def claim(holds: bool, reason: str) -> None:
    """Raises ``Broken`` with the reason unless the claim holds."""
    if not holds:
        raise Broken(reason)


def yuan(money: dict[str, Any]) -> str:
    """An amount as people write it: 5000 fen are ``50.00``."""
    claim(money["currency"] == "CNY", f"unexpected currency {money['currency']}")
    units = money["minor_units"]
    claim(type(units) is int and units >= 0, f"not an amount: {units}")
    return f"{units // 100:,}.{units % 100:02d}"


def fen(minor_units: int) -> dict[str, Any]:
    """Money as the contract writes it."""
    return {"minor_units": minor_units, "currency": "CNY"}
