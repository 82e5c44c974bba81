"""The program as an operator runs it: every change is done by somebody, and the audit says who."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import operations
from gateway.database.migrate import newest
from gateway.settings import Settings
from tests import stores
from tests.flows.server import database

ROOT = Path(__file__).resolve().parents[3]


class Console:
    """A terminal with the settings of one deployment."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = f"sqlite:///{home / 'tessera.sqlite'}"

    def run(self, *words: str, operator: str = "", status: int = 0) -> str:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TESSERA_")}
        settings = {
            "TESSERA_MODE": "live",
            "TESSERA_ISSUER": "https://bank.example",
            "TESSERA_DATABASE_URL": self.url,
            "TESSERA_HOME": str(self.home),
        }
        if operator:
            settings["TESSERA_OPERATOR"] = operator
        ended = subprocess.run(
            [sys.executable, "-m", "gateway", *words],
            cwd=ROOT,
            env=kept | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == status, ended.stdout + ended.stderr
        return ended.stdout if status == 0 else ended.stderr

    def audited(self) -> list[tuple[str, str]]:
        return acts(self.url)


def acts(url: str) -> list[tuple[str, str]]:
    query = "select action, actor from audit_record order by ordinal"
    rows = stores.on_connection(url, lambda found: found.exec_driver_sql(query).all())
    return [(action, actor) for action, actor in rows]


def test_a_new_deployment_and_its_keys(tmp_path: Path) -> None:
    console = Console(tmp_path)
    console.run("migrate", operator="ada")
    assert "tessera keys init" in console.run("keys", "list", status=2)
    made = console.run("keys", "init", "--operator", "grace", operator="ada")
    kek_id = made.split()[-1]
    console.run("keys", "init", operator="ada", status=2)
    console.run("keys", "rotate", operator="grace")
    console.run("keys", "rotate-nonces", operator="grace")
    assert "is the current key" in console.run(
        "keys", "retire-kek", kek_id, operator="ada", status=2
    )
    rewrapped = console.run("keys", "rewrap", operator="ada")
    new = rewrapped.split()[2]
    assert rewrapped.startswith("new key kek_") and f"left under {kek_id}: 0" in rewrapped
    assert "may go from" in console.run("keys", "retire-kek", kek_id, operator="ada", status=2)
    listed = json.loads(console.run("keys", "list"))
    keks = [(kek["kek_id"], kek["status"]) for kek in listed["key_encryption_keys"]]
    assert keks == [(new, "current"), (kek_id, "older")]
    statuses = sorted(key["status"] for key in listed["signing_keys"])
    assert statuses == ["current", "next", "retired"]
    verified = console.run("keys", "verify")
    assert f"under {new}: " in verified and kek_id not in verified
    assert console.audited() == [
        ("database.migrate", "operator:ada"),
        ("kek.create", "operator:grace"),
        ("signing_key.rotate", "operator:grace"),
        ("nonce_key.rotate", "operator:grace"),
        ("kek.create", "operator:ada"),
        ("kek.rewrap", "operator:ada"),
    ]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_migration_is_recorded_once(kind: str, tmp_path: Path, postgres_url: str) -> None:
    with database(kind, postgres_url, tmp_path) as url:
        settings = Settings(mode="sandbox", issuer="http://127.0.0.1:8400", database_url=url)
        for _ in range(2):
            assert operations.migrate(settings, "ada") == newest()
        assert acts(url) == [("database.migrate", "operator:ada")]
