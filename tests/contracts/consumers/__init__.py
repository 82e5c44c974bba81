"""Consumers: what each demo partner relies on, from which its Pact file is written.

``python -m tests.contracts.consumers`` writes the files below ``contracts/consumers`` anew.
"""

from collections.abc import Callable
from pathlib import Path

from pact import Pact

from tests.contracts.consumers import lantu, wayfare

FOLDER = Path(__file__).resolve().parents[3] / "contracts" / "consumers"
EXPECTATIONS: dict[str, Callable[[], Pact]] = {
    "lantu": lantu.expectations,
    "wayfare": wayfare.expectations,
}
