"""The shelf: the folder of packs beside the shipped ones, and how a running gateway follows it."""

import asyncio
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from gateway.kit.clock import Clock, bank_day
from gateway.rules.pack import RulePack, decode_pack
from gateway.rules.pack_files import UnreadablePack
from gateway.rules.service import NoPackInForce, RuleBook
from gateway.rules.shipped import shipped_packs

REREAD_SECONDS: Final = 60.0
# Every process has read a new pack well before its day begins.
NOTICE: Final = timedelta(minutes=5)
_LARGEST_BYTES: Final = 1_000_000
journal = structlog.get_logger("tessera.rules")


class Shelf:
    """Reads packs from a folder, which need not exist, and puts new ones into it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._refused = ""

    def book(self) -> RuleBook:
        """The shipped packs and those of the folder; ``UnreadablePack`` names the file."""
        return RuleBook(self._packs())

    async def reread(self, book: RuleBook) -> None:
        """Brings the book up to date; a folder that will not do is journalled and changes nothing.

        The same refusal is journalled once, not every minute.
        """
        try:
            packs = await asyncio.to_thread(self._packs)
            book.exchange(packs, on=bank_day(self._clock.now()))
        except (UnreadablePack, NoPackInForce, OSError) as error:
            if str(error) != self._refused:
                journal.error("rules.refused", reason=str(error))
            self._refused = str(error)
        else:
            self._refused = ""

    def acceptable(self, file: Path, at: datetime) -> RulePack:
        """The pack in ``file`` as it may be put on the shelf at ``at``.

        ``UnreadablePack`` for a file that breaks the grammar, a version that is there with other
        content, and a pack whose day has begun or is about to.
        """
        pack = decode_pack(_read(file), str(file))
        RuleBook([*self._packs(), pack])
        if pack.effective_from <= bank_day(at + NOTICE):
            raise UnreadablePack(
                f"{file}: pack {pack.version} takes over on {pack.effective_from.isoformat()}; a "
                "pack must come before its day, so give it a later one"
            )
        return pack

    def put(self, file: Path, pack: RulePack) -> Path:
        """Copies ``file`` to where the gateway reads it; returns that place."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / f"{pack.version}.toml"
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as part:
            part.write(_read(file))
            part.flush()
            os.fsync(part.fileno())
        # At once, so that no process ever reads half a pack; readable for those who serve.
        written = Path(part.name)
        written.chmod(0o644)
        written.replace(place)
        return place

    def _packs(self) -> list[RulePack]:
        found = sorted(self.folder.glob("*.toml")) if self.folder.is_dir() else []
        return [*shipped_packs(), *(decode_pack(_read(file), str(file)) for file in found)]


def _read(file: Path) -> bytes:
    if file.stat().st_size > _LARGEST_BYTES:
        raise UnreadablePack(f"{file}: a pack has at most {_LARGEST_BYTES} bytes")
    return file.read_bytes()
