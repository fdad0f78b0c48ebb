"""The installation's catalogue, read from a file in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.catalogue import read_catalogue
from deploy.local.doctor import State, examine
from deploy.local.environment import environment_of
from deploy.local.stack import services
from schemas.catalogue import Catalogue, LocalFile
from schemas.catalogue.marked import LIMIT_BYTES
from schemas.errors import CatalogueError
from schemas.settings import Settings

ROOT = Path(__file__).parents[3]
ENTRY = """\
models:
  - {name: own, family: ssd, source: {file: own.onnx}, labels: [thing], input: {width: 32, height: 32}}
"""


def given(file: Path) -> Settings:
    return Settings.from_environment({"FRAMEBUS_CATALOGUE": str(file), "FRAMEBUS_CACHE": str(file.parent)})


def test_without_a_file_there_are_the_built_in_models() -> None:
    assert read_catalogue(Settings()).models == Catalogue().models


def test_the_file_may_be_named_from_the_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.yaml").write_text(ENTRY)
    monkeypatch.chdir(tmp_path)
    assert read_catalogue(given(Path("own.yaml"))).get("own").source == LocalFile(file=str(tmp_path / "own.onnx"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, ": No such file or directory; expected a YAML file of models"),
        (b"models: 1", "own.yaml:1: {'models': 1}: expected models: and a list of entries"),
        (b"#" * (LIMIT_BYTES + 1), "own.yaml:1: it has more than 1048576 bytes"),
    ],
)
def test_a_file_that_is_wrong_is_told(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "own.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CatalogueError, match=re.escape(says)):
        read_catalogue(given(file))
    checks = {check.name: check for check in examine(given(file), own_kafka=True)}
    assert checks["catalogue"].state is State.MISSING
    assert says in checks["catalogue"].found


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="Is a directory; expected a YAML file of models"):
        read_catalogue(given(tmp_path))


def test_the_doctor_knows_own_models(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(ENTRY)
    settings = given(tmp_path / "own.yaml")
    checks = {check.name: check for check in examine(settings)}
    assert checks["network own"].state is State.MISSING
    (tmp_path / "own.onnx").write_bytes(b"")
    checks = {check.name: check for check in examine(settings)}
    assert checks["network own"].found == "is to be built"


def test_child_processes_are_told_of_the_file(tmp_path: Path) -> None:
    settings = given(tmp_path / "own.yaml")
    assert environment_of(settings)["FRAMEBUS_CATALOGUE"] == str(tmp_path / "own.yaml")
    for service in services(settings, ["own"]):
        assert service.environ["FRAMEBUS_CATALOGUE"] == str(tmp_path / "own.yaml")


def test_no_room_makes_a_catalogue_of_its_own() -> None:
    rooms = ("schemas", "producers", "processors", "api", "deploy")
    makers = [
        path.relative_to(ROOT).as_posix()
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\bCatalogue\(", path.read_text())
    ]
    assert makers == ["deploy/catalogue.py"]
