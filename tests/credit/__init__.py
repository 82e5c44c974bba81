"""A package for tests: credit that the partner only refers, with and without its cost table.

It stands on sale before the day from which the rules ask for that table (CN-LOAN-07).
"""

from pathlib import Path

from gateway.products.package_files import PackageFile, decode_package
from gateway.products.service import Standing
from gateway.products.standing import Unproved

CODE = "summer-credit"
_FOLDER = Path(__file__).parent


def credit_text(*, cost_table: bool, seconds: int = 8) -> str:
    """The package's file; ``seconds`` is how long it wants its own table to be read."""
    text = _FOLDER.joinpath("summer-credit.toml").read_text("utf-8")
    if not cost_table:
        return text
    table = _FOLDER.joinpath("cost-table.toml").read_text("utf-8")
    return text + table.replace("READ_SECONDS", str(seconds))


def credit(*, cost_table: bool, seconds: int = 8) -> PackageFile:
    """The same, decoded."""
    return decode_package(credit_text(cost_table=cost_table, seconds=seconds).encode(), CODE)


class AllListed:
    """A register in which every partner is on the bank's published list."""

    async def standing(self, partner_id: str) -> Standing | None:
        """The standing of a partner that is listed and holds no licence."""
        return Unproved(partner_id, listed=True)
