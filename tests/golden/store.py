"""The frozen releases: their records and their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from processors.streaming.caution import Position

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """One record as a release wrote it; `topic` is its name without the installation's prefix."""

    release: str
    name: str
    topic: str
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None

    def __str__(self) -> str:
        return f"{self.release} {self.name}"


@dataclass(frozen=True, slots=True)
class GoldenCommit:
    """One commit as a release wrote it."""

    release: str
    name: str
    position: Position

    def __str__(self) -> str:
        return f"{self.release} {self.name}"


def releases() -> list[Path]:
    """The folder of each frozen release."""
    return sorted(path.parent for path in HERE.glob("*/release.json"))


def records() -> list[GoldenRecord]:
    """Every record of every release."""
    return [
        GoldenRecord(
            release,
            line["name"],
            line["topic"],
            _bytes(line["key"]),
            tuple((name, _bytes(value)) for name, value in line["headers"]),
            _bytes(line["value"]),
        )
        for release, line in _lines()
        if "topic" in line
    ]


def commits() -> list[GoldenCommit]:
    """Every commit of every release."""
    return [
        GoldenCommit(release, line["name"], Position(line["offset"], line["metadata"]))
        for release, line in _lines()
        if "metadata" in line
    ]


def schemas(release: Path) -> dict[str, dict[str, Any]]:
    """The JSON Schemas of a release, by the name of their file."""
    return {path.name: json.loads(path.read_text()) for path in sorted((release / "json").iterdir())}


def _lines() -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in releases():
        for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines():
            yield folder.name, json.loads(line)


def _bytes(text: str | dict[str, str] | None) -> bytes | None:
    if isinstance(text, dict):
        return bytes.fromhex(text["hex"])
    return None if text is None else text.encode()
