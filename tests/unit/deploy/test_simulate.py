"""`framebus simulate`, and the document that has its tables from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.cli import main

DOCUMENT = Path(__file__).parents[3] / "docs" / "scaling.md"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(("simulate", *arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_documents_table_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--compare", "--markdown") == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2 + 5 * 6
    assert printed in DOCUMENT.read_text()


def test_a_trace_is_simulated_and_what_it_writes_is_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "recorded.csv"
    trace.write_text("seconds,fps\n0,20\n120,20\n121,60\n600,60\n")
    assert run("--trace", str(trace), "--json", "--fps", "25") == 0
    first = json.loads(capsys.readouterr().out)
    assert first["load"] == "recorded.csv"
    assert first["rule"] == "lag-rate"
    assert first["mu"] == 25
    assert len(first["samples"]) == 600
    assert first["samples"][-1]["replicas"] == 3
    again = tmp_path / "again.json"
    again.write_text(json.dumps(first))
    assert run("--trace", str(again), "--json", "--fps", "25") == 0
    second = json.loads(capsys.readouterr().out)
    assert second["samples"][-1]["replicas"] == 3
    assert second["figures"]["skipped"] == pytest.approx(first["figures"]["skipped"], rel=0.2)
    assert "replicas_from_recorded" not in first
    assert 0 <= second["replicas_from_recorded"] < 0.5  # it begins a second later between two looks
    figure = tmp_path / "again.svg"
    assert run("--trace", str(again), "--fps", "25", "--rule", "cpu", "--plot", str(figure)) == 0
    assert "replicas from what was recorded" in capsys.readouterr().out
    assert ">recorded<" in figure.read_text()


@pytest.mark.parametrize(
    "load",
    [
        ("--constant", "30"),
        ("--step", "20,50,100,300"),
        ("--ramp", "10,80,60,120"),
        ("--burst", "10,80,60,30,120"),
        ("--day", "5,80"),
    ],
    ids=lambda load: load[0],
)
def test_loads_of_every_kind_give_a_table(load: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*load, "--duration", "600", "--rule", "lag", "--min", "0", "--max", "8") == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["load", "rule", "replica-s"]
    assert row.split()[1] == "lag"
    assert float(row.split()[2]) > 0


def test_a_figure_has_every_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "step.svg"
    assert run("--step", "20,50,60", "--duration", "300", "--compare", "--plot", str(figure)) == 0
    assert len(capsys.readouterr().out.splitlines()) == 7
    text = figure.read_text()
    assert all(f">{name}<" in text for name in ("arrivals", "cpu", "ratio", "drops", "lag", "lag-slow", "lag-rate"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no arrivals: expected --trace"),
        (("--step", "1,2"), "--step '1,2': expected 3 or 4 numbers"),
        (("--day", "1,x"), "--day '1,x': expected 2 numbers"),
        (("--constant", "-1"), "--constant '-1': expected 1 numbers"),
        (("--constant", "1", "--day", "1,2"), "2 loads; expected one of --trace"),
        (("--compare", "--plot", "x.svg"), "--plot x.svg of several loads: expected one load beside --compare"),
        (("--constant", "5", "--plot", "/dev/null/x.svg"), "expected a place that can be written to"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_one_line(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("framebus: ")
    assert said in line


def test_a_trace_that_is_no_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_bytes(b"\xff\xfe\x00")
    assert run("--trace", str(trace)) == 2
    assert "expected a text file" in capsys.readouterr().err
