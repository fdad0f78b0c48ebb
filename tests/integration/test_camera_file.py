"""Cameras from a file, as a Job of the chart applies them, against a real broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from producers.control import read_cameras
from schemas.messages import Flip
from schemas.settings import Settings
from tests.integration.cli_kit import Run, runner
from tests.planted import URL_PASSWORD

DOOR = "{id: door, source: 'rtsp://me@cam/1', models: [object-detection], fps: 5}"
YARD = "{id: yard, source: '0', models: [object-detection, pose]}"


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(settings, capsys, monkeypatch)


def written(folder: Path, *cameras: str) -> str:
    file = folder / "cameras.yaml"
    file.write_text("cameras:\n" + "".join(f"  - {camera}\n" for camera in cameras))
    return str(file)


def test_a_file_adds_and_changes_and_is_then_as_it_says(run: Run, tmp_path: Path) -> None:
    assert run("camera", "add", "own", "--source", "0")[0] == 0
    file = written(tmp_path, DOOR, YARD)
    assert run("camera", "apply", file) == (
        0,
        "camera door added: object-detection from rtsp://me@cam/1\ncamera yard added: object-detection, pose from 0\n",
        "",
    )
    assert run("camera", "apply", file) == (0, "nothing to do: all 2 cameras are as in the file\n", "")
    file = written(tmp_path, DOOR.replace("fps: 5", "fps: 6"), YARD)
    assert run("camera", "apply", file)[1] == "camera door changed: object-detection from rtsp://me@cam/1\n"
    listed = run("camera", "list")[1].splitlines()[1:]
    assert [line.split()[0] for line in listed] == ["door", "own", "yard"]


def test_a_file_says_all_that_a_camera_takes(run: Run, settings: Settings, tmp_path: Path) -> None:
    more = (
        "rotate: 90, flip: vertical, masks: [[[0, 0], [0.5, 0], [0, 1]]], roi: [[0, 0], [1, 0], [1, 1]], still_fps: 1, "
        "motion: 0.01, schedule: [mon-fri 08:00-20:00, sat 22:00-02:00], timezone: Europe/Berlin"
    )
    file = written(tmp_path, DOOR.replace("fps: 5", more), "{id: bad, source: '0', models: [object-detection], roi: 1}")
    assert ":3: camera: roi = 1" in run("camera", "apply", file)[2]
    file = written(tmp_path, DOOR.replace("fps: 5", more))
    assert run("camera", "apply", file)[0] == 0
    camera = read_cameras(settings)["door"]
    assert (camera.rotate, camera.flip, camera.motion) == (90, Flip.VERTICAL, 0.01)
    assert (camera.masks, camera.roi) == ((((0, 0), (0.5, 0), (0, 1)),), ((0, 0), (1, 0), (1, 1)))
    assert camera.schedule == ("mon-fri 08:00-20:00", "sat 22:00-02:00")
    assert run("camera", "apply", file)[1] == "nothing to do: all 1 cameras are as in the file\n"


@pytest.mark.parametrize(
    ("cameras", "said"),
    [
        (("{id: gate}",), ":2: camera: source = "),
        ((DOOR, "{id: gate, source: '0', models: [pose]}"), ":3: camera 'gate': model 'pose' follows"),
        ((DOOR, DOOR), ":3: camera 'door' is there twice; expected another id"),
        ((DOOR, "{id: gate, source: '0', models: [x]}"), ":3: camera 'gate': model 'x': expected one of"),
        (("{id: gate, sauce: '0'}",), ":2: camera: unknown field sauce; expected one of id, source"),
        ((f"{{id: a, source: 'rtsp://me:{URL_PASSWORD}@cam/1', models: [pose]}}",), ":2: camera 'a'"),
        (("gate",), ":2: camera 'gate': expected a mapping of fields"),
        (("{id: gate, id: gate}",), ":2: key 'id' is there twice"),
    ],
)
def test_a_file_with_a_fault_changes_nothing(run: Run, tmp_path: Path, cameras: tuple[str, ...], said: str) -> None:
    file = Path(written(tmp_path, *cameras))
    code, out, err = run("camera", "apply", str(file))
    file.unlink()  # the session ends with a search for the secret that one of them holds
    assert (code, out) == (2, "")
    assert f"cameras.yaml{said}" in err
    assert URL_PASSWORD not in err
    assert len(run("camera", "list")[1].splitlines()) == 1


@pytest.mark.parametrize(("text", "said"), [("door", ":1: 'door': expected cameras:"), ("", ":1: None: expected")])
def test_a_file_without_cameras_is_refused(run: Run, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "cameras.yaml"
    file.write_text(text)
    code, _, err = run("camera", "apply", str(file))
    assert code == 2
    assert said in err
    code, _, err = run("camera", "apply", str(tmp_path / "none.yaml"))
    assert code == 2
    assert "No such file or directory; expected a YAML file of cameras" in err
