"""Less work, earlier: what is still, hidden, turned or too much leaves capture as its camera asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from producers.control import put_camera
from schemas.messages import Camera, CameraState
from schemas.settings import Settings
from tests.integration.capture_world import capture_worker, eventually, read_captures, read_frames, read_statuses

FACES = "face-detection"
HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def picture(folder: Path, name: str, grey: int) -> None:
    """A picture of 320 × 200 pixels, all of one grey but for its left half, which is white."""
    folder.mkdir(exist_ok=True)
    made = np.full((200, 320, 3), grey, np.uint8)
    made[:, :160] = 255
    assert cv2.imwrite(str(folder / name), made)


def decoded(record: Any) -> Any:
    seen = cv2.imdecode(np.frombuffer(record.value(), np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    return seen


def test_what_is_still_is_captured_and_dropped_and_moves_again(settings: Settings, tmp_path: Path) -> None:
    picture(tmp_path / "scene", "a.png", 100)
    camera = Camera(id="hall", source=str(tmp_path / "scene"), models=(FACES,), fps=20, loop=True, still_fps=1)
    put_camera(settings, camera)
    put_camera(settings, camera.model_copy(update={"id": "ungated", "still_fps": None}))

    def state() -> str:
        status = read_statuses(settings).get("hall")
        return str(status.state) if status else ""

    with capture_worker(settings.model_copy(update={"source_roots": str(tmp_path)}), tmp_path) as worker:
        eventually(lambda: state() == CameraState.STILL, "it is still")
        status = eventually(lambda: (one := read_statuses(settings)["hall"]) and one.fps and one, "its rate is told")
        picture(tmp_path / "scene", "b.png", 180)  # the folder is listed anew at each turn: now every picture is new
        eventually(lambda: state() == CameraState.STREAMING, "something moves")
        worker.stop()
    assert status.fps > 10, "its pictures come as before"
    totals = {camera: totals for (camera, _, _), totals in read_captures(settings).totals.items()}
    hall, ungated = totals["hall"], totals["ungated"]
    assert hall.closed
    assert hall.imbalance == hall.gap == hall.in_flight == hall.failed == 0
    assert hall.captured == hall.delivered + sum(hall.dropped.values())
    assert hall.dropped["still"] > hall.captured / 4
    assert "still" not in ungated.dropped
    sent = sorted(read_frames(settings, FACES).of("hall").values(), key=lambda info: info.seq)
    assert sent[0].seq == 0, "the first picture is sent"
    times = [info.captured_at.timestamp() for info in sent[:3]]
    assert 0.8 < times[1] - times[0] < 1.5, "and one a second while nothing moves"


def test_nothing_of_a_masked_area_leaves_capture_and_frames_are_as_they_are_told(
    settings: Settings, tmp_path: Path
) -> None:
    picture(tmp_path / "scene", "a.png", 100)
    plain = Camera(id="plain", source=str(tmp_path / "scene"), models=(FACES,), fps=5, loop=True)
    put_camera(settings, plain)
    put_camera(settings, plain.model_copy(update={"id": "masked", "masks": (HALF,)}))
    put_camera(settings, plain.model_copy(update={"id": "turned", "rotate": 180, "masks": (HALF,)}))
    put_camera(settings, plain.model_copy(update={"id": "upright", "rotate": 90}))
    names = {"plain", "masked", "turned", "upright"}

    def sized() -> bool:
        statuses = read_statuses(settings)
        return all((one := statuses.get(name)) is not None and one.width for name in names)

    with capture_worker(settings.model_copy(update={"source_roots": str(tmp_path)}), tmp_path) as worker:
        eventually(sized, "all give pictures")
        worker.stop()
    frames = read_frames(settings, FACES)
    seen = {name: decoded(frames.records[next(iter(frames.of(name)))]) for name in names}
    assert seen["plain"][:, :150].min() > 240
    assert seen["masked"][:, :161].max() < 16, "black, but for what JPEG makes of it"
    assert seen["masked"][:, 170:].min() > 80
    assert seen["turned"][:, :161].max() < 16, "the half that is on the left after turning"
    assert seen["turned"][:, 170:].min() > 240
    sizes = {name: {(info.width, info.height) for info in frames.of(name).values()} for name in names}
    assert sizes == {name: {(200, 320) if name == "upright" else (320, 200)} for name in names}
    assert seen["upright"].shape == (320, 200, 3)
    status = read_statuses(settings)["upright"]
    assert status is not None
    assert (status.width, status.height) == (200, 320)
