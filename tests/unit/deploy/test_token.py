from __future__ import annotations

import stat
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.cli.options import read_settings


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(("token", *arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_tokens_are_long_and_never_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert [run(), run()] == [0, 0]
    first, second = capsys.readouterr().out.split()
    assert first != second
    assert len(first) == 43


def test_a_token_in_a_file_is_its_owners_and_fit_for_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    assert run(str(path)) == 0
    assert capsys.readouterr().out == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setenv("FRAMEBUS_API_OPERATOR_TOKEN_FILE", str(path))
    token = read_settings().api_operator_token
    assert token is not None
    assert token.get_secret_value() == path.read_text().strip()


def test_a_token_that_is_in_use_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "token"
    path.write_text("precious")
    assert run(str(path)) == 2
    assert "expected a file that does not exist yet" in capsys.readouterr().err
    assert path.read_text() == "precious"


def test_a_secret_for_a_sink_is_fit_for_the_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--webhook") == 0
    monkeypatch.setenv("FRAMEBUS_SINK_SECRET", capsys.readouterr().out.strip())
    assert read_settings().sink_secret is not None
