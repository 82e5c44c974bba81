"""The key store in a file: versioned, one KEK a line, written whole, readable by its owner.

::

    tessera-key-file 1
    kek_3v... 2026-11-24T02:00:00Z <32 bytes in base64url>
    kek_9d... 2026-08-01T02:00:00Z <32 bytes in base64url>

The first key wraps, the others only unwrap. A running gateway follows the file: whatever an
operator changes there holds from the next value on, on every process of the machine.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from gateway.kit.ids import new_id
from gateway.kit.jose import decode_base64url, encode_base64url
from gateway.kit.key_store import KEKS_MOST, KEY_BYTES, Kek, KeyRing, VaultLocked

HEADER: Final = "tessera-key-file 1"
_BYTES_MOST: Final = 16 * 1024
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_LINE: Final = re.compile(
    r"(kek_[0-9a-z]{1,40}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([A-Za-z0-9_-]{43})"
)
_Stamp = tuple[int, int, int]

journal = structlog.get_logger("tessera.key_store")


class FileKeyStore:
    """KEKs in a file. Every call looks whether the file was replaced, which costs a microsecond.

    Once read, a file that is missing or malformed for a while does not stop the gateway: it goes
    on with the keys it knows, and says so in the journal.
    """

    def __init__(self, path: Path) -> None:
        """Raises ``VaultLocked``, saying what to do, unless ``path`` holds at least one KEK."""
        self._path = path
        self._stamp, self._ring = _load(path)

    @classmethod
    def make(cls, path: Path, at: datetime) -> "FileKeyStore":
        """The store at ``path``, made with one KEK where nothing is yet.

        Of several processes that find it missing one makes it, and all read the same keys.
        """
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _place(path, KeyRing(()).with_new(at), replace=False)
        return cls(path)

    def keks(self) -> tuple[Kek, ...]:
        """See ``KeyStore``."""
        return self._followed().keks()

    def wrap(self, content_key: bytes) -> tuple[str, bytes]:
        """See ``KeyStore``."""
        return self._followed().wrap(content_key)

    def unwrap(self, kek_id: str, wrapped: bytes) -> bytes:
        """See ``KeyStore``."""
        return self._followed().unwrap(kek_id, wrapped)

    def rotate(self, at: datetime) -> str:
        """See ``KeyStore``; durable before it returns, and one process at a time."""
        with _alone(self._path):
            _stamp, ring = _load(self._path)
            _place(self._path, ring.with_new(at), replace=True)
        self._stamp, self._ring = _load(self._path)
        return self._ring.keys[0][0].kek_id

    def retire(self, kek_id: str) -> None:
        """See ``KeyStore``; a copy of the file that somebody kept still opens what it opened."""
        with _alone(self._path):
            _stamp, ring = _load(self._path)
            _place(self._path, ring.without(kek_id), replace=True)
        self._stamp, self._ring = _load(self._path)

    def _followed(self) -> KeyRing:
        try:
            stamp = _stamp_of(self._path.stat())
        except OSError:
            stamp = (0, 0, 0)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._stamp, self._ring = _load(self._path)
            except VaultLocked as reason:
                journal.warning("key_file.not_followed", reason=str(reason))
        return self._ring


def _load(path: Path) -> tuple[_Stamp, KeyRing]:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(_BYTES_MOST + 1)
    except FileNotFoundError:
        raise VaultLocked(
            f"the key file {path} does not exist: put it back, or make the first one with"
            " `tessera keys init`"
        ) from None
    except OSError as error:
        raise VaultLocked(f"the key file {path} cannot be read: {error.strerror}") from None
    # A group may read, because that is how secrets are mounted; nobody else, and nobody writes.
    if stat.S_IMODE(found.st_mode) & 0o027:
        raise VaultLocked(
            f"the key file {path} is open to others than its owner: run chmod 600 {path}"
        )
    return _stamp_of(found), _parse(path, content)


def _stamp_of(found: os.stat_result) -> _Stamp:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _parse(path: Path, content: bytes) -> KeyRing:
    if len(content) > _BYTES_MOST:
        raise VaultLocked(f"the key file {path} is longer than {_BYTES_MOST} bytes")
    lines = content.decode("ascii", "replace").split("\n")
    if lines[0] != HEADER:
        raise VaultLocked(
            f"the key file {path} does not begin with {HEADER!r}. A file and database of a version"
            " before key ids cannot be used further: move both away and start afresh"
        )
    if lines[-1] != "" or not 1 <= len(lines) - 2 <= KEKS_MOST:
        raise VaultLocked(
            f"the key file {path} must hold 1 to {KEKS_MOST} keys, each line ended by a newline"
        )
    keys = tuple(_key(path, number, line) for number, line in enumerate(lines[1:-1], 2))
    for distinct in ({kek.kek_id for kek, _secret in keys}, {secret for _kek, secret in keys}):
        if len(distinct) != len(keys):
            raise VaultLocked(f"the key file {path} holds a key twice")
    return KeyRing(keys)


def _key(path: Path, number: int, line: str) -> tuple[Kek, bytes]:
    found = _LINE.fullmatch(line)
    try:
        if found is None:
            raise ValueError
        created_at = datetime.strptime(found[2], _TIME).replace(tzinfo=UTC)
        secret = decode_base64url(found[3])
        if len(secret) != KEY_BYTES:
            raise ValueError
    except ValueError:
        # Without the line itself: it holds a key.
        raise VaultLocked(
            f"the key file {path}, line {number}, is malformed: id, time and key, one space between"
        ) from None
    return Kek(found[1], created_at), secret


def _written(ring: KeyRing) -> bytes:
    lines = [
        f"{kek.kek_id} {kek.created_at.astimezone(UTC).strftime(_TIME)} {encode_base64url(secret)}"
        for kek, secret in ring.keys
    ]
    return "\n".join([HEADER, *lines, ""]).encode()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One writer at a time; the folder is locked, so that no lock file is left behind."""
    descriptor = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _place(path: Path, ring: KeyRing, *, replace: bool) -> None:
    """Puts a whole, durable file at ``path``; without ``replace`` it leaves one that is there."""
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{new_id('new')}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_written(ring))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            # A link appears under its final name whole or not at all, and replaces nothing.
            with suppress(FileExistsError):
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
