"""Values that several unit tests of the API need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.result_record import ResultRecord
from schemas.contract import RESULT
from schemas.messages import Detection

T0 = datetime(2026, 1, 31, 12, tzinfo=UTC)


def detection(label: str, score: float) -> Detection:
    return Detection(label=label, score=score, box=(0, 0, 1, 1))


def record(
    number: int = 0, *detections: Detection, camera: str = "gate", model: str = "object-detection"
) -> ResultRecord:
    """The result at offset `number`, appended `number` seconds after T0."""
    frame = RESULT.frame.model_copy(update={"camera": camera, "address": f"{model}/0/{number}"})
    reference = RESULT.model.model_copy(update={"name": model})
    result = RESULT.model_copy(update={"frame": frame, "model": reference, "detections": detections})
    return ResultRecord(model, 0, number, T0 + timedelta(seconds=number), result.to_json(), result)
