"""Second stages end to end: `framebus up` with a model and the one that follows it, on a real broker and real video."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from deploy.local.media import Media
from schemas.messages import CropCounts, FrameAddress, Result, decode_capture
from schemas.settings import Settings
from tests.integration.capture_world import eventually, read_frames, read_topic
from tests.integration.up_kit import ask, models_of, running

LEADER, FOLLOWER = "object-detection", "pose"
FRAMES = 150


def clip(video: Path, target: Path) -> str:
    """The first frames of a real video."""
    source = cv2.VideoCapture(str(video))
    size = (int(source.get(cv2.CAP_PROP_FRAME_WIDTH)), int(source.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), 10, size)
    for _ in range(FRAMES):
        found, picture = source.read()
        assert found
        writer.write(picture)
    writer.release()
    source.release()
    return str(target)


def worker_of(stack: psutil.Process, model: str) -> psutil.Process:
    (found,) = [one for one in stack.children(recursive=True) if one.cmdline()[-2:] == ["--model", model]]
    return found


def read_results(settings: Settings, model: str) -> dict[str, Result]:
    """The results of a model by their frames' addresses; of repeats the last."""
    records = read_topic(settings, settings.names.results(model))
    return {result.frame.address: result for result in (Result.from_json(record.value()) for record in records)}


def read_crop_counts(settings: Settings) -> list[CropCounts]:
    records = [decode_capture(record.value()) for record in read_topic(settings, settings.names.captures)]
    return [record for record in records if isinstance(record, CropCounts)]


def account(report: dict[str, object], model: str) -> dict[str, int]:
    (found,) = [one for one in report["accounts"] if one["model"] == model]  # type: ignore[attr-defined]
    return found  # type: ignore[no-any-return]


@contextmanager
def amid_work(
    fresh: Settings, folder: Path, video: Path, leader: str, follower: str, *, crops: int
) -> Iterator[psutil.Process]:
    """The leader's worker, once so many crops are inferred and before it has seen the whole video."""
    with running(fresh, folder, leader, follower) as stack:
        add_camera(fresh, folder, clip(video, folder / "clip.avi"), leader, follower)
        eventually(lambda: len(read_results(fresh, follower)) >= crops, "crops inferred", 90)
        worker = worker_of(stack, leader)
        assert len(read_results(fresh, leader)) < FRAMES, "the leader was to end amid its work"
        yield worker


def add_camera(fresh: Settings, folder: Path, video: str, *models: str) -> None:
    chosen = models_of(*models)
    ask(fresh, folder, "camera", "add", "street", "--source", video, "--lane", "batch", "--pacing", "max", *chosen)


def settled(fresh: Settings, folder: Path, leader: str) -> dict[str, object] | None:
    """The audit's report, once everything is captured and has an outcome."""
    report: dict[str, object] = json.loads(ask(fresh, folder, "audit", "--json"))
    accounts = [*report["accounts"], *report["uncounted"]]  # type: ignore[misc]
    captured = [one["captured"] for one in accounts if one["model"] == leader]
    return report if captured == [FRAMES] and not sum(one["in_log"] for one in accounts) else None


@pytest.mark.timeout(300)
def test_crops_of_a_leader_that_is_killed_are_all_explained(
    fresh: Settings, media: Media, installed: Callable[[str], None], tmp_path: Path
) -> None:
    """A street with about five persons."""
    for model in (LEADER, FOLLOWER):
        installed(model)
    with amid_work(fresh, tmp_path, media.path("vtest.avi"), LEADER, FOLLOWER, crops=60) as worker:
        worker.kill()
        report = eventually(lambda: settled(fresh, tmp_path, LEADER), "an outcome of every frame and crop", 120)
    check_report(report)
    check_crops(fresh, account(report, FOLLOWER))


def check_report(report: dict[str, object]) -> None:
    """Both equations hold in the audit, which is clean."""
    assert report["clean"]
    assert report["uncounted"] == []
    frames, crops = account(report, LEADER), account(report, FOLLOWER)
    assert (frames["captured"], frames["inferred"], frames["cropped"]) == (FRAMES, FRAMES, 0)
    assert (crops["captured"], crops["failed"], crops["unknown"]) == (0, 0, 0)
    assert crops["cropped"] == crops["delivered"] + sum(crops["dropped"].values())  # type: ignore[attr-defined]
    assert crops["delivered"] == crops["inferred"] > 3 * FRAMES


def check_crops(fresh: Settings, crops: dict[str, int]) -> None:
    """Each crop is in the log, capture made none of them, and its result names its parent's detection."""
    leaders, followers = read_results(fresh, LEADER), read_results(fresh, FOLLOWER)
    log = read_frames(fresh, FOLLOWER)
    assert len(log.addresses) == len(followers) == crops["delivered"]
    named = [
        FrameAddress(FOLLOWER, entry.partition, offset)
        for record in read_crop_counts(fresh)
        for entry in record.delivered
        for offset in entry.offsets()
    ]
    assert len(named) == len(set(named)) >= crops["delivered"] - 24 * 16, "a window's crops at most are unnamed"
    assert set(named) <= log.addresses.keys()
    assert len({address.partition for address in log.addresses}) == 12, "spread over all partitions"
    repeats = Counter(info.id for info in log.addresses.values())
    keypoints = 0
    for address, result in followers.items():
        parent = result.frame.parent
        assert parent is not None
        leader = leaders[parent.address]
        seen = leader.detections[parent.index]
        assert (seen.label, seen.box) == ("person", parent.box)
        assert result.frame.captured_at == leader.frame.captured_at
        assert result.frame.run == leader.frame.run
        assert log.addresses[FrameAddress.parse(address)].parent == parent
        keypoints += sum(check_pose(found.keypoints or (), parent.box) for found in result.in_parent)
        assert all(found.parent == parent.address for found in result.detections)
    offered = [
        (result.frame.address, index)
        for result in leaders.values()
        for index, found in enumerate(result.detections)
        if found.label == "person" and min(found.box[2] - found.box[0], found.box[3] - found.box[1]) >= 16
    ]
    cropped = {
        (result.frame.parent.address, result.frame.parent.index) for result in followers.values() if result.frame.parent
    }
    assert cropped == set(offered), "each person once or more, and nothing else"
    assert len(repeats) == len(offered), "who was made anew has the same id"
    assert keypoints > 10 * len(offered), "of seventeen"
    print(f"crops={crops['delivered']} persons={len(offered)} keypoints={keypoints / len(followers):.1f} a crop")  # noqa: T201


def check_pose(keypoints: tuple[tuple[float, ...], ...], box: tuple[float, float, float, float]) -> int:
    """How many of the keypoints are sure; these are where the person is, in the leader's picture."""
    x1, y1, x2, y2 = box
    across, down = 0.3 * (x2 - x1) + 2, 0.3 * (y2 - y1) + 2
    sure = [(x, y) for x, y, score in keypoints if score >= 0.3]
    assert all(x1 - across <= x <= x2 + across and y1 - down <= y <= y2 + down for x, y in sure)
    return len(sure)


@pytest.mark.timeout(300)
def test_a_leader_that_ends_in_order_makes_each_crop_once(
    fresh: Settings, media: Media, installed: Callable[[str], None], tmp_path: Path
) -> None:
    """One woman's face, and 128 numbers of each picture of it; the leader is told to end amid its work."""
    leader, follower = "face-detection", "face-embedding"
    for model in (leader, follower):
        installed(model)
    video = media.path("WolfgangLanger_Pexels.mp4")
    with amid_work(fresh, tmp_path, video, leader, follower, crops=20) as worker:
        worker.terminate()
        report = eventually(lambda: settled(fresh, tmp_path, leader), "an outcome of every frame and crop", 120)
        assert not worker.is_running()
    assert report["clean"]
    assert (report["repeats"], report["conflicts"], report["uncounted"]) == (0, 0, [])
    leaders, followers = read_results(fresh, leader), read_results(fresh, follower)
    faces = sum(len(result.detections) for result in leaders.values())
    crops = account(report, follower)
    assert crops["cropped"] == crops["inferred"] == len(followers) == faces > FRAMES // 2
    parents = {(one.frame.parent.address, one.frame.parent.index) for one in followers.values() if one.frame.parent}
    assert len(parents) == faces, "none was made twice"
    vectors = np.array([found.embedding for one in followers.values() for found in one.detections])
    assert vectors.shape == (faces, 128)
    middle = vectors.mean(axis=0)
    apart = np.linalg.norm(vectors - middle / np.linalg.norm(middle), axis=1)
    assert np.median(apart) < 0.42, "one person"
