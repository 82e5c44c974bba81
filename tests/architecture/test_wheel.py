"""The wheel holds every file of the three packages: pages, tables, migrations, rule packs."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

from tests.architecture.source import PACKAGES, ROOT, files_below


def lost(on_disk: Iterable[str], in_wheel: Iterable[str]) -> list[str]:
    """Files that lie on the disk and would not reach whoever installs the wheel."""
    return sorted(set(on_disk) - set(in_wheel))


def test_every_file_reaches_the_wheel(tmp_path: Path) -> None:
    builder = WheelBuilder(str(ROOT))
    (wheel,) = builder.build(directory=str(tmp_path), versions=["standard"])
    on_disk = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in files_below(ROOT / package)
    ]
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert not lost(on_disk, names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_a_file_that_would_be_lost_is_said() -> None:
    assert lost(["gateway/a.py", "gateway/rules/pack.toml"], ["gateway/a.py"]) == [
        "gateway/rules/pack.toml"
    ]
