"""`framebus camera`: every field has its option, and one camera is shown with how it is doing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from producers.control import put_camera, read_cameras
from producers.records import RecordSink
from schemas.messages import Camera, CameraState, CameraStatus, Flip
from schemas.settings import Settings
from tests.integration.cli_kit import Run, runner
from tests.planted import URL_PASSWORD

MODEL = "object-detection"
PLAIN = Camera(id="door", source="0", models=(MODEL,))
MASK, ROI = "0,0 0.25,0 0.25,1 0,1", "0.1,0.2 0.5,0.2 0.5,0.6"
SINCE = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(settings, capsys, monkeypatch)


def test_every_field_has_an_option_that_sets_it_and_one_that_does_not(run: Run, settings: Settings) -> None:
    options = [
        "--rotate",
        "90",
        "--flip",
        "horizontal",
        "--still-fps",
        "0.5",
        "--motion",
        "0.01",
        "--timezone",
        "Europe/Berlin",
        "--fps",
        "5",
        "--site",
        "north",
        "--quality",
        "70",
        "--loop",
        "--pacing",
        "max",
        "--lane",
        "batch",
        "--transport",
        "udp",
        "--disabled",
    ]
    areas = ("--mask", MASK, "--mask", ROI, "--roi", ROI)
    hours = ("--schedule", "mon-fri 08:00-20:00", "--schedule", "sat 22:00-02:00")
    assert (
        run("camera", "add", "door", "--source", "rtsp://10.0.0.7/1", "--model", MODEL, *options, *areas, *hours)[0]
        == 0
    )
    camera = read_cameras(settings)["door"]
    given = camera.model_dump(exclude_defaults=True)
    assert given.keys() == Camera.model_fields.keys()
    assert camera.masks == (((0, 0), (0.25, 0), (0.25, 1), (0, 1)), ((0.1, 0.2), (0.5, 0.2), (0.5, 0.6)))
    assert (camera.roi, camera.flip, camera.still_fps) == (camera.masks[1], Flip.HORIZONTAL, 0.5)

    back = [
        "--rotate",
        "0",
        "--flip",
        "none",
        "--still-fps",
        "0",
        "--mask",
        "none",
        "--roi",
        "none",
        "--schedule",
        "none",
        "--fps",
        "0",
        "--no-loop",
        "--pacing",
        "native",
        "--lane",
        "live",
        "--transport",
        "tcp",
        "--source",
        "0",
        "--enabled",
        "--quality",
        "85",
        "--motion",
        "0.0005",
        "--timezone",
        "UTC",
        "--site",
        "default",
    ]
    assert run("camera", "edit", "door", *back)[0] == 0
    assert read_cameras(settings) == {"door": PLAIN}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--mask", "0,0 1,0 x"), "--mask '0,0 1,0 x': expected points, as 0.1,0.2 0.5,0.2 0.5,0.6"),
        (("--mask", "0,0 1,0 1"), "camera: masks.0.2.1 = [1.0]: Field required"),
        (("--roi", "0,0 1,0"), "camera: roi = [[0.0, 0.0], [1.0, 0.0]]"),
        (("--roi", "0,0 1,1 1,0 0,1"), "expected edges that do not cross"),
        (("--rotate", "45"), "camera: rotate = 45"),
        (("--flip", "sideways"), "camera: flip = 'sideways'"),
        (("--still-fps", "-1"), "camera: still_fps = -1.0"),
        (("--motion", "0"), "camera: motion = 0.0"),
        (
            ("--schedule", "weekdays"),
            "camera: schedule.0 = 'weekdays': Value error, expected days and hours",
        ),
        (("--timezone", "Mars/Olympus"), "camera 'door': timezone = 'Mars/Olympus'; expected one of the IANA's"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(run: Run, arguments: tuple[str, ...], error: str) -> None:
    code, _, err = run("camera", "add", "door", "--source", "0", *arguments)
    assert code == 2
    assert error in err
    assert err.count("\n") == 1


def test_a_camera_is_shown_with_how_it_is_doing(run: Run, settings: Settings) -> None:
    put_camera(settings, PLAIN.model_copy(update={"source": f"rtsp://me:{URL_PASSWORD}@cam/1"}))
    status = CameraStatus(
        camera="door", site="default", state=CameraState.STILL, since=SINCE, owner="edge-1-77", run=4, fps=12.5,
        width=640, height=360, last_error="no answer", last_error_at=SINCE,
    )  # fmt: skip
    records = RecordSink(settings)
    records.status(status)
    assert records.close(10) == 0

    listed = run("camera", "list")[1].splitlines()
    assert listed[1].split() == ["door", "default", MODEL, "yes", "still", "12.5", "tcp", "rtsp://me:***@cam/1"]
    code, out, _ = run("camera", "get", "door", "--json")
    assert code == 0
    shown = json.loads(out)
    assert CameraStatus.model_validate(shown["status"]) == status
    assert Camera.model_validate(shown["camera"]) == PLAIN.model_copy(update={"source": "rtsp://me:***@cam/1"})
    _, out, _ = run("camera", "get", "door")
    rows = dict(line.rstrip().split(maxsplit=1) for line in out.splitlines() if len(line.split()) > 1)
    assert (rows["state"], rows["owner"], rows["fps"], rows["last_error"]) == (
        "still",
        "edge-1-77",
        "12.5",
        "no answer",
    )
    assert "still" in run("status")[1]
    assert "no answer)" in run("status")[1]


def test_a_camera_that_nobody_runs_or_nobody_wants(run: Run, settings: Settings) -> None:
    put_camera(settings, PLAIN)
    assert json.loads(run("camera", "get", "door", "--json")[1])["status"] is None
    code, _, err = run("camera", "get", "yard")
    assert (code, err) == (2, "framebus: camera 'yard': expected one of door\n")
