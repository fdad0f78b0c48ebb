from __future__ import annotations

import pytest

from producers.desired import DesiredCameras, Farewell
from schemas.errors import MessageError
from schemas.messages import Camera


def camera(name: str, **fields: object) -> Camera:
    return Camera.model_validate({"id": name, "source": "pattern:", "models": ["m"], **fields})


def put(desired: DesiredCameras, partition: int, *cameras: Camera) -> None:
    for one in cameras:
        desired.record(partition, one.id.encode(), one.to_json())


@pytest.fixture
def desired() -> DesiredCameras:
    cameras = DesiredCameras("default")
    cameras.assign(0)
    return cameras


def test_nothing_counts_before_the_partitions_end(desired: DesiredCameras) -> None:
    put(desired, 0, camera("a"), camera("a", fps=5))
    assert desired.cameras() == {}
    desired.end(0)
    assert desired.cameras() == {"a": camera("a", fps=5)}


def test_a_tombstone_deletes_and_is_told_from_a_stop(desired: DesiredCameras) -> None:
    put(desired, 0, camera("a"), camera("b"))
    desired.end(0)
    desired.record(0, b"a", None)
    put(desired, 0, camera("b", site="elsewhere"))
    assert set(desired.cameras()) == {"a", "b"}
    desired.end(0)
    assert desired.cameras() == {}
    assert desired.farewell("a") is Farewell.FORGOTTEN
    assert desired.farewell("b") is Farewell.SILENT


def test_a_revoked_partition_takes_its_cameras_along(desired: DesiredCameras) -> None:
    desired.assign(1)
    put(desired, 0, camera("a"))
    put(desired, 1, camera("b"))
    desired.end(0)
    desired.end(1)
    assert set(desired.cameras()) == {"a", "b"}
    desired.revoke(1)
    assert set(desired.cameras()) == {"a"}
    assert desired.farewell("b") is Farewell.STOPPED
    put(desired, 1, camera("late"))
    desired.end(1)
    assert set(desired.cameras()) == {"a"}


def test_a_partition_that_comes_back_is_read_anew(desired: DesiredCameras) -> None:
    put(desired, 0, camera("a"))
    desired.end(0)
    desired.revoke(0)
    desired.assign(0)
    assert desired.cameras() == {}


def test_a_partition_that_was_lost_and_comes_back_keeps_its_cameras_until_it_was_read(desired: DesiredCameras) -> None:
    put(desired, 0, camera("kept"), camera("deleted"))
    desired.end(0)
    desired.assign(0)
    assert set(desired.cameras()) == {"kept", "deleted"}
    put(desired, 0, camera("kept", fps=5))
    desired.record(0, b"deleted", None)
    desired.end(0)
    assert desired.cameras() == {"kept": camera("kept", fps=5)}
    assert desired.farewell("deleted") is Farewell.FORGOTTEN


def test_other_sites_are_not_ours_and_disabled_cameras_are(desired: DesiredCameras) -> None:
    put(desired, 0, camera("far", site="elsewhere"), camera("off", enabled=False))
    desired.end(0)
    assert set(desired.cameras()) == {"off"}


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        (b"a", b"{", "camera"),
        (b"a", b'{"id": "a"}', "source"),
        (b"a", camera("b").to_json(), "id = 'b' under the key 'a'"),
        (None, camera("b").to_json(), "under the key ''"),
    ],
)
def test_what_is_no_camera_replaces_what_was_there(
    desired: DesiredCameras, key: bytes | None, value: bytes, says: str
) -> None:
    put(desired, 0, camera("a"))
    desired.end(0)
    with pytest.raises(MessageError, match=says):
        desired.record(0, key, value)
    desired.end(0)
    assert desired.cameras() == ({} if key else {"a": camera("a")})
