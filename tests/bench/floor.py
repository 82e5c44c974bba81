"""The two yardsticks on the server's own core: bare signature checks and a framework's hello."""

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


def two_verifies_per_second(seconds: float = 1.0) -> float:
    """How often this core checks two ES256 signatures: what a token or PAR request cannot avoid."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    message = b"m" * 400
    signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
    scheme = ec.ECDSA(hashes.SHA256())
    count = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for _ in range(50):
            public.verify(signature, message, scheme)
            public.verify(signature, message, scheme)
        count += 50
    return count / (time.perf_counter() - started)
