"""The commands for rules: what they say on a day, what another day changes, and a pack to come."""

import asyncio
import os
from datetime import date, datetime
from pathlib import Path

import click

from gateway.cli import rule_operations as operations
from gateway.cli.console import acting, attempt, operated, read_settings, show, stop
from gateway.kit.clock import SystemClock, bank_day
from gateway.rules.differences import said
from gateway.rules.pack import UnknownRule
from gateway.rules.service import RuleBook
from gateway.rules.shelf import Shelf
from gateway.settings import rules_folder

_DAY = click.DateTime(["%Y-%m-%d"])
_ON = click.option(
    "--on", "day", type=_DAY, metavar="DATE", help="A day of the bank; without it today."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def rules() -> None:
    """The rules of law and of our own design, as dated figures."""


@rules.command("list")
@_ON
@_JSON
def list_rules(day: datetime | None, as_json: bool) -> None:
    """Print every rule of the pack that is in force on a day, and the packs to come."""
    book, on = _book(), _today() if day is None else day.date()
    told = attempt(lambda: operations.listed(book, on))
    to_come = [pack for pack in book.packs if pack.effective_from > on]
    if as_json:
        coming = {pack.version: pack.effective_from for pack in to_come}
        show({"on": on, "pack": book.version(on=on), "to_come": coming, "rules": told})
        return
    click.echo(f"pack {book.version(on=on)}, in force on {on} ({len(told)} rules)")
    for pack in to_come:
        click.echo(f"pack {pack.version} takes over on {pack.effective_from}")
    for one in told:
        click.echo(
            f"{one.rule.id:16} {one.standing:16} {one.rule.confidence:7} {one.rule.statement}"
        )


@rules.command()
@click.argument("rule_id", metavar="ID")
@_ON
@_JSON
def explain(rule_id: str, day: datetime | None, as_json: bool) -> None:
    """Say what a rule asks, since when, how sure that is, and where it is kept and tested."""
    book, on = _book(), _today() if day is None else day.date()
    try:
        told = attempt(lambda: operations.explained(book, rule_id, on))
    except UnknownRule as error:
        stop(str(error.args[0]))
    if as_json:
        show(told)
    else:
        click.echo("\n".join(_lines(told)))


@rules.command()
@click.option("--on", "day", type=_DAY, metavar="DATE", required=True, help="A day of the bank.")
@click.option(
    "--published", is_flag=True, help="Judge the packages published into the database, too."
)
@_JSON
def simulate(day: datetime, published: bool, as_json: bool) -> None:
    """Say what another day changes, and which packages could no longer be sold then."""
    today, on = _today(), day.date()
    if published:
        settings = read_settings()
        found = attempt(
            lambda: asyncio.run(operations.simulate_with_published(settings, today, on))
        )
    else:
        book = _book()
        found = attempt(lambda: operations.simulated(book, today, on))
    if as_json:
        show(found)
        return
    click.echo(f"{found.today}: pack {found.pack_today}; {found.on}: pack {found.pack}")
    for each in found.differences:
        click.echo(f"{each.rule}{'.' + each.parameter if each.parameter else ''}: {each.change}")
    if not found.differences:
        click.echo("no rule changes")
    for package in found.broken:
        click.echo(f"{package.package} {package.version} could not be sold:")
        for problem in package.problems:
            click.echo(
                f"  {problem.path}  {problem.rule}\n    {problem.message}\n    {problem.mend}"
            )
    if not found.broken:
        click.echo("every package could still be sold")


@rules.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@operated
def load(file: Path, operator: str) -> None:
    """Check a pack whose day is to come, and put it where the gateway reads it by itself."""
    settings, name = acting(operator)
    show(attempt(lambda: asyncio.run(operations.load(settings, file, name))))


def _book() -> RuleBook:
    found: RuleBook = attempt(Shelf(rules_folder(os.environ), SystemClock()).book)
    return found


def _today() -> date:
    return bank_day(SystemClock().now())


def _lines(told: operations.Told) -> list[str]:
    rule, kept = told.rule, told.enforcement
    lines = [
        f"{rule.id} ({rule.family}), pack {told.pack}, on {told.on}: {told.standing}",
        rule.statement,
        f"instrument: {rule.instrument}",
        f"since: {rule.effective_from or 'no day known'}",
        f"confidence: {rule.confidence}",
    ]
    for row in told.figures:
        own = "" if row.confidence == rule.confidence else f" (confidence: {row.confidence})"
        lines.append(
            f"{row.parameter}: {said(row.value)} [{row.unit}] since {row.effective_from}{own}"
        )
    if kept is None:
        return [*lines, "enforced: by nothing this version knows of"]
    lines += [f"enforced: {place}" for place in kept.where]
    lines += [f"tested: {test}" for test in kept.tests]
    if kept.note:
        lines.append(f"note: {kept.note}")
    return [*lines, f"not yet: {kept.not_yet}"] if kept.not_yet else lines
