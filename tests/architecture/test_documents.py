"""The README says what is there: settings, commands, make targets, files it links to."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
import pytest

from gateway.cli.program import main
from gateway.settings import PREFIX, Settings
from tests.architecture.source import ROOT, assert_kept
from tests.architecture.test_floors import FLOORS

_SETTING = re.compile(rf"^\| `({PREFIX}\w+)` \| (.*?) \|", re.MULTILINE)
_COMMAND = re.compile(r"^\| `tessera ([a-z -]+?)(?: [A-Z ]+)?` \|", re.MULTILINE)
_TARGET = re.compile(r"^([a-z-]+):.*## ", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def documented_settings(text: str) -> dict[str, str]:
    """The settings of the table and what it gives as their defaults."""
    return {name: default.strip("`") for name, default in _SETTING.findall(text)}


def settings() -> Iterator[tuple[str, str]]:
    """The settings there are, with their defaults as the table writes them."""
    files = {"key_file": "vault.key", "audit_heads": "audit-heads.jsonl", "rules": "rules"}
    for field in msgspec.structs.fields(Settings):
        default = field.default
        if default is msgspec.NODEFAULT:
            default = "none, required"
        elif field.name in files:
            default = f"${PREFIX}HOME/{files[field.name]}"
        yield f"{PREFIX}{field.name.upper()}", str(default) or "empty"


def commands(group: click.Group, path: str = "") -> Iterator[str]:
    """Every command of the program, with the groups it stands in."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}"


def broken_links(document: Path) -> list[str]:
    """Relative links that lead nowhere."""
    return [
        f"{document.name} links to {target}"
        for target in _LINK.findall(document.read_text())
        if not (document.parent / target).exists()
    ]


def undrawn_rooms(text: str, floors: Sequence[Sequence[str]]) -> list[str]:
    """Rooms that the drawing of the floors does not show where they stand."""
    numbered = re.findall(r"^ ?(\d) {2,}(.*)$", text, re.MULTILINE)
    drawn = {int(number): line.split() for number, line in numbered}
    roof = text.partition("\n 8 ")[0].split()
    return [
        f"{name} is not drawn on floor {level}"
        for level, floor in enumerate(floors)
        for name in floor
        if name not in drawn.get(level, roof)
    ]


def test_the_drawn_floors_are_the_floors() -> None:
    text = (ROOT / "docs" / "house.md").read_text()
    assert_kept(undrawn_rooms(text, FLOORS))


def test_the_settings_are_those_of_the_program() -> None:
    assert documented_settings((ROOT / "README.md").read_text()) == dict(settings())


def test_the_commands_are_those_of_the_program() -> None:
    assert set(_COMMAND.findall((ROOT / "README.md").read_text())) == set(commands(main))


def test_the_makefile_has_its_targets_and_the_readme_names_them() -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    named = set(re.findall(r"make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert targets == {
        *("demo", "run", "test", "soak", "mutation"),
        *("bench", "bench-peer", "lint", "help"),
    }
    assert targets - {"help"} <= named <= targets


@pytest.mark.parametrize(
    "document",
    [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(document: Path) -> None:
    assert not broken_links(document)


def test_a_room_that_is_not_drawn_is_said() -> None:
    text = "       app\n 8     hosted\n 1     partners\n 0     contracts\n"
    floors = [("contracts",), ("partners", "attic"), *[()] * 6, ("hosted",), ("app",)]
    assert undrawn_rooms(text, floors) == ["attic is not drawn on floor 1"]


def test_a_setting_that_is_gone_is_seen() -> None:
    row = "| `TESSERA_ATTIC` | `on` | nothing |\n| `TESSERA_MODE` | none, required | x |\n"
    assert documented_settings(row) == {"TESSERA_ATTIC": "on", "TESSERA_MODE": "none, required"}


def test_a_link_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("[here](page.md) and [there](attic.md#top), [far](https://example.org)")
    assert broken_links(document) == ["page.md links to attic.md"]
