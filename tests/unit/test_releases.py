"""The version, the changelog and the frozen records tell the same story."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.golden import __main__ as golden
from tests.golden import store

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
RELEASED = re.findall(r"^## (\d+\.\d+\.\d+) – \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_every_release_in_the_changelog_has_frozen_its_records() -> None:
    assert RELEASED
    assert sorted(RELEASED) == [path.name for path in store.releases()]


def test_the_version_is_the_newest_release_or_one_in_the_making_after_it() -> None:
    newest = max(tuple(map(int, release.split("."))) for release in RELEASED)
    made = tuple(map(int, VERSION.removesuffix(".dev0").split(".")))
    assert made > newest if VERSION.endswith(".dev0") else made == newest


@pytest.mark.parametrize(
    ("version", "arguments", "code", "words"),
    [
        (None, ["abc"], 2, "expected that of a release"),
        ("0.1.0", ["abc"], 1, "what a release wrote is never written again"),
        ("0.1.0", [], 2, "expected the commit of the release"),
    ],
)
def test_what_a_release_wrote_is_frozen_once(
    version: str | None,
    arguments: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if version:
        (tmp_path / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
        monkeypatch.setattr(golden, "ROOT", tmp_path)
    assert golden.main(arguments) == code
    assert words in capsys.readouterr().err
