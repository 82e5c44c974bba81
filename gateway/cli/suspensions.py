"""The commands that suspend, reinstate and end a client, and those that do it to a partner."""

import asyncio
from collections.abc import Iterator
from typing import Final

import click

from gateway.cli import client_operations
from gateway.cli.console import acting, attempt, operated
from gateway.onboarding.service import Kind, Verb

_HELP: Final[dict[tuple[Kind, Verb], str]] = {
    ("client", "suspend"): "Refuse a client everything from its next call on, until reinstated.",
    ("client", "reinstate"): "Let a suspended client go on where it was.",
    ("client", "end"): "End a client for good, with every token and grant that it holds.",
    ("partner", "suspend"): "Refuse a partner's clients everything, until it is reinstated.",
    ("partner", "reinstate"): "Let a suspended partner go on; clients suspended alone stay so.",
    ("partner", "end"): "End a partner for good, with all of its clients and what they hold.",
}
_DONE: Final[dict[Verb, str]] = {
    "suspend": "suspended",
    "reinstate": "reinstated",
    "end": "ended",
}


def status_commands(kind: Kind) -> Iterator[click.Command]:
    """A command for each verb, to be added to the group of the kind."""
    for whose, verb in _HELP:
        if whose == kind:
            yield _command(kind, verb)


def _command(kind: Kind, verb: Verb) -> click.Command:
    @click.command(verb, help=_HELP[kind, verb])
    @click.argument(kind)
    @click.option("--reason", required=True, metavar="TEXT", help="Why, for the audit.")
    @operated
    def move(reason: str, operator: str, **named: str) -> None:
        settings, name = acting(operator)
        work = client_operations.move
        consents = attempt(
            lambda: asyncio.run(work(settings, kind, verb, named[kind], reason, name))
        )
        also = f", and {consents} consents with it" if verb == "end" else ""
        click.echo(f"{_DONE[verb]} {named[kind]}{also}")

    return move
