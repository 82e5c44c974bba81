"""``make bench-peer``: the gateway beside npm ``oidc-provider`` on the same core, in the same run.

Compared are two requests that both servers know, with the same bytes but for client and address:
client_credentials at the token endpoint, and a pushed authorization request with PKCE and the same
authorization_details. Both by private_key_jwt and a DPoP proof with a server's nonce, ES256, one
in a hundred forged. The peer has the in-memory store that comes with it and keeps nothing; the
gateway commits each request durably on PostgreSQL. The peer is one node process, which has no
second core to put its garbage collector on either.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from tests.bench.cases import Case
from tests.bench.measure import Yardsticks, run_on, sample_of, yardsticks
from tests.bench.prepare import REDIRECT, Prepared, make_key
from tests.bench.process import keep_to_other_cores, on_its_core
from tests.bench.samples import Sample
from tests.bench.server import gateway
from tests.bench.signing import Signer
from tests.ports import free_port

PEER = "oidc-provider@9.13.3"
FOLDER = Path("build/bench-peer")
PATHS = {"token": "/token", "par": "/request"}
CASES = ("token", "par")
WARM_UP = 1500
SCOPE = "catalog.read order.read order.write payment.initiate"


def main() -> None:
    """Prints both rates and their ratio; exits 0 at once where there is no Node."""
    arguments = _arguments()
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        print("bench-peer: there is no node or no npm here, so the peer is not measured")
        return
    _install()
    keep_to_other_cores()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        with (
            yardsticks(place) as measure,
            gateway("postgresql", place, ["ES256"], 0) as ours,
            _peer(node, place, ours.prepared["ES256"]) as (pid, port, theirs),
        ):
            signer = Signer(ours.prepared["ES256"], ours.issuer)
            # Node compiles what runs often: measured cold it would be much slower.
            for each, port_of in ((signer, ours.port), (theirs, port)):
                each.learn_nonces()
                run_on(port_of, each.tokens(WARM_UP) + each.pushes(WARM_UP))
            taken: dict[tuple[str, str], list[Sample]] = {}
            for turn in range(arguments.rounds + 1):
                for case in CASES:
                    signer.learn_nonces()
                    writing = Case(case, "ES256", list)
                    ours.written.mark(writing)
                    mine = _sample(signer, case, ours.pid, ours.port, arguments, measure)
                    ours.written.check(writing, mine.run)
                    theirs.learn_nonces()
                    peers = _sample(theirs, case, pid, port, arguments, measure)
                    if turn:
                        taken.setdefault((case, "gateway"), []).append(mine)
                        taken.setdefault((case, "peer"), []).append(peers)
    _print(taken, arguments.rounds)


def _sample(
    signer: Signer,
    case: str,
    pid: int,
    port: int,
    arguments: argparse.Namespace,
    measure: Yardsticks,
) -> Sample:
    make = {"token": signer.tokens, "par": signer.pushes}[case]
    return sample_of(pid, port, make(arguments.requests), measure)


def _install() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text('{"private": true, "type": "module"}\n')
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", "--silent", PEER]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(f"bench-peer: npm could not install {PEER}\n{done.stderr[-1000:]}")
    shutil.copy(Path(__file__).with_name("peer.mjs"), FOLDER / "peer.mjs")


@contextmanager
def _peer(node: str, place: Path, prepared: Prepared) -> Iterator[tuple[int, int, Signer]]:
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    print(f"peer: {PEER} on node {version}, in-memory store")
    if int(version.lstrip("v").split(".")[0]) < 22:
        print(f"peer: it runs, but its makers support Node 22 or newer, not {version}")
    settings = {
        "issuer": issuer,
        "client": {
            "client_id": prepared.client_id,
            "algorithm": prepared.algorithm,
            "jwks": {"keys": [prepared.client_key.as_dict(private=False)]},
            "redirect_uri": REDIRECT,
            "scope": SCOPE,
        },
        "signing": make_key("ES256", "peer").as_dict(private=True),
        "detailsType": prepared.details[0]["type"],
    }
    environment = {
        "PEER": msgspec.json.encode(settings).decode(),
        "NODE_ENV": "production",
        "BENCH_LOG": str(place / "peer.log"),
    }
    os.environ.pop("NODE_OPTIONS", None)
    with on_its_core([node, str(FOLDER / "peer.mjs")], environment, port) as pid:
        yield pid, port, Signer(prepared, issuer, PATHS)


def _print(taken: dict[tuple[str, str], list[Sample]], rounds: int) -> None:
    rows: list[dict[str, Any]] = []
    print("\ncase  gateway/s  cpu us  peer/s  cpu us  ratio  by cpu")
    for case in CASES:
        ours, theirs = taken[case, "gateway"], taken[case, "peer"]
        pairs = list(zip(ours, theirs, strict=True))
        row = {
            "name": case,
            "gateway": median(each.cost.rate for each in ours),
            "peer": median(each.cost.rate for each in theirs),
            "ratio": median(mine.cost.rate / peers.cost.rate for mine, peers in pairs),
            "cpu_ratio": median(
                peers.cost.cpu_seconds / mine.cost.cpu_seconds for mine, peers in pairs
            ),
            "gateway_cpu_us": median(each.cost.cpu_seconds * 1e6 for each in ours),
            "peer_cpu_us": median(each.cost.cpu_seconds * 1e6 for each in theirs),
        }
        rows.append(row)
        print(
            f"{case:<5} {row['gateway']:>9,.0f} {row['gateway_cpu_us']:>7.0f}"
            f" {row['peer']:>7,.0f} {row['peer_cpu_us']:>7.0f}"
            f" {row['ratio']:>6.2f} {row['cpu_ratio']:>7.2f}"
        )
    path = Path("build/bench-peer.json")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")
    print(f"medians of {rounds} rounds; ratio: how many times the peer's rate; wrote {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of which the median counts")
    parser.add_argument("--requests", type=int, default=500, help="of a case in a round")
    return parser.parse_args()


if __name__ == "__main__":
    main()
