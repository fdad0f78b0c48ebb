"""Frames and what was seen in them as a folder of pictures with a COCO file, for training and for `model evaluate`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Final, Self

from api.export import ExportedFrame
from schemas.catalogue import Model
from schemas.errors import SettingsError
from schemas.ledger.outcome import Outcome
from schemas.messages import Detection
from schemas.printable import shown

ANNOTATIONS: Final = "annotations.json"
_PICTURES: Final = "images"
_SEEN: Final = 2
"""COCO's word for a keypoint that is marked and visible."""


class CocoFolder:
    """Writes `images/*.jpg` and, at the end, `annotations.json`; its lists wait in temporary files, not in memory.

    A frame with a result is one of COCO's images, also where nothing was seen in it. The others are in a list of their
    own, `without_result`, with what became of them: to a training they would say that there is nothing to see. Dead
    letters get no picture: what they have is no JPEG.
    """

    def __init__(self, folder: Path, model: Model, *, about: Mapping[str, str]) -> None:
        """`about` is told in the file's `info`.

        Raises:
            SettingsError: The folder is not empty, or cannot be written.
        """
        self.pictures = 0
        self.images = 0
        self.annotations = 0
        self._folder = folder
        self._about = about
        self._categories = {label: number for number, label in enumerate(dict.fromkeys(model.labels.values()), 1)}
        self._stack = ExitStack()
        with _told(folder):
            (folder / _PICTURES).mkdir(parents=True, exist_ok=True)
            if any(entry.name != _PICTURES for entry in folder.iterdir()) or any((folder / _PICTURES).iterdir()):
                raise SettingsError(f"folder {shown(str(folder))}: it is not empty; expected a new or an empty one")
        self._lists = {name: _List(self._stack) for name in ("images", "annotations", "without_result")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, frame: ExportedFrame, jpeg: bytes) -> None:
        """Write a frame.

        Raises:
            SettingsError: It cannot be written.
        """
        entry: dict[str, Any] = {
            "address": str(frame.address),
            "run": frame.run,
            "seq": frame.seq,
            "date_captured": frame.captured_at.isoformat(),
            "width": frame.width,
            "height": frame.height,
        }
        with _told(self._folder):
            if frame.outcome is not Outcome.DEAD:
                entry["file_name"] = name = _file_name(frame)
                (self._folder / name).write_bytes(jpeg)
                self.pictures += 1
            if frame.result is None:
                self._lists["without_result"].add(entry | {"outcome": frame.fate})
                return
            self.images += 1
            self._lists["images"].add({"id": self.images, **entry, "model_version": frame.result.model.version})
            for found in frame.result.detections:
                self.annotations += 1
                self._lists["annotations"].add({"id": self.annotations, **self._annotation(found)})

    def finish(self) -> None:
        """Write the file of annotations; a folder without one is that of an export that did not come to its end.

        Raises:
            SettingsError: It cannot be written.
        """
        unfinished = self._folder / f".{ANNOTATIONS}"
        with _told(self._folder):
            with unfinished.open("w", encoding="utf-8") as file:
                file.write(f'{{"info": {json.dumps(self._about)}')
                for name, entries in self._lists.items():
                    file.write(f',\n"{name}": [')
                    entries.copy(file)
                    file.write("]")
                categories = [{"id": number, "name": label} for label, number in self._categories.items()]
                file.write(f',\n"categories": {json.dumps(categories)}}}\n')
            unfinished.rename(self._folder / ANNOTATIONS)

    def _annotation(self, found: Detection) -> dict[str, Any]:
        x1, y1, x2, y2 = found.box
        points = found.keypoints or ()
        return {
            "image_id": self.images,
            # A label that the entry no longer has, of an earlier version of the model, gets the next number.
            "category_id": self._categories.setdefault(found.label, len(self._categories) + 1),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": 0,
            "score": found.score,
            **(
                {"keypoints": [part for x, y, *_ in points for part in (x, y, _SEEN)], "num_keypoints": len(points)}
                if points
                else {}
            ),
        }


class _List:
    """JSON values that wait in a file for theirs."""

    def __init__(self, stack: ExitStack) -> None:
        file = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # the stack closes it
        self._file: IO[str] = stack.enter_context(file)
        self._between = "\n"

    def add(self, value: Mapping[str, Any]) -> None:
        self._file.write(f"{self._between}{json.dumps(value)}")
        self._between = ",\n"

    def copy(self, to: IO[str]) -> None:
        self._file.seek(0)
        shutil.copyfileobj(self._file, to)


def _file_name(frame: ExportedFrame) -> str:
    """Numbers only, so it is a name wherever it is written; sorted by it, frames are in the order of capture."""
    address = frame.address
    return f"{_PICTURES}/{frame.run:08d}-{frame.seq:010d}-{address.partition}-{address.offset}.jpg"


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"folder {shown(str(folder))}: {error.strerror}; expected one that can be written"
        ) from None
