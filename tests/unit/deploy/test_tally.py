from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.tally import Tally, quantile
from schemas.messages import Detection, FrameReference, Lane, ModelReference, Result, StageTimings

T0 = datetime(2026, 1, 31, 12, tzinfo=UTC)


def result(offset: int, *, camera: str = "street", model: str = "objects", detections: int = 1) -> Result:
    frame = FrameReference(
        id=f"{model}/1/{offset}", camera=camera, site="default", run=1, seq=offset,
        captured_at=T0 + timedelta(seconds=offset), width=640, height=480, lane=Lane.LIVE,
        address=f"{model}/0/{offset}",
    )  # fmt: skip
    found = Detection(label="person", score=0.9, box=(0, 0, 1, 1))
    return Result(
        frame=frame,
        model=ModelReference(name=model, version="v", precision="f32", device="CPU"),
        detections=(found,) * detections,
        stages=StageTimings(wait=0.0, decode=0.0, infer=0.0, outputs=0.0),
        inferred_at=T0,
    )


def test_latency_runs_from_capture_to_the_append() -> None:
    tally = Tally()
    tally.add(result(3), appended_at=(T0 + timedelta(seconds=3.25)).timestamp())
    assert tally.stream(("street", "objects")).latencies.tolist() == [0.25]


def test_a_redelivered_frame_counts_once() -> None:
    tally = Tally()
    for _ in range(2):
        tally.add(result(5, detections=2), appended_at=T0.timestamp())
    tally.add(result(4, detections=3), appended_at=T0.timestamp())
    tally.add(result(5000), appended_at=T0.timestamp())
    stream = tally.stream(("street", "objects"))
    assert (len(stream.latencies), stream.detections) == (3, 6)


def test_cameras_and_models_are_told_apart() -> None:
    tally = Tally()
    tally.add(result(1), appended_at=T0.timestamp())
    tally.add(result(1, model="faces"), appended_at=T0.timestamp())
    tally.add(result(2, camera="yard"), appended_at=T0.timestamp())
    assert tally.pairs == {("street", "objects"), ("street", "faces"), ("yard", "objects")}
    assert len(tally.stream(("nobody", "objects")).latencies) == 0


def test_the_rate_counts_appends_of_the_window_only() -> None:
    tally = Tally()
    for second in range(10):
        tally.add(result(second), appended_at=100.0 + second)
    assert tally.rate(("street", "objects"), since=102.0, until=106.0) == 1.0
    assert tally.rate(("street", "objects"), since=106.0, until=106.0) == 0.0


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.5, 7.0),
        ([7.0], 0.99, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 102)], 0.99, 100.0),
    ],
)
def test_a_quantile_is_one_of_the_values(values: list[float], share: float, expected: float | None) -> None:
    assert quantile(values, share) == expected
