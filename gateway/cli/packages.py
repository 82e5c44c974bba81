"""The commands for packages: what the catalogue would say of files before they are sold."""

import os
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click

from gateway.cli.console import attempt, show
from gateway.kit.clock import SystemClock, bank_day
from gateway.products.compiler.problems import Context
from gateway.products.compiler.sources import Source, Verdict, judge
from gateway.products.component_types import load_types
from gateway.products.life_cycles import load_shared
from gateway.products.service import load_packages
from gateway.rules.service import RuleBook
from gateway.rules.shelf import Shelf
from gateway.settings import rules_folder

_LARGEST_BYTES = 1_000_000


@click.group()
def package() -> None:
    """The packages that are sold, and files with packages and partners' terms."""


@package.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day of the bank whose rules are asked; without it today.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--licence",
    "licences",
    multiple=True,
    metavar="NAME",
    help="Judge packages for one partner with these licences and no others.",
)
@click.option(
    "--listed/--unlisted",
    default=None,
    help="Judge packages for one partner that is, or is not, on the published list.",
)
def check(
    files: Sequence[Path],
    day: datetime | None,
    as_json: bool,
    licences: Sequence[str],
    listed: bool | None,
) -> None:
    """Check package and terms files against the rules; exit status 1 when something is wrong.

    Terms find their package among FILE... or among the packages that ship with the gateway, and
    say themselves which licences they rely on.
    """
    clock = SystemClock()
    book = attempt(Shelf(rules_folder(os.environ), clock).book)
    today = bank_day(clock.now()) if day is None else day.date()
    version = attempt(lambda: book.version(on=today))
    verdicts = judge(
        [_source(path) for path in files],
        load_packages(),
        _context(book, today, licences, listed),
    )
    if as_json:
        show({"on": today, "rules": version, "files": verdicts})
    else:
        for verdict in verdicts:
            _print(verdict, today, version)
    if any(verdict.problems for verdict in verdicts):
        sys.exit(1)


def _context(book: RuleBook, today: date, licences: Sequence[str], listed: bool | None) -> Context:
    return Context(
        types=load_types(),
        shared=load_shared(),
        rules=book,
        today=today,
        licences=frozenset(licences) if licences else None,
        listed=listed,
    )


def _source(path: Path) -> Source:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        return Source(str(path), fault=error.strerror or "it cannot be opened")
    if len(text) > _LARGEST_BYTES:
        return Source(str(path), fault=f"it has more than {_LARGEST_BYTES} bytes")
    return Source(str(path), text)


def _print(verdict: Verdict, today: date, version: str) -> None:
    content = verdict.content or "neither a package nor terms"
    if not verdict.problems:
        click.echo(f"{verdict.file}: {content} keeps the rules {version} of {today}")
        return
    click.echo(f"{verdict.file}: {content}, {_counted(len(verdict.problems))}")
    for problem in verdict.problems:
        click.echo(f"  {problem.path}  {problem.rule}")
        click.echo(f"    {problem.message}")
        click.echo(f"    {problem.mend}")


def _counted(number: int) -> str:
    return "1 problem" if number == 1 else f"{number} problems"
