"""The two yardsticks on the server's own core: bare signature checks and a framework's hello.

``python -m tests.bench.floor`` answers each line with two figures: one process can measure the
floor again and again between the server's runs.
"""

import sys
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from litestar import Litestar, get


@get("/", sync_to_thread=False)
def hello() -> str:
    """The least a handler can do."""
    return "hello"


def hello_app() -> Litestar:
    """Raw Litestar, the same server in front of it."""
    return Litestar([hello], openapi_config=None)


def two_verifies(seconds: float = 0.1) -> tuple[float, float]:
    """How often a second this core checks two ES256 signatures, and the processor time of each.

    It is what a token or pushed request cannot avoid. The time is in seconds.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    message = b"m" * 400
    signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
    scheme = ec.ECDSA(hashes.SHA256())
    count = 0
    started, used = time.perf_counter(), time.thread_time()
    while time.perf_counter() - started < seconds:
        for _ in range(50):
            public.verify(signature, message, scheme)
            public.verify(signature, message, scheme)
        count += 50
    rate = count / (time.perf_counter() - started)
    return rate, (time.thread_time() - used) / count


if __name__ == "__main__":
    for _line in sys.stdin:
        print(*two_verifies(), flush=True)
