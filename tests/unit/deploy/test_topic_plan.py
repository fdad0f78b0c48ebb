from __future__ import annotations

from collections.abc import Mapping

import pytest

from deploy.topics.plan import (
    CAPTURES_RETENTION_S,
    Action,
    TopicPlan,
    compare,
    frames_retention_bytes,
    plan,
)
from schemas.catalogue import Catalogue
from schemas.settings import Settings

SETTINGS = Settings(prefix="p.")
CATALOGUE = Catalogue()
NAMES = SETTINGS.names


def planned(name: str, settings: Settings = SETTINGS) -> TopicPlan:
    return next(wanted for wanted in plan(settings, CATALOGUE) if wanted.name == name)


def test_every_topic_has_a_plan_under_the_prefix() -> None:
    keyed = {NAMES.captures, NAMES.skips, NAMES.dead_letters, NAMES.redrives, NAMES.undelivered}
    keyed |= {NAMES.cameras, NAMES.camera_status}
    models = [model.name for model in CATALOGUE.models]
    spread = {NAMES.frames(model) for model in models} | {NAMES.results(model) for model in models}
    plans = plan(SETTINGS, CATALOGUE)
    assert {wanted.name for wanted in plans} == keyed | spread
    assert {wanted.name for wanted in plans if wanted.growable} == spread
    assert {wanted.partitions for wanted in plans if wanted.name in keyed} == {4}


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.name)
def test_frames_are_bounded_in_time_and_bytes(model: object) -> None:
    entry = CATALOGUE.get(model.name)  # type: ignore[attr-defined]
    config = planned(NAMES.frames(entry.name)).config
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert config["max.message.bytes"] == str(SETTINGS.record_limit_bytes)
    assert int(config["retention.ms"]) == 600_000
    # The estimate holds what the topic is planned for: a usual JPEG of 60 KB, or crop of 9, at its rate, for its time.
    everything = int(config["retention.bytes"]) * entry.partitions
    assert everything >= entry.fps * 600 * (60_000 if entry.follows is None else 9_000)
    # Only closed segments go, so a segment must be a small part of the whole, in bytes and in time.
    assert int(config["segment.bytes"]) <= int(config["retention.bytes"]) / 4
    assert int(config["segment.ms"]) <= int(config["retention.ms"]) / 5


def test_a_segment_holds_at_least_one_record() -> None:
    large = Settings(prefix="p.", frame_limit_bytes=64 * 1024 * 1024)
    config = planned(NAMES.frames("face-detection"), large).config
    assert int(config["segment.bytes"]) >= int(config["max.message.bytes"])


def test_retention_follows_rate_and_partitions() -> None:
    model = CATALOGUE.get("face-detection")
    twice = model.model_copy(update={"fps": model.fps * 2})
    wide = model.model_copy(update={"partitions": model.partitions * 2})
    size = frames_retention_bytes(model)
    assert frames_retention_bytes(twice) == pytest.approx(2 * size, abs=1)
    assert frames_retention_bytes(wide) == pytest.approx(size / 2, abs=1)


def test_what_became_of_a_frame_outlives_its_capture_record() -> None:
    captures = planned(NAMES.captures).config
    longest = int(captures["retention.ms"]) + int(captures["segment.ms"])
    outcomes = [NAMES.skips, NAMES.dead_letters, *(NAMES.results(model.name) for model in CATALOGUE.models)]
    assert int(captures["retention.ms"]) == CAPTURES_RETENTION_S * 1000
    assert all(int(planned(name).config["retention.ms"]) > longest for name in outcomes)


def test_states_are_compacted() -> None:
    assert {planned(name).config["cleanup.policy"] for name in (NAMES.cameras, NAMES.camera_status)} == {"compact"}


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, "1"), (2, "1"), (3, "2")])
def test_three_replicas_outlive_one_broker(replicas: int, in_sync: str) -> None:
    plans = plan(Settings(replication_factor=replicas), CATALOGUE)
    assert {wanted.config["min.insync.replicas"] for wanted in plans} == {in_sync}
    assert {wanted.replication_factor for wanted in plans} == {replicas}


@pytest.mark.parametrize(
    ("growable", "existing", "config", "actions"),
    [
        (True, {}, {}, [Action.CREATE]),
        (True, {"t": 4}, {"a": "1"}, []),
        (True, {"t": 2}, {"a": "1"}, [Action.GROW]),
        (True, {"t": 8}, {"a": "1"}, []),
        (False, {"t": 2}, {"a": "1"}, [Action.CONFLICT]),
        (False, {"t": 8}, {"a": "1"}, [Action.CONFLICT]),
        (False, {"t": 4}, {"a": "2"}, [Action.ALTER]),
        (True, {"t": 2}, {}, [Action.GROW, Action.ALTER]),
    ],
)
def test_a_cluster_is_compared_with_the_plan(
    growable: bool, existing: Mapping[str, int], config: Mapping[str, str], actions: list[Action]
) -> None:
    wanted = TopicPlan("t", 4, 1, {"a": "1"}, growable)
    assert [change.action for change in compare([wanted], existing, {"t": config})] == actions
