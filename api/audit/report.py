"""The audit's answer as JSON (the route `ledger`, `framebus audit --json`) and as text (`framebus audit`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from schemas.ledger import Account, Balance, Unexplained
from schemas.messages import format_time
from schemas.window import Window


class Counts(BaseModel):
    """Where frames are.

    `cropped` are what a second stage was offered of the frames of the model that it follows. `redriven` are dead
    letters that were sent again; `skipped` is the sum of `stale`, `expired` and, for reasons of newer releases,
    `other`. `gone` are frames that retention took unread, which no worker has recorded as expired yet.
    """

    model_config = ConfigDict(frozen=True)

    captured: int
    cropped: int
    redriven: int
    dropped: dict[str, int]
    delivered: int
    failed: int
    unknown: int
    inferred: int
    dead: int
    stale: int
    expired: int
    other: int
    skipped: int
    in_log: int
    gone: int
    unexplained: int


class CameraAccount(Counts):
    """The frames of one camera for one model."""

    camera: str
    model: str


class UncountedAccount(Counts):
    """Frames of one model that no capture record names, such as those of a capture worker's last second."""

    model: str


class UnexplainedEntry(BaseModel):
    """One thing that the ledger cannot explain: a frame's `address`, or a number of `frames` of a camera's `run`, or of
    crops of the frame `parent`.
    """

    model_config = ConfigDict(frozen=True)

    fault: str
    model: str
    camera: str | None
    frames: int
    address: str | None
    run: int | None
    parent: str | None = None

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
            parent=str(entry.parent) if entry.parent else None,
        )


class MalformedEntry(BaseModel):
    """A record that could not be read."""

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    offset: int
    error: str


class AuditReport(BaseModel):
    """The ledger at the time `at`; of the frames that were appended from `since` up to `until`, or of all.

    `unexplained` and `malformed` name the first of `unexplained_count` and `malformed_count`. `newer` counts records of
    which only a newer release knows all, by what they are. Where frames of a window are lost, no outcome from before
    `sought_since` was looked for; null: there is none.
    """

    model_config = ConfigDict(frozen=True)

    at: str
    since: str | None = None
    until: str | None = None
    clean: bool
    accounts: tuple[CameraAccount, ...]
    uncounted: tuple[UncountedAccount, ...]
    unexplained: tuple[UnexplainedEntry, ...]
    unexplained_count: int
    malformed: tuple[MalformedEntry, ...]
    malformed_count: int
    conflicts: int
    repeats: int
    newer: dict[str, int]
    sought_since: str | None = None

    @classmethod
    def of(cls, balance: Balance, *, at: datetime, window: Window | None = None, limit: int | None = None) -> Self:
        """The report of `balance`, an audit of `window`; `limit` bounds how many unexplained entries are named."""
        return cls(
            at=format_time(at),
            since=format_time(window.since) if window and window.since else None,
            until=format_time(window.until) if window and window.until else None,
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
            unexplained_count=len(balance.unexplained) + balance.unnamed,
            malformed=tuple(
                MalformedEntry(topic=one.topic, partition=one.partition, offset=one.offset, error=one.error)
                for one in balance.malformed
            ),
            malformed_count=balance.malformed_count,
            conflicts=balance.conflicts,
            repeats=balance.repeats,
            newer=dict(balance.newer),
            sought_since=format_time(balance.sought_since) if balance.sought_since else None,
        )


def _counts(account: Account) -> dict[str, Any]:
    values = {name: getattr(account, name) for name in Counts.model_fields}
    return {**values, "dropped": dict(account.dropped)}


_TIME = "%Y-%m-%dT%H:%M:%SZ"
_COLUMNS = (
    "captured",
    "cropped",
    "redriven",
    "dropped",
    "failed",
    "unknown",
    "delivered",
    "inferred",
    "skipped",
    "dead",
    "in log",
    "gone",
)
_IF_ANY = frozenset({"cropped", "redriven", "gone"})
"""Columns that stand there when there are such frames: most systems never have any."""


def render(balance: Balance, window: Window | None = None) -> str:
    """The balance for a terminal: a table, then the sentence that every frame is explained, or what is not."""
    nothing = "no frame was captured in this window" if window else "no frame was captured yet"
    rows = _rows(balance)
    lines = _table(rows) if len(rows) > 1 else [nothing]
    lines.append("")
    if balance.uncounted:
        lines.append(
            "(uncounted): in the log without a capture record: sent in the last second, "
            "or by a capture worker that was killed"
        )
    if balance.gone:
        lines.append("gone: retention took them unread, and no worker has recorded that yet: the next that starts does")
    if balance.repeats or balance.conflicts:
        lines.append(
            f"{balance.repeats:,} outcomes were recorded again by a redelivery, "
            f"{balance.conflicts:,} with another outcome (the highest counts: inferred, dead, stale, other, expired)"
        )
    lines.extend(f"{records:,} newer records in {what}" for what, records in balance.newer.items())
    if balance.newer:
        lines.append("what a newer release wrote may be missing above: audit with that release")
    lines.extend(str(record) for record in balance.malformed)
    if balance.malformed_count:
        lines.append(f"{balance.malformed_count:,} records could not be read")
    lines.extend(str(entry) for entry in balance.unexplained)
    if balance.unnamed:
        lines.append(f"… and {balance.unnamed:,} frames more")
    if balance.sought_since:
        since = f"{balance.sought_since:{_TIME}}"
        lines.append(f"what is lost has no outcome since {since}; from before that none was looked for")
    lines.append(verdict(balance) + (f", {_shown(window)}" if window else ""))
    return "\n".join(lines)


def verdict(balance: Balance) -> str:
    """The sentence that an audit ends with."""
    frames = balance.unexplained_frames
    if frames:
        return f"{frames:,} frames are unexplained"
    gone = f", {balance.gone:,} of them gone unread" if balance.gone else ""
    if balance.malformed_count:
        return f"every frame explained, as far as the records could be read{gone}"
    return f"every frame explained{gone}"


def _shown(window: Window) -> str:
    since = f"since {window.since:{_TIME}}" if window.since else ""
    until = f"until {window.until:{_TIME}}" if window.until else ""
    return " ".join(filter(None, (since, until)))


def _rows(balance: Balance) -> list[tuple[str, ...]]:
    """The table's head, and a row for each camera and model."""
    rows = [(camera, model, _numbers(account)) for camera, model, account in balance.rows()]
    shown = [name for name in _COLUMNS if name not in _IF_ANY or any(numbers[name] for *_, numbers in rows)]
    cells = [(camera, model, *(f"{numbers[name]:,}" for name in shown)) for camera, model, numbers in rows]
    return [("camera", "model", *shown), *cells]


def _numbers(account: Account) -> dict[str, int]:
    dropped = sum(account.dropped.values())
    offered = (account.captured, account.cropped, account.redriven)
    numbers = (*offered, dropped, account.failed, account.unknown, account.delivered)
    outcomes = (account.inferred, account.skipped, account.dead, account.in_log, account.gone)
    return dict(zip(_COLUMNS, (*numbers, *outcomes), strict=True))


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) if index < 2 else cell.rjust(width) for index, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
