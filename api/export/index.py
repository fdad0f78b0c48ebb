"""The frames of an export in a temporary file: memory does not grow with their number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Final

from api.export.frame import ExportedFrame
from schemas.ledger.outcome import Outcome
from schemas.messages import FrameAddress, FrameInfo, PartitionRanges, Result
from schemas.messages.parent import PLACES

_TABLE: Final = """
CREATE TABLE frames (
    partition INTEGER, place INTEGER, run INTEGER, seq INTEGER, crop INTEGER, captured TEXT,
    width INTEGER, height INTEGER, outcome INTEGER DEFAULT 0, result BLOB,
    PRIMARY KEY (partition, place)
) WITHOUT ROWID
"""
_ORDER: Final = "ORDER BY run, seq, partition, place"
_PACE_OF: Final = 2_000
"""Frames that the rate is found in."""


class FrameIndex:
    """What is known of each frame but its JPEG, in a temporary SQLite file that ends with it; for one thread."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._db = sqlite3.connect("", isolation_level=None)  # "": a file that SQLite makes and removes
        self._db.execute(_TABLE)
        self._db.execute("BEGIN")

    def add(self, partition: int, offset: int, info: FrameInfo) -> None:
        """A frame is in the log."""
        row = (partition, offset, info.run, info.seq, info.parent is not None, info.captured_at.isoformat())
        self._db.execute(
            "INSERT OR IGNORE INTO frames (partition, place, run, seq, crop, captured, width, height)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, info.width, info.height),
        )

    def infer(self, address: FrameAddress, result: bytes | None) -> None:
        """A frame has a result, None if it cannot be read; of two the first one that can be counts."""
        self._db.execute(
            "UPDATE frames SET outcome = ?, result = coalesce(result, ?) WHERE partition = ? AND place = ?",
            (Outcome.INFERRED, result, address.partition, address.offset),
        )

    def settle(self, ranges: Iterable[PartitionRanges], outcome: Outcome) -> None:
        """Frames have this outcome, unless they have a higher one."""
        for entry in ranges:
            for first, last in entry.ranges:
                self._db.execute(
                    "UPDATE frames SET outcome = max(outcome, ?) WHERE partition = ? AND place BETWEEN ? AND ?",
                    (outcome, entry.partition, first, last),
                )

    def missing(self) -> bool:
        """Whether there is a frame without an outcome."""
        return self._db.execute("SELECT 1 FROM frames WHERE outcome = 0 LIMIT 1").fetchone() is not None

    def __len__(self) -> int:
        """How many frames are known."""
        return int(self._db.execute("SELECT count(*) FROM frames").fetchone()[0])

    def fps(self) -> float | None:
        """The rate that the camera offered frames at: the median over its first 2,000; None where nothing shows it."""
        rows = self._db.execute(f"SELECT run, seq, crop, captured FROM frames {_ORDER} LIMIT ?", (_PACE_OF,))  # noqa: S608
        taken = [
            (run, seq // PLACES if crop else seq, datetime.fromisoformat(captured)) for run, seq, crop, captured in rows
        ]
        steps = [
            (later[2] - former[2]).total_seconds() / (later[1] - former[1])
            for former, later in pairwise(taken)
            if former[0] == later[0] and former[1] < later[1] and former[2] < later[2]
        ]
        return 1 / median(steps) if steps else None

    def frames(self, committed: Mapping[int, int], limit: int | None) -> Iterator[ExportedFrame]:
        """The first `limit` frames in the order of capture; `committed` is where the workers are, by partition."""
        columns = "partition, place, run, seq, captured, width, height, outcome, result"
        found = self._db.execute(f"SELECT {columns} FROM frames {_ORDER} LIMIT ?", (-1 if limit is None else limit,))  # noqa: S608
        for partition, place, run, seq, captured, width, height, outcome, result in found:
            yield ExportedFrame(
                address=FrameAddress(self._model, partition, place),
                run=run,
                seq=seq,
                captured_at=datetime.fromisoformat(captured),
                width=width,
                height=height,
                outcome=Outcome(outcome),
                passed=place < committed.get(partition, 0),
                result=Result.from_json(result) if result is not None else None,
            )

    def close(self) -> None:
        """Give the file back."""
        self._db.close()
