"""Commands where no database is ready: one line that says what to do, and nothing is made."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from gateway.cli.program import main
from tests.ports import free_port
from tests.stores import bare_postgres

COMMANDS = {
    "serve": ["serve"],
    "client show": ["client", "show", "cli_1"],
    "client list": ["client", "list"],
    "partner list": ["partner", "list"],
    "issuer list": ["issuer", "list"],
    "keys list": ["keys", "list"],
    "keys verify": ["keys", "verify"],
    "audit verify": ["audit", "verify"],
    "keys init": ["keys", "init", "--operator", "ada"],
    "keys rotate": ["keys", "rotate", "--operator", "ada"],
    "issuer revoke": ["issuer", "revoke", "https://a.example", "--operator", "ada"],
    "client end": ["client", "end", "cli_1", "--reason", "over", "--operator", "ada"],
    "sandbox persona": ["sandbox", "persona", "--operator", "ada"],
}
EACH = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


@pytest.fixture(autouse=True)
def journal() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def refusal(words: list[str], address: str, home: Path) -> str:
    """The one line with which a command ends; it made no file and no folder."""
    environment = {
        "TESSERA_MODE": "sandbox",
        "TESSERA_ISSUER": "http://127.0.0.1:8400",
        "TESSERA_DATABASE_URL": address,
        "TESSERA_HOME": str(home),
        "TESSERA_LOG_LEVEL": "ERROR",
    }
    ended = CliRunner().invoke(main, words, env=environment)
    assert (ended.exit_code, ended.stdout) == (2, ""), ended.exception
    assert ended.stderr.startswith("tessera: ") and ended.stderr.count("\n") == 1, ended.stderr
    assert not home.exists()
    return ended.stderr


@EACH
def test_without_a_file_the_first_step_is_named(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "none" / "tessera.sqlite"
    said = refusal(command, f"sqlite:///{path}", tmp_path / "home")
    assert str(path) in said and "`tessera migrate`" in said
    assert list(tmp_path.iterdir()) == []


@EACH
def test_an_empty_file_wants_its_schema(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "tessera.sqlite"
    path.touch()
    assert "`tessera migrate`" in refusal(command, f"sqlite:///{path}", tmp_path / "home")


@EACH
def test_a_file_that_is_no_database_is_told(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "tessera.sqlite"
    path.write_text("Dear diary, " * 100)
    said = refusal(command, f"sqlite:///{path}", tmp_path / "home")
    assert "file is not a database" in said and "TESSERA_DATABASE_URL" in said


@EACH
def test_a_server_that_is_not_there_is_told(command: list[str], tmp_path: Path) -> None:
    address = f"postgresql://ada:s3cret@127.0.0.1:{free_port()}/tessera"
    said = refusal(command, address, tmp_path / "home")
    assert "TESSERA_DATABASE_URL" in said and "s3cret" not in said


def test_a_server_without_the_database_is_told(postgres_url: str, tmp_path: Path) -> None:
    address = make_url(postgres_url).set(database="nothing_here")
    for command in (*COMMANDS.values(), ["migrate", "--operator", "ada"]):
        said = refusal(command, address.render_as_string(hide_password=False), tmp_path / "home")
        assert '"nothing_here" does not exist' in said and "TESSERA_DATABASE_URL" in said


def test_a_database_without_a_table_wants_its_schema(postgres_url: str, tmp_path: Path) -> None:
    with bare_postgres(postgres_url) as address:
        for command in COMMANDS.values():
            assert "`tessera migrate`" in refusal(command, address, tmp_path / "home")
