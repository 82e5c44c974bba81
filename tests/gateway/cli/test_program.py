"""The program: whoever changes anything is somebody, and reading commands ask nobody's name."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import structlog
from click.testing import CliRunner

from gateway.cli.program import main

READING = {
    "serve",
    "openapi",
    "audit verify",
    "client list",
    "client show",
    "issuer list",
    "keys list",
    "keys verify",
    "package check",
    "package list",
    "package show",
    "partner list",
    "partner listed",
    "rules explain",
    "rules list",
    "rules simulate",
    "sandbox personas",
}
NAMES = {
    "plain": "ada",
    "longest": "a" * 64,
    "an address": "ada.b-c_d@bank.example",
    "Ada2": "Ada2",
}
NO_NAMES = ["1ada", "ada lovelace", "a" * 65, "ada\n", "阿达", "operator:ada", "-", "ada;drop"]


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join([*path, name]), command


ALL = dict(commands(main))
CHANGING = sorted(set(ALL) - READING)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str | None]]:
    before = structlog.get_config()
    yield {
        "TESSERA_MODE": "sandbox",
        "TESSERA_ISSUER": "http://127.0.0.1:8400",
        "TESSERA_DATABASE_URL": f"sqlite:///{tmp_path / 'tessera.sqlite'}",
        "TESSERA_HOME": str(tmp_path / "home"),
        "TESSERA_OPERATOR": None,
    }
    structlog.configure(**before)


def fitting(kind: object, file: Path) -> str:
    if isinstance(kind, click.DateTime):
        return "2027-01-01"
    return "1" if isinstance(kind, click.IntRange) else str(file)


def words(name: str, file: Path) -> list[str]:
    """A command with something for each of its arguments."""
    file.write_text("{}")
    needed = [p for p in ALL[name].params if isinstance(p, click.Argument)]
    options = [
        word
        for p in ALL[name].params
        if isinstance(p, click.Option) and p.required
        for word in (p.opts[0], fitting(p.type, file))
    ]
    return [*name.split(), *(str(file) for _ in needed), *options]


def test_the_commands_that_only_read_are_these() -> None:
    nameless = {
        name
        for name, command in ALL.items()
        if not any("--operator" in option.opts for option in command.params)
    }
    assert nameless == READING


@pytest.mark.parametrize("name", CHANGING)
def test_a_changing_command_wants_an_operator(
    name: str, environment: dict[str, str | None], tmp_path: Path
) -> None:
    ended = CliRunner().invoke(main, words(name, tmp_path / "file.json"), env=environment)
    assert ended.exit_code == 2
    assert ended.stderr.strip() == (
        "tessera: Say who does this: add --operator NAME, or set TESSERA_OPERATOR."
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.json"]


@pytest.mark.parametrize("operator", NO_NAMES)
def test_a_name_has_a_form(operator: str, environment: dict[str, str | None]) -> None:
    by_option = CliRunner().invoke(main, ["migrate", "--operator", operator], env=environment)
    by_setting = CliRunner().invoke(
        main, ["migrate"], env=environment | {"TESSERA_OPERATOR": operator}
    )
    for ended in (by_option, by_setting):
        assert ended.exit_code == 2
        assert ended.stderr.startswith("tessera: ") and ended.stderr.count("\n") == 1
