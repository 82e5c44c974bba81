"""Keeps the gateway running exactly as long as whoever started it: never longer, however it ends.

The runner holds the other end of our standard input. When that closes, because the runner is done
or was killed, the gateway is told to stop, and what is left of it after a while is ended.
"""

import os
import signal
import subprocess
import sys
import threading

PATIENCE_SECONDS = 10.0


def main() -> int:
    """Runs the gateway as our child in our own process group; returns its exit status."""
    # The terminal's Ctrl-C reaches the whole group; ending is the runner's decision alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gateway = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: gateway.terminate())
    threading.Thread(target=_end_with_runner, args=(gateway,), daemon=True).start()
    status = gateway.wait()
    # A gateway that died suddenly may have left workers, which are in our group.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    return status


def _end_with_runner(gateway: subprocess.Popen[bytes]) -> None:
    # Unbuffered: a thread that waits inside sys.stdin would break the interpreter's shutdown.
    while os.read(0, 1024):
        pass
    gateway.terminate()
    try:
        gateway.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        # We lead this process group (see machine.py), so this ends workers that hang, and us.
        os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
