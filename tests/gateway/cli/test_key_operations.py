"""Keys in the operator's hands: listed without secrets, rewrapped under load, retired when idle."""

import asyncio
from itertools import count

import msgspec
import pytest
import sqlalchemy

from contracts import errors
from gateway.cli import key_operations, sealed
from gateway.cli.key_operations import SUPERSEDED_FOR, described, retire, rewrap_all
from gateway.database import Database, Unit
from gateway.database.sealed import BATCH_ROWS, SEALED
from gateway.kit.key_store_file import FileKeyStore
from gateway.kit.vault import Vault, VaultLocked
from gateway.rooms import Rooms
from gateway.settings import Settings
from gateway.webhooks.signing import WEBHOOK_SECRET
from tests import stores
from tests.conftest import SetClock
from tests.gateway.cli.secrets_of_all_sorts import ENDPOINTS, Tale

BATCHES_AND_A_BIT = 2 * BATCH_ROWS + 7


class Killed(Exception):
    """The process ended."""


class DiesAfter(Database):
    """A database whose process is killed before the commit of so many units."""

    def __init__(self, kept: Database, units: int) -> None:
        super().__init__(kept._store)
        self._left = units

    async def commit(self, unit: Unit) -> list[object]:
        if unit.name == "keys.rewrap":
            if self._left == 0:
                raise Killed
            self._left -= 1
        return await super().commit(unit)


def over(built: Rooms, database: Database) -> Rooms:
    return msgspec.structs.replace(built, database=database)


async def test_every_sealed_column_is_declared(built: Rooms, settings: Settings) -> None:
    """A column that holds sealed text and does not say so would be lost with its old KEK."""
    await Tale(built).set_up()
    assert stores.on_connection(settings.database_url, sealed_columns) == {
        column.name for column in SEALED
    }


def sealed_columns(connection: sqlalchemy.Connection) -> set[str]:
    found = set()
    for table in sqlalchemy.inspect(connection).get_table_names():
        for row in connection.execute(sqlalchemy.text(f'select * from "{table}"')).mappings():
            found |= {
                f"{table}.{name}" for name, value in row.items() if str(value).startswith("ts1.")
            }
    return found


async def test_the_list_tells_ages_and_no_secret(built: Rooms, clock: SetClock) -> None:
    tale = await Tale(built).set_up()
    clock.advance(60)
    kid = await built.oauth.keys.rotate("ada", clock.now())
    said = await described(built)
    by_status = {key["status"]: key for key in said["signing_keys"]}
    assert by_status["current"]["kid"] == kid
    assert by_status["retired"]["age_seconds"] == 60 and by_status["next"]["age_seconds"] == 0
    (kek,) = said["key_encryption_keys"]
    assert (kek["status"], kek["age_seconds"]) == ("current", 60)
    checked = await sealed.verify(built)
    assert kek["sealed_values"] == checked.done == checked.by_kek[kek["kek_id"]]
    assert checked.done >= len(tale.flows) + 5 and not checked.locked
    text = msgspec.json.encode(said).decode()
    assert "ts1." not in text and "PRIVATE" not in text
    secrets = built.settings.key_path.read_text().split()
    assert not any(len(word) == 43 and word in text for word in secrets)


async def test_a_rewrap_moves_every_value_to_a_new_key(built: Rooms, clock: SetClock) -> None:
    tale = await Tale(built).set_up(flows=BATCHES_AND_A_BIT)
    (old,) = built.vault.keys.keks()
    before = (await sealed.verify(built)).done
    ended = await rewrap_all(built, "ada")
    assert ended.is_new and ended.kek_id != old.kek_id
    assert (ended.rewrapped, ended.left, ended.locked) == (before, {old.kek_id: 0}, [])
    assert (await sealed.verify(built)).by_kek == {ended.kek_id: before}
    assert await tale.everything_opens()
    clock.advance(SUPERSEDED_FOR.total_seconds())
    await retire(built, old.kek_id, "ada")
    assert await tale.everything_opens()
    told = [(row.action, row.resource) for row in await tale.audited() if "kek" in row.action]
    assert told == [
        ("kek.create", ended.kek_id),
        ("kek.rewrap", ended.kek_id),
        ("kek.retire", old.kek_id),
    ]


@pytest.mark.parametrize("units", [0, 1, 2])
async def test_an_interrupted_rewrap_goes_on_under_the_same_key(built: Rooms, units: int) -> None:
    tale = await Tale(built).set_up(flows=BATCHES_AND_A_BIT)
    with pytest.raises(Killed):
        await rewrap_all(over(built, DiesAfter(built.database, units)), "ada")
    new, old = (kek.kek_id for kek in built.vault.keys.keks())
    assert (await sealed.usage(built))[old] > 0
    assert await tale.everything_opens()
    ended = await rewrap_all(built, "ada")
    assert (ended.kek_id, ended.is_new, ended.left) == (new, False, {old: 0})
    assert await tale.everything_opens()
    assert (await rewrap_all(built, "ada")).is_new


async def test_a_rewrap_under_load_loses_nothing(built: Rooms, clock: SetClock) -> None:
    """Browsers open requests and read them while their secrets move, through two new keys."""
    tale = await Tale(built).set_up(flows=BATCHES_AND_A_BIT)
    # The serving process has its own eyes on the key file.
    serving = Vault(FileKeyStore(built.settings.key_path))
    tale.sessions._vault = serving
    done = asyncio.Event()
    opened = 0

    async def customers() -> None:
        nonlocal opened
        for turn in count():
            await tale.open_flow()
            assert await tale.flow_opens(tale.flows[turn % len(tale.flows)])
            opened += 1
            if done.is_set():
                return

    load = [asyncio.create_task(customers()) for _ in range(4)]
    await rewrap_all(built, "ada")
    await rewrap_all(built, "ada")
    done.set()
    await asyncio.gather(*load)
    last = await rewrap_all(built, "ada")
    assert opened > 4
    assert set(last.left.values()) == {0} and await tale.everything_opens()
    clock.advance(SUPERSEDED_FOR.total_seconds())
    for kek in built.vault.keys.keks()[1:]:
        await retire(built, kek.kek_id, "ada")
    assert await tale.everything_opens()


async def test_a_value_replaced_meanwhile_is_not_overwritten(built: Rooms) -> None:
    tale = await Tale(built).set_up()
    renewed: list[str | None] = []

    class Meanwhile(Database):
        """A database where a partner renews its secret between the reading and the commit."""

        async def commit(self, unit: Unit) -> list[object]:
            if unit.name == "keys.rewrap" and "webhook" in unit.calls[0].statement.sql:
                renewed.append(await tale.new_webhook_secret())
            return await super().commit(unit)

    await rewrap_all(over(built, Meanwhile(built.database._store)), "ada")
    (row,) = await built.database.all(ENDPOINTS)
    assert [built.vault.open(row.secret_sealed, purpose=WEBHOOK_SECRET).decode()] == renewed


async def test_a_value_that_does_not_open_is_named_and_stays(built: Rooms) -> None:
    tale = await Tale(built).set_up()
    stranger = Vault.fresh()
    tale.sessions._vault = stranger
    await tale.open_flow()
    lost = tale.flows.pop()
    for said in ((await sealed.verify(built)).locked, (await rewrap_all(built, "ada")).locked):
        (line,) = said
        assert line.startswith(f"hosted_flow.request_uri_sealed of {lost}: ")
        assert stranger.keys.keks()[0].kek_id in line
    tale.sessions._vault = built.vault
    assert await tale.everything_opens()


async def test_a_key_in_use_is_not_retired(built: Rooms, clock: SetClock) -> None:
    tale = await Tale(built).set_up()
    (old,) = built.vault.keys.keks()
    with pytest.raises(VaultLocked, match="current key"):
        await retire(built, old.kek_id, "ada")
    with pytest.raises(VaultLocked, match="no key"):
        await retire(built, "kek_strange", "ada")
    built.vault.keys.rotate(clock.now())
    clock.advance(SUPERSEDED_FOR.total_seconds())
    with pytest.raises(errors.Conflict, match="values are still under"):
        await retire(built, old.kek_id, "ada")
    await rewrap_all(built, "ada")
    await retire(built, old.kek_id, "ada")
    assert await tale.everything_opens()


async def test_a_key_superseded_lately_is_not_retired(built: Rooms, clock: SetClock) -> None:
    await Tale(built).set_up()
    (old,) = built.vault.keys.keks()
    await rewrap_all(built, "ada")
    clock.advance(SUPERSEDED_FOR.total_seconds() - 1)
    with pytest.raises(errors.Conflict, match="may go from 2026-11-24T03:00:00Z"):
        await retire(built, old.kek_id, "ada")
    clock.advance(1)
    await retire(built, old.kek_id, "ada")


async def test_the_first_key_file_is_made_once(
    settings: Settings, database_url: str, clock: SetClock
) -> None:
    kek_id = await key_operations.init(settings, "ada", clock)
    kept = settings.key_path.read_bytes()
    assert FileKeyStore(settings.key_path).keks()[0].kek_id == kek_id
    with pytest.raises(errors.Conflict, match="tessera keys rewrap"):
        await key_operations.init(settings, "ada", clock)
    assert settings.key_path.read_bytes() == kept
