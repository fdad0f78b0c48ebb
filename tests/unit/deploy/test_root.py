from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from deploy.cli import main
from deploy.cli.root import VERBS


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code, *capsys.readouterr()


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(f" {verb} " in out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_its_module_and_its_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(import_module(f"deploy.cli.commands.{verb.replace('-', '_')}").app, typer.Typer)
    code, out, _ = run(capsys, verb, "--help")
    assert code == 0
    assert f"framebus {verb}" in out


def test_what_framebus_reports_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEBUS_SPEED", "11")
    code, out, err = run(capsys, "topic", "plan")
    assert (code, out) == (2, "")
    assert err.startswith("framebus: unknown variable FRAMEBUS_SPEED; expected one of FRAMEBUS_BOOTSTRAP_SERVERS")
    assert err.count("\n") == 1


def test_an_unknown_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "dance")
    assert code == 2
    assert "No such command 'dance'" in err


def test_a_broker_address_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "topic", "plan", "--kafka", "nowhere")
    assert code == 2
    assert err.startswith("framebus: FRAMEBUS_BOOTSTRAP_SERVERS='nowhere': ")


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "try:\n"
        "    from deploy.cli import main; main(['--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'openvino', 'cv2', 'faust', 'confluent_kafka', 'fastapi', 'aiokafka'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_a_missing_library_of_the_system_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    (tmp_path / "some.jpg").touch()
    command = [sys.executable, "-m", "deploy.cli", "model", "predict", "some.jpg", "--model", "face-detection"]
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[3]}"}
    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("framebus: libGL.so.1: cannot open shared object file: a library of the system is")
