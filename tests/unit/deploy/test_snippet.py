"""The catalogue as values of the chart."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from deploy.chart.snippet import as_values
from deploy.cli import main
from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.model import Model
from schemas.catalogue.parse import parse_entries
from schemas.catalogue.source import LocalFile


def test_what_is_written_is_read_as_the_same() -> None:
    assert parse_entries(as_values(BUILTIN).encode(), PurePath("/values.yaml"), BUILTIN) == BUILTIN


def test_a_model_of_ones_own_takes_no_place(tmp_path: PurePath) -> None:
    source = LocalFile(file=str(tmp_path / "best.onnx"))
    own: Model = BUILTIN[0].model_copy(update={"name": "helmets", "source": source})
    text = as_values([own])
    assert "replaces" not in text
    assert parse_entries(text.encode(), PurePath("/elsewhere/values.yaml"), BUILTIN)[-1] == own


def test_the_command_writes_those_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(("model", "list", "pose", "object-detection", "-o", "helm"))
    assert ended.value.code == 0
    named = (next(model for model in BUILTIN if model.name == name) for name in ("pose", "object-detection"))
    assert capsys.readouterr().out == as_values(named)


def test_the_command_lists_those_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(("model", "list", "pose"))
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["name", "pose"]
