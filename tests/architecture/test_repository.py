"""The repository: nothing left undone, no secret, no index address, every pin a hash."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.architecture.source import ROOT, assert_kept, files_below

_FOLDERS = ("contracts", "partners", "gateway", "tests", "docs")
_FILES = ("Makefile", "README.md", "CHANGELOG.md", "pyproject.toml", ".ci/run")
_LOCKS = ("requirements.lock", "requirements-dev.lock")

# This file must say what it forbids.
_OWN = "tests/architecture/test_repository.py"
_UNDONE = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
# The private members of a JSON Web Key (RFC 7518 sections 6.2.2, 6.3.2) with a value in them.
_JWK = re.compile(r'"(?:d|dp|dq|qi)"\s*:\s*"[A-Za-z0-9_-]{20,}"')
# Keys made for a partner's recorded exchanges open nothing.
_TEST_KEYS = re.compile(r"^(?:partners/[^/]+/examples|tests/partners/keys)/")
_INDEX = re.compile(
    r"--(?:extra-)?index-url|--find-links|PIP_INDEX_URL|--trusted-host", re.IGNORECASE
)
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)(?: *;[^\\]*)? *\\?$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")

Text = tuple[str, str]


def texts() -> Iterator[Text]:
    """Every text file that we write by hand, with its path."""
    paths = [ROOT / name for name in _FILES]
    for folder in _FOLDERS:
        paths += files_below(ROOT / folder)
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        if name == _OWN:
            continue
        try:
            yield name, path.read_text()
        except UnicodeDecodeError:
            continue


def _lines(found: Iterable[Text], pattern: re.Pattern[str]) -> Iterator[str]:
    for path, text in found:
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                yield f"{path}:{number}"


def undone_breaches(found: Iterable[Text]) -> list[str]:
    """Lines that put something off: a decision or an issue takes their place."""
    return [f"{place} is left undone" for place in _lines(found, _UNDONE)]


def secret_breaches(found: Iterable[Text]) -> list[str]:
    """Private keys, in PEM or JSON, outside recorded exchanges."""
    outside = [(path, text) for path, text in found if not _TEST_KEYS.match(path)]
    return [
        f"{place} holds a private key"
        for pattern in (_PEM, _JWK)
        for place in _lines(outside, pattern)
    ]


def index_breaches(found: Iterable[Text]) -> list[str]:
    """Lines that say where packages come from: that is the machine's business."""
    return [f"{place} names a package index" for place in _lines(found, _INDEX)]


def lock_breaches(path: str, text: str) -> list[str]:
    """Lines of a lock that are neither a pin nor a hash, and pins without a hash."""
    breaches = []
    unhashed = ""
    for number, line in enumerate(text.splitlines(), 1):
        if pin := _PIN.match(line):
            if unhashed:
                breaches.append(f"{path}: {unhashed} has no hash")
            unhashed = pin[1]
        elif _HASH.match(line):
            unhashed = ""
        else:
            breaches.append(f"{path}:{number} is neither a pin nor a hash")
    return breaches + ([f"{path}: {unhashed} has no hash"] if unhashed else [])


def pins(text: str) -> dict[str, str]:
    """The packages of a lock and their versions."""
    return {pin[1]: pin[2] for line in text.splitlines() if (pin := _PIN.match(line))}


def test_nothing_is_left_undone() -> None:
    assert_kept(undone_breaches(texts()))


def test_no_private_key_lies_about() -> None:
    assert_kept(secret_breaches(texts()))


def test_no_file_names_a_package_index() -> None:
    assert_kept(index_breaches(texts()))


@pytest.mark.parametrize("name", _LOCKS)
def test_locks_are_pins_with_hashes_and_nothing_else(name: str) -> None:
    assert_kept(lock_breaches(name, (ROOT / name).read_text()))


def test_what_runs_is_what_was_developed() -> None:
    run, develop = (pins((ROOT / name).read_text()) for name in _LOCKS)
    assert run.items() <= develop.items()


def test_build_tools_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run, develop = (pins((ROOT / name).read_text()) for name in _LOCKS)
    for requirement in project["build-system"]["requires"]:
        name, _, version = requirement.partition("==")
        assert run[name] == version
    assert {"hatchling", "editables"} <= run.keys()
    # One develop package has no wheel; the Makefile builds it with this.
    assert "setuptools" in develop


@pytest.mark.parametrize(
    ("breaches", "line"),
    [
        (undone_breaches, "# TODO later"),
        (secret_breaches, "-----BEGIN EC PRIVATE KEY-----"),
        (secret_breaches, '{"kty": "EC", "d": "' + "a" * 43 + '"}'),
        (index_breaches, "pip install --extra-index-url https://example.org"),
    ],
)
def test_a_breach_is_said(breaches: Callable[[list[Text]], list[str]], line: str) -> None:
    (breach,) = breaches([("gateway/app.py", line)])
    assert breach.startswith("gateway/app.py:1 ")


def test_keys_of_recorded_exchanges_are_no_secret() -> None:
    line = "-----BEGIN PRIVATE KEY-----"
    assert not secret_breaches([("partners/acme/examples/keys.json", line)])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("pytest==9.0\n", "pytest has no hash"),
        ("pytest==9.0 \\\nruff==1.0 \\\n    --hash=sha256:" + "a" * 64, "pytest has no hash"),
        ("--index-url https://example.org\n", "is neither a pin nor a hash"),
        ("pytest @ https://example.org/pytest.whl\n", "is neither a pin nor a hash"),
        ("pytest>=9\n", "is neither a pin nor a hash"),
    ],
)
def test_a_loose_lock_is_said(text: str, sentence: str) -> None:
    assert any(sentence in breach for breach in lock_breaches("requirements.lock", text))
