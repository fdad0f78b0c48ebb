"""A clip of a camera's frames with what was seen in them, drawn over."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np

from api.export import ExportedFrame
from api.frames.overlay import draw_detections, line_width
from schemas.errors import FrameError, SettingsError
from schemas.jpeg import check_jpeg
from schemas.printable import shown

CODEC: Final = "VP9"
"""What OpenCV's own FFmpeg can write and browsers play; it has no encoder of H.264."""
FPS: Final = 10.0
"""The rate of a clip whose frames do not show the camera's: of one frame, say."""
_SLOWEST: Final = 0.1
_FASTEST: Final = 240.0
_FOURCC: Final = "vp09"
_LIMIT_PIXELS: Final = 64_000_000
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


class Clip:
    """Writes an MP4, VP9 inside: one picture for each frame, all of the first one's size.

    It stands under its name when `finish` has found every picture in it; until then it is a hidden file beside.
    """

    def __init__(self, file: Path, *, camera: str) -> None:
        """Nothing is written before the first picture.

        Raises:
            SettingsError: The name does not end in .mp4, or there is no such folder.
        """
        self.pictures = 0
        self.broken = 0
        """Frames that are no pictures: they are left out."""
        self._fps = FPS
        self._file = file.absolute()  # a path, and nothing that FFmpeg could take for a URL
        if file.suffix.lower() != ".mp4":
            raise SettingsError(f"clip {shown(str(file))}: expected a name that ends in .mp4")
        if not self._file.parent.is_dir():
            raise SettingsError(f"clip {shown(str(file))}: there is no such folder; expected one that can be written")
        self._unfinished = self._file.with_name(f".{self._file.stem}.unfinished.mp4")
        self._camera = camera
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.release()
        self._unfinished.unlink(missing_ok=True)

    def set_rate(self, fps: float) -> None:
        """Have it play so many pictures a second, 0.1 to 240; to be told before the first one."""
        self._fps = round(min(max(fps, _SLOWEST), _FASTEST), 2)

    def add(self, frame: ExportedFrame, jpeg: bytes) -> None:
        """Write a frame; one that is no picture is counted and left out.

        Raises:
            SettingsError: The clip cannot be written.
        """
        picture = _decode(jpeg)
        if picture is None:
            self.broken += 1
            return
        if frame.result is not None:
            draw_detections(picture, frame.result.detections)
        if self._writer is None:
            height, width = picture.shape[:2]
            self._size = (width + width % 2, height + height % 2)  # the codec halves the colours
            self._writer = self._open()
        picture = _fitted(picture, *self._size)
        self._tell(picture, frame)
        self._writer.write(picture)
        self.pictures += 1

    def finish(self) -> None:
        """Give the clip its name.

        Raises:
            SettingsError: Not all that was written is in it: OpenCV does not say why, the disk may be full.
        """
        if self._writer is None:
            return
        self._writer.release()
        written = cv2.VideoCapture(str(self._unfinished), cv2.CAP_FFMPEG)
        count = round(written.get(cv2.CAP_PROP_FRAME_COUNT))
        written.release()
        if count != self.pictures:
            raise SettingsError(
                f"clip {shown(str(self._file))}: {max(count, 0)} of {self.pictures} pictures could be written; "
                "expected room on the disk"
            )
        self._unfinished.rename(self._file)

    def _open(self) -> cv2.VideoWriter:
        fourcc = cv2.VideoWriter.fourcc(*_FOURCC)
        writer = cv2.VideoWriter(str(self._unfinished), cv2.CAP_FFMPEG, fourcc, self._fps, self._size)
        if not writer.isOpened():
            raise SettingsError(
                f"clip {shown(str(self._file))}: OpenCV cannot write {CODEC} there; "
                "expected a folder that can be written, and an OpenCV with FFmpeg"
            )
        return writer

    def _tell(self, picture: np.ndarray, frame: ExportedFrame) -> None:
        """Say below which camera, when, and which frame this is; and where there is no result, why."""
        line = line_width(picture)
        moment = frame.captured_at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")
        text = f"{self._camera} {moment.removesuffix('+00:00')}Z {frame.run}/{frame.seq}"
        if frame.result is None:
            text += f" no result: {frame.fate}"
        (width, height), below = cv2.getTextSize(text, _FONT, 0.4 * line, line)
        bottom = picture.shape[0]
        cv2.rectangle(picture, (0, bottom - height - 2 * below), (width, bottom), (0, 0, 0), -1)
        cv2.putText(picture, text, (0, bottom - below), _FONT, 0.4 * line, (255, 255, 255), line, cv2.LINE_AA)


def _decode(jpeg: bytes) -> np.ndarray | None:
    try:
        check_jpeg(jpeg, limit_bytes=len(jpeg), limit_pixels=_LIMIT_PIXELS)
    except FrameError:
        return None
    # Boxes are in pixels as they are stored, so the picture is not turned either.
    picture: np.ndarray | None = cv2.imdecode(
        np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    )
    return picture


def _fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture in this size: as it is, or in its own proportions with borders."""
    has_height, has_width = picture.shape[:2]
    if (has_width, has_height) == (width, height):
        return picture
    if not (0 <= width - has_width <= 1 and 0 <= height - has_height <= 1):
        scale = min(width / has_width, height / has_height)
        size = (max(1, round(has_width * scale)), max(1, round(has_height * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        has_height, has_width = picture.shape[:2]
    across, down = width - has_width, height - has_height
    fitted: np.ndarray = cv2.copyMakeBorder(
        picture, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_CONSTANT
    )
    return fitted
