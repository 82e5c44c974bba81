"""The commands that sell packages: publish, withdraw, one partner's terms, and what is on sale."""

import asyncio
from pathlib import Path
from typing import Any, NoReturn

import click

from gateway.cli import publication_operations as operations
from gateway.cli.console import acting, attempt, operated, read_settings, show, stop
from gateway.products.service import NotPublishable

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@operated
def publish(file: Path, operator: str) -> None:
    """Publish the version in FILE, for good; every process sells it within half a minute."""
    settings, name = acting(operator)
    what, new = _guarded(lambda: asyncio.run(operations.publish(settings, file, name)))
    click.echo(f"published {what}" if new else f"{what} was published before, with this content")


@click.command()
@click.argument("file", type=_FILE)
@operated
def terms(file: Path, operator: str) -> None:
    """Put the terms of one partner in FILE in force; the newest revision holds."""
    settings, name = acting(operator)
    what, new = _guarded(lambda: asyncio.run(operations.agree(settings, file, name)))
    click.echo(f"in force: {what}" if new else f"{what}: this revision is in force already")


@click.command()
@click.argument("code")
@click.argument("version")
@click.option("--reason", required=True, help="Why, for the audit.")
@operated
def withdraw(code: str, version: str, reason: str, operator: str) -> None:
    """End the sale of a version; customers keep what they signed."""
    settings, name = acting(operator)
    work = operations.withdraw
    attempt(lambda: asyncio.run(work(settings, code, version, reason, name)))
    click.echo(f"withdrawn {code} {version}")


@click.command("list")
def list_versions() -> None:
    """Print every version with its status and digest, and the terms in force, as JSON."""
    settings = read_settings()
    show(attempt(lambda: asyncio.run(operations.listed(settings))))


@click.command("show")
@click.argument("code")
@click.argument("version", required=False)
def show_version(code: str, version: str | None) -> None:
    """Print a version as it was published, in TOML; without VERSION the newest."""
    settings = read_settings()
    text = attempt(lambda: asyncio.run(operations.text(settings, code, version)))
    click.echo(text, nl=False)


COMMANDS = (publish, terms, withdraw, list_versions, show_version)


def _guarded(work: Any) -> Any:
    try:
        return attempt(work)
    except NotPublishable as refusal:
        _say(refusal)


def _say(refusal: NotPublishable) -> NoReturn:
    for problem in refusal.problems:
        click.echo(f"  {problem.path}  {problem.rule}", err=True)
        click.echo(f"    {problem.message}", err=True)
        click.echo(f"    {problem.mend}", err=True)
    stop(str(refusal))
