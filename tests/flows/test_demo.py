"""The demo as a stranger runs it: green, green again, and red for each step that is sabotaged."""

import ast
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "demo"
RUN_SECONDS = 180
FOREIGN = ("gateway", "partners", "contracts")
STEPS = [
    "metadata",
    "client-token",
    "packages",
    "package",
    "endpoint",
    "push",
    "sign-in",
    "consent",
    "approve",
    "confirm",
    "exchange",
    "order",
    "replay",
    "order-lines",
    "event",
    "capabilities",
    "debit",
    "above-cap",
    "revoke",
    "refused",
    "lantu-packages",
    "lantu-package",
    "lantu-endpoint",
    "lantu-grant",
    "lantu-handle",
    "lantu-order",
    "lantu-order-lines",
    "lantu-notification",
    "lantu-capabilities",
    "lantu-debit",
    "lantu-above-cap",
    "handle-at-native",
    "token-in-dialect",
    "compare",
    "audit",
]
# Each of the two sets of tests shares what it is expensive to set up.
RUNS = pytest.mark.xdist_group("demo-runs")
PLAYS = pytest.mark.xdist_group("demo-plays")
# A person may hold at most five accounts of a tier (CN-ACC-02), so five plays share a customer;
# plays that end before their order need none of their own.
PLAYS_PER_CUSTOMER = 5
ORDERS = {"wayfare": STEPS.index("order"), "lantu": STEPS.index("lantu-order")}
CUSTOMERS = {
    partner: 1 + (len(STEPS) - 1 - first) // PLAYS_PER_CUSTOMER for partner, first in ORDERS.items()
}


def customers_for(name: str) -> list[int]:
    """Which of the stage's customers play when the step is sabotaged: Wayfare's, then Lantu's."""
    after = {partner: STEPS.index(name) - first for partner, first in ORDERS.items()}
    place = {partner: max(0, count) // PLAYS_PER_CUSTOMER for partner, count in after.items()}
    return [place["wayfare"], CUSTOMERS["wayfare"] + place["lantu"]]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TESSERA_")}
    return kept | {"TESSERA_HOME": str(home), "PYTHONUNBUFFERED": "1"} | more


def run(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DEMO)],
        cwd=home.parent,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def last_line(output: str) -> str:
    return output.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder on which the demo was killed once in the middle, and then ran green."""
    path = tmp_path_factory.mktemp("demo") / "state"
    killed = subprocess.Popen(
        [sys.executable, str(DEMO)], env=environment(path), stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    said = []
    for line in killed.stdout:
        said.append(line)
        if "POST /v1/orders" in line:
            break
    else:
        pytest.fail("".join(said))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    assert_green(run(path))
    return path


def assert_green(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert last_line(ended.stdout) == f"demo: {len(STEPS)} steps, all passed"
    assert "\x1b[" not in ended.stdout, "a pipe gets no colour"
    assert ended.stderr == ""


@RUNS
def test_it_works_again_on_the_state_that_it_left(home: Path) -> None:
    ended = run(home)
    assert_green(ended)
    assert "registered now: nobody" in ended.stdout


@RUNS
def test_its_keys_are_their_owners_alone(home: Path) -> None:
    for name in ("partners/wayfare.json", "partners/lantu.json", "stage.json"):
        assert (home / name).stat().st_mode & 0o077 == 0


def test_the_partners_program_imports_nothing_of_ours() -> None:
    for file in DEMO.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            ours = [name for name in names if name.partition(".")[0] in FOREIGN]
            assert not ours, f"{file.name} imports {ours}"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A gateway kept by ``serve``, and the file that tells a story where it is."""
    path = tmp_path_factory.mktemp("stage") / "state"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    served = subprocess.Popen(
        [sys.executable, str(DEMO), "serve", "--customers", str(sum(CUSTOMERS.values()))],
        env=environment(path, TESSERA_PORT=port),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert served.stdout is not None
    said = []
    for line in served.stdout:
        said.append(line)
        if line.startswith("Ctrl-C ends it"):
            break
    try:
        call = re.search(r"^ +curl (\S+)$", "".join(said), re.MULTILINE)
        assert call is not None, "".join(said)
        assert httpx.get(call[1]).status_code == 200, "the first call works as printed"
        yield path / "stage.json"
    finally:
        served.terminate()
        served.wait(RUN_SECONDS)
        served.stdout.close()


@PLAYS
@pytest.mark.parametrize("name", [name for name in STEPS if name != "audit"])
def test_it_goes_red_and_names_the_step_that_is_sabotaged(name: str, stage: Path) -> None:
    number = STEPS.index(name) + 1
    customers = [str(index) for index in customers_for(name)]
    ended = subprocess.run(
        [sys.executable, str(DEMO / "story.py"), str(stage), "--customers", *customers],
        env=environment(stage.parent, DEMO_SABOTAGE=name),
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert last_line(ended.stdout).startswith(f"demo: step {number} ({name}): ")
    assert f"sabotage of step {number}: " in ended.stdout
    assert ended.stdout.count("[ok, ") == number - 1, "every step before it passes"
    assert ended.stderr == ""


@RUNS
def test_the_runner_goes_red_with_its_story(home: Path) -> None:
    ended = run(home, DEMO_SABOTAGE="1")
    assert ended.returncode == 1
    assert last_line(ended.stdout).startswith("demo: step 1 (metadata): ")


@RUNS
def test_it_goes_red_when_the_audit_is_altered(home: Path) -> None:
    ended = run(home, DEMO_SABOTAGE="audit")
    assert ended.returncode == 1
    assert last_line(ended.stdout).startswith(f"demo: step {len(STEPS)} (audit): ")


@RUNS
def test_a_sabotage_of_no_step_is_refused(home: Path) -> None:
    ended = run(home, DEMO_SABOTAGE="nonesuch")
    assert ended.returncode != 0
    assert "is no step" in ended.stderr
