"""The file of signed heads: it lies outside the database, so that one cannot excuse the other."""

import fcntl
import os
from pathlib import Path

from gateway.audit.chain import GENESIS, head_digest


class HeadFile:
    """One compact JWS a line, appended and synchronised; never rewritten."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tokens(self) -> list[str]:
        """Every line, oldest first; none when there is no file."""
        try:
            return self._path.read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def last(self) -> str | None:
        """The newest whole line."""
        try:
            with self._path.open("rb") as file:
                return _last_line(file.fileno())[0]
        except FileNotFoundError:
            return None

    def append(self, token: str, previous: str) -> bool:
        """Add a line that follows the head with the digest `previous`, and synchronise it.

        Answers false when another process has appended since `previous` was read.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        created = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            newest, end = _last_line(descriptor)
            if digest_of(newest) != previous:
                return False
            # A line cut short by a power failure was never reported as written.
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            _write_whole(descriptor, token.encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if created:
            _synchronise_folder(self._path.parent)
        return True


def digest_of(token: str | None) -> str:
    """How the next head names this one; the first head names 64 zeros."""
    return GENESIS if token is None else head_digest(token)


def _last_line(descriptor: int) -> tuple[str | None, int]:
    """The newest whole line, and where the next one begins."""
    size = os.fstat(descriptor).st_size
    window = 16 * 1024
    while True:
        start = max(0, size - window)
        tail = os.pread(descriptor, size - start, start)
        end = tail.rfind(b"\n")
        before = tail.rfind(b"\n", 0, max(end, 0))
        if end < 0 and start == 0:
            return None, 0
        if end >= 0 and (before >= 0 or start == 0):
            return tail[before + 1 : end].decode("utf-8", "replace"), start + end + 1
        window *= 2


def _write_whole(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


def _synchronise_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
