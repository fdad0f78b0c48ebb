"""The audit's answer as JSON (the route `ledger`, `framebus audit --json`) and as text (`framebus audit`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from schemas.ledger import Account, Balance, Unexplained
from schemas.messages import format_time


class Counts(BaseModel):
    """Where frames are; `skipped` is the sum of `stale` and `expired`."""

    model_config = ConfigDict(frozen=True)

    captured: int
    dropped: dict[str, int]
    delivered: int
    failed: int
    unknown: int
    inferred: int
    dead: int
    stale: int
    expired: int
    skipped: int
    in_log: int
    unexplained: int


class CameraAccount(Counts):
    """The frames of one camera for one model."""

    camera: str
    model: str


class UncountedAccount(Counts):
    """Frames of one model that no capture record names, such as those of a capture worker's last second."""

    model: str


class UnexplainedEntry(BaseModel):
    """One thing that the ledger cannot explain: a frame's `address`, or a number of `frames` of a camera's `run`."""

    model_config = ConfigDict(frozen=True)

    fault: str
    model: str
    camera: str | None
    frames: int
    address: str | None
    run: int | None

    @classmethod
    def of(cls, entry: Unexplained) -> Self:
        """`entry` with its address as text."""
        return cls(
            fault=entry.fault.value,
            model=entry.model,
            camera=entry.camera,
            frames=entry.frames,
            address=str(entry.address) if entry.address else None,
            run=entry.run,
        )


class MalformedEntry(BaseModel):
    """A record that could not be read."""

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    offset: int
    error: str


class AuditReport(BaseModel):
    """The ledger at the time `at`.

    `unexplained` and `malformed` name the first of `unexplained_count` and `malformed_count`.
    """

    model_config = ConfigDict(frozen=True)

    at: str
    clean: bool
    accounts: tuple[CameraAccount, ...]
    uncounted: tuple[UncountedAccount, ...]
    unexplained: tuple[UnexplainedEntry, ...]
    unexplained_count: int
    malformed: tuple[MalformedEntry, ...]
    malformed_count: int
    conflicts: int
    repeats: int

    @classmethod
    def of(cls, balance: Balance, *, at: datetime, limit: int | None = None) -> Self:
        """The report of `balance`; `limit` bounds how many unexplained entries are named."""
        return cls(
            at=format_time(at),
            clean=balance.is_clean,
            accounts=tuple(
                CameraAccount(camera=camera, model=model, **_counts(account))
                for (camera, model), account in sorted(balance.accounts.items())
            ),
            uncounted=tuple(
                UncountedAccount(model=model, **_counts(account))
                for model, account in sorted(balance.uncounted.items())
            ),
            unexplained=tuple(UnexplainedEntry.of(entry) for entry in balance.unexplained[:limit]),
            unexplained_count=len(balance.unexplained),
            malformed=tuple(
                MalformedEntry(topic=one.topic, partition=one.partition, offset=one.offset, error=one.error)
                for one in balance.malformed
            ),
            malformed_count=balance.malformed_count,
            conflicts=balance.conflicts,
            repeats=balance.repeats,
        )


def _counts(account: Account) -> dict[str, Any]:
    values = {name: getattr(account, name) for name in Counts.model_fields}
    return {**values, "dropped": dict(account.dropped)}


_COLUMNS = ("captured", "dropped", "failed", "unknown", "delivered", "inferred", "skipped", "dead", "in log")
_HEAD = ("camera", "model", *_COLUMNS)


def render(balance: Balance) -> str:
    """The balance for a terminal: a table, then the sentence that every frame is explained, or what is not."""
    rows = [(camera, model, *_cells(account)) for (camera, model), account in sorted(balance.accounts.items())]
    rows += [("(uncounted)", model, *_cells(account)) for model, account in sorted(balance.uncounted.items())]
    lines = _table([_HEAD, *rows]) if rows else ["no frame was captured yet"]
    lines.append("")
    if balance.uncounted:
        lines.append(
            "(uncounted): in the log without a capture record: sent in the last second, "
            "or by a capture worker that was killed"
        )
    if balance.repeats or balance.conflicts:
        lines.append(
            f"{balance.repeats:,} outcomes were recorded again by a redelivery, "
            f"{balance.conflicts:,} with another outcome (the highest counts: inferred, dead, stale, expired)"
        )
    lines.extend(str(record) for record in balance.malformed)
    if balance.malformed_count:
        lines.append(f"{balance.malformed_count:,} records could not be read")
    lines.extend(str(entry) for entry in balance.unexplained)
    frames = sum(abs(entry.frames) for entry in balance.unexplained)
    lines.append(f"{frames:,} frames are unexplained" if frames else "every frame explained")
    return "\n".join(lines)


def _cells(account: Account) -> Iterable[str]:
    dropped = sum(account.dropped.values())
    numbers = (account.captured, dropped, account.failed, account.unknown, account.delivered)
    outcomes = (account.inferred, account.skipped, account.dead, account.in_log)
    return (f"{number:,}" for number in (*numbers, *outcomes))


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) if index < 2 else cell.rjust(width) for index, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
