"""The partners' program: plays both partners and their customers against a running gateway.

It is a process of its own and knows of the bank only what the bank publishes.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import keyring
import lantu
import plot
import wayfare
from sabotage import SPOILERS
from screen import Screen
from wire import Wire

AUDIT = "audit"
NAMES = [step.name for step in (*wayfare.STEPS, *lantu.STEPS)] + [AUDIT]
FOREIGN = ("gateway", "partners", "contracts")


def tell(stage: dict[str, Any], customers: list[int], screen: Screen) -> bool:
    """The whole story; says whether every step came out as claimed."""
    wire = Wire()
    spoiled = plot.sabotaged(NAMES)
    spoiler = SPOILERS.get(spoiled)
    if spoiler is not None and spoiler.inbound:
        wire.arm(spoiler)
    persons = [stage["customers"][index] for index in customers]
    first = wayfare.Wayfare(
        wire, stage["address"], _partner(stage, "wayfare"), persons[0], stage["ports"][0]
    )
    second = lantu.Lantu(
        wire, stage["address"], _partner(stage, "lantu"), persons[1], stage["ports"][1], first
    )
    try:
        screen.chapter("Wayfare 行旅, a travel app that speaks the native contract")
        if not plot.play(
            wayfare.STEPS, first, first_number=1,
            wire=wire, screen=screen, spoiled=spoiled, spoiler=spoiler,
        ):  # fmt: skip
            return False
        screen.chapter("Lantu 蓝途, a travel platform that speaks in its own dialect")
        return plot.play(
            lantu.STEPS, second, first_number=len(wayfare.STEPS) + 1,
            wire=wire, screen=screen, spoiled=spoiled, spoiler=spoiler,
        )  # fmt: skip
    finally:
        first.close()
        second.close()


def _partner(stage: dict[str, Any], name: str) -> keyring.Partner:
    document = keyring.load(Path(stage["partners"][name]))
    if document is None:
        raise SystemExit(f"demo: {stage['partners'][name]} cannot be read")
    return keyring.partner(document)


def main() -> int:
    """Reads the stage that the runner has set, plays on it, and exits 0 when all went well."""
    parser = argparse.ArgumentParser(prog="story", description=__doc__)
    parser.add_argument("stage", type=Path, help="the stage file in the demo's state folder")
    parser.add_argument("--customers", type=int, nargs=2, default=[0, 1], metavar="INDEX")
    given = parser.parse_args()
    stage = json.loads(given.stage.read_text(encoding="utf-8"))
    passed = tell(stage, given.customers, Screen())
    foreign = [name for name in sys.modules if name.partition(".")[0] in FOREIGN]
    if foreign:
        raise SystemExit(f"demo: a partner's program must not import {foreign[0]}")
    return 0 if passed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # The runner, which the same Ctrl-C reached, says so.
        sys.exit(130)
