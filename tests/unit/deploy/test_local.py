from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from deploy.cli import local
from deploy.cli.local import Echo, fresh_logs, own_cameras, run_folder, with_page_port
from schemas.catalogue import Catalogue
from schemas.errors import CameraError, EnvironmentMissingError
from schemas.settings import Settings


def test_the_page_takes_the_usual_port_or_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert with_page_port(Settings(api_port=taken), None).api_port != taken
        with pytest.raises(EnvironmentMissingError, match=f"--port {taken}: it is taken on 127.0.0.1"):
            with_page_port(Settings(), taken)
    assert with_page_port(Settings(api_port=taken), None).api_port == taken
    assert with_page_port(Settings(api_port=0), None).api_port != 0


def test_own_cameras_get_names_and_all_models() -> None:
    models = ("object-detection", "face-detection")
    made = own_cameras(0, ["rtsp://cam/1"], Catalogue())
    assert [(camera.id, camera.source, camera.models) for camera in made] == [
        ("own-1", "0", models),
        ("own-2", "rtsp://cam/1", models),
    ]
    assert own_cameras(None, [], Catalogue()) == ()
    with pytest.raises(CameraError, match=r"camera 'own-1': source .* holds a secret"):
        own_cameras(None, ["rtsp://me:secret@cam/1"], Catalogue())


def test_folders_of_killed_runs_are_removed_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale, living, other = (tmp_path / name for name in (f"run-{gone.pid}", f"run-{os.getppid()}", "logs"))
    for folder in (stale, living, other):
        folder.mkdir()
    own = run_folder(tmp_path)
    assert own.name == f"run-{os.getpid()}"
    assert [path.exists() for path in (stale, living, other, own)] == [False, True, True, True]


def test_logs_begin_anew(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("old")
    (tmp_path / "mine.txt").write_text("kept")
    assert fresh_logs(tmp_path) == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("2026-01-31T12:00:00.250Z INFO a.b fine", False),
        ("2026-01-31T12:00:00.250Z DEBUG a.b fine", False),
        ("2026-01-31T12:00:00.250Z WARNING a.b [not] markup", True),
        ("Segmentation fault", True),
    ],
)
def test_quiet_shows_what_is_not_usual(
    line: str, shown: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "err", Console(stderr=True, highlight=False, width=200))
    Echo(quiet=True)("capture", line)
    assert capsys.readouterr().err == (f"{'capture':>26} {line}\n" if shown else "")
    Echo(quiet=False)("capture", line)
    assert line in capsys.readouterr().err
