"""What every topic should be, and how a cluster differs from that: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.catalogue import Catalogue, Model
from schemas.settings import Settings

KEYED_PARTITIONS: Final = 4
FRAMES_RETENTION_S: Final = 600
_DAY_S: Final = 24 * 3600
CAPTURES_RETENTION_S: Final = 7 * _DAY_S
OUTCOMES_RETENTION_S: Final = 8 * _DAY_S
"""Longer than captures: an audit that still sees a delivery must still see what became of it."""
_HEADROOM: Final = 2.0
_BYTES_PER_PIXEL: Final = 0.25
"""Of a JPEG with quality 85 and much detail; a picture's usual height is 9/16 of its width."""
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What a topic should be; `growable` says that partitions may be added later: its keys have no fixed place."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]
    growable: bool = False


class Action(StrEnum):
    """What is to be done about a topic."""

    CREATE = "create"
    GROW = "grow"
    ALTER = "alter"
    CONFLICT = "conflict"
    """Nothing can be done: a keyed topic has another number of partitions."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the plan and the cluster."""

    action: Action
    plan: TopicPlan
    detail: str
    config: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.action.value} {self.plan.name}: {self.detail}"


def plan(settings: Settings, catalogue: Catalogue) -> list[TopicPlan]:
    """What every topic of this installation should be; pure."""
    names = settings.names
    outcomes = _records(settings, OUTCOMES_RETENTION_S)
    frames = [_frames(settings, model) for model in catalogue.models]
    results = [
        _plan(settings, names.results(model.name), model.partitions, outcomes, growable=True)
        for model in catalogue.models
    ]
    keyed = {
        names.captures: _records(settings, CAPTURES_RETENTION_S),
        names.skips: outcomes,
        names.dead_letters: outcomes,
        names.redrives: outcomes,
        names.undelivered: outcomes,
        names.cameras: _compacted(),
        names.camera_status: _compacted(),
    }
    return frames + results + [_plan(settings, name, KEYED_PARTITIONS, config) for name, config in keyed.items()]


def frames_retention_bytes(model: Model) -> int:
    """Bytes that one partition of a model's frames may take: rate x time x headroom, over the partitions.

    Crops for a second stage are as large as its input. Frames that are wider for its sake are kept for a shorter time.
    """
    whole = model.frame_width * (model.frame_width * 9 / 16)
    frame = (whole if model.follows is None else model.input.width * model.input.height) * _BYTES_PER_PIXEL
    return int(model.fps * frame * FRAMES_RETENTION_S * _HEADROOM / model.partitions)


def compare(
    plans: Iterable[TopicPlan], existing: Mapping[str, int], configs: Mapping[str, Mapping[str, str]]
) -> list[Change]:
    """How the cluster differs from the plans; pure.

    Args:
        plans: What every topic should be.
        existing: The number of partitions of each topic that exists.
        configs: The configuration in force of each topic that exists.
    """
    changes = []
    for wanted in plans:
        if wanted.name not in existing:
            detail = f"{wanted.partitions} partitions, {_show(wanted.config)}"
            changes.append(Change(Action.CREATE, wanted, detail))
            continue
        count = existing[wanted.name]
        if count < wanted.partitions and wanted.growable:
            changes.append(Change(Action.GROW, wanted, f"{count} to {wanted.partitions} partitions"))
        elif count != wanted.partitions and not wanted.growable:
            changes.append(Change(Action.CONFLICT, wanted, f"{count} partitions, expected {wanted.partitions}"))
        current = configs.get(wanted.name, {})
        different = {key: value for key, value in wanted.config.items() if current.get(key) != value}
        if different:
            changes.append(Change(Action.ALTER, wanted, _show(different), different))
    return changes


def _frames(settings: Settings, model: Model) -> TopicPlan:
    size = frames_retention_bytes(model)
    config = {
        "cleanup.policy": "delete",
        "retention.ms": str(FRAMES_RETENTION_S * 1000),
        "retention.bytes": str(size),
        # Retention removes closed segments only: an eighth of the size and a tenth of the time keep it precise.
        "segment.bytes": str(max(settings.record_limit_bytes, min(size // 8, 64 * _MIB), _MIB)),
        "segment.ms": str(FRAMES_RETENTION_S * 100),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(settings.record_limit_bytes),
        "compression.type": "producer",
    }
    return _plan(settings, settings.names.frames(model.name), model.partitions, config, growable=True)


def _records(settings: Settings, retention_s: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention_s * 1000),
        # Retention removes closed segments only: without a limit a quiet topic would keep its records twice as long.
        "segment.ms": str(_DAY_S // 2 * 1000),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(settings.record_limit_bytes),
        "compression.type": "producer",
    }


def _compacted() -> dict[str, str]:
    return {"cleanup.policy": "compact", "segment.ms": str(3_600_000), "message.timestamp.type": "LogAppendTime"}


def _plan(
    settings: Settings, name: str, partitions: int, config: Mapping[str, str], *, growable: bool = False
) -> TopicPlan:
    replicas = settings.replication_factor
    # With three replicas, two must have a record before it counts as written: one broker may go.
    durable = {"min.insync.replicas": "2" if replicas >= 3 else "1"}
    return TopicPlan(name, partitions, replicas, {**config, **durable}, growable)


def _show(config: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in config.items())
