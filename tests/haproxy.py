"""The real HAProxy on loopback, with the configuration that operators are given, as it is."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from tests.certificates import Authority, trusting

CONFIGURATION: Final = Path(__file__).parents[1] / "docs" / "operating" / "haproxy.cfg"
# Debian keeps it where only root looks by itself.
HAPROXY: Final = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def proxying(
    place: Path,
    authority: Authority,
    server: Path,
    *,
    gateway: str,
    ordinary: str,
    mutual: str,
    secret: str,
) -> Iterator[None]:
    """HAProxy before a gateway until the block ends.

    All three are addresses with a port; ``server`` is the PEM file of its own certificate and
    key, ``authority`` vouches for clients, and ``place`` is a folder for what it writes.
    """
    assert HAPROXY is not None
    authorities = place / "authorities.pem"
    authorities.write_bytes(authority.trust)
    told = {
        "ORDINARY_ADDRESS": ordinary.rpartition("/")[2],
        "MUTUAL_ADDRESS": mutual.rpartition("/")[2],
        "GATEWAY_ADDRESS": gateway.rpartition("/")[2],
        "SERVER_PEM": str(server),
        "CLIENT_AUTHORITIES": str(authorities),
        "TERMINATOR_SECRET": secret,
    }
    with (place / "haproxy.log").open("w+b") as log:
        process = subprocess.Popen(
            [HAPROXY, "-db", "-f", str(CONFIGURATION)],
            env=os.environ | told,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _await_front(process, mutual, authority, log.name)
            yield
        finally:
            process.terminate()
            process.wait(10)


def _await_front(
    process: subprocess.Popen[bytes], mutual: str, authority: Authority, log: str
) -> None:
    deadline = time.monotonic() + 15
    with httpx.Client(verify=trusting(authority), trust_env=False) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if client.get(f"{mutual}/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
    raise RuntimeError(Path(log).read_text(errors="replace")[-2000:])
