from __future__ import annotations

from dataclasses import replace

import pytest

from api.store import CAMERA_STATES, SILENT_S, CameraStore, ResultFilter, ResultStore
from schemas.messages import Camera, CameraState, CameraStatus
from tests.unit.api.samples import T0, detection, record

PERSON, CAR = detection("person", 0.9), detection("car", 0.4)


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        (ResultFilter(), True),
        (ResultFilter(camera="gate"), True),
        (ResultFilter(camera="yard"), False),
        (ResultFilter(model="object-detection"), True),
        (ResultFilter(model="face-detection"), False),
        (ResultFilter(label="person"), True),
        (ResultFilter(label="dog"), False),
        (ResultFilter(min_score=0.9), True),
        (ResultFilter(min_score=0.91), False),
        (ResultFilter(label="car", min_score=0.4), True),
        (ResultFilter(label="car", min_score=0.5), False),  # one detection must meet both
        (ResultFilter(camera="gate", label="person", min_score=0.5), True),
        (ResultFilter(camera="yard", label="person"), False),
    ],
)
def test_filter(wanted: ResultFilter, matches: bool) -> None:
    assert wanted.matches(record(0, PERSON, CAR).result) is matches


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [(ResultFilter(), True), (ResultFilter(min_score=0.0), False), (ResultFilter(label="person"), False)],
)
def test_filter_of_a_result_without_detections(wanted: ResultFilter, matches: bool) -> None:
    assert wanted.matches(record().result) is matches


def test_recent_results_are_bounded_and_newest_first() -> None:
    store = ResultStore(recent=3)
    store.add(record(number) for number in (4, 1, 3, 2, 5))
    assert [one.offset for one in store.recent(ResultFilter(), limit=10)] == [5, 3, 2]
    assert [one.offset for one in store.recent(ResultFilter(), limit=1)] == [5]


def test_a_quiet_cameras_newest_result_survives_a_busy_one() -> None:
    store = ResultStore(recent=2)
    store.add([record(0, camera="quiet")])
    store.add(record(number) for number in range(1, 9))
    assert [one.offset for one in store.recent(ResultFilter(camera="quiet"), limit=10)] == [0]
    assert [one.offset for one in store.recent(ResultFilter(), limit=10)] == [8, 7, 0]


def test_a_frame_that_was_sent_again_is_not_what_its_camera_shows() -> None:
    store = ResultStore(recent=2)
    again = record(3)
    frame = again.result.frame.model_copy(update={"redrive_of": "object-detection/0/0", "redrive": 1})
    again = replace(again, result=again.result.model_copy(update={"frame": frame}))
    store.add([record(1), again])
    assert [one.offset for one in store.recent(ResultFilter(), limit=10)] == [1]
    assert [one.offset for one in store.of("object-detection/0/3")] == [3]
    store.add([record(4, camera="yard"), record(5, camera="yard")])
    assert [one.offset for one in store.recent(ResultFilter(camera="gate"), limit=10)] == [1]


def test_who_listens_hears_of_what_is_in_the_store_already() -> None:
    store, heard = ResultStore(), list[str]()
    store.tell(lambda records: heard.extend(one.id for one in records if store.of(one.result.frame.address)))
    store.add(record(number) for number in (1, 2))
    assert heard == ["object-detection/0/1", "object-detection/0/2"]


def test_the_newest_of_each_camera_are_bounded_too() -> None:
    store = ResultStore(recent=1, newest=2)
    store.add(record(number, camera=f"camera-{number}") for number in range(4))
    assert [one.offset for one in store.recent(ResultFilter(), limit=10)] == [3, 2]


def test_the_newest_of_a_model_is_the_one_appended_last() -> None:
    store = ResultStore()
    store.add([record(5), record(2), record(1, model="face-detection")])
    (newest,) = [record.result for record in store.versions_of("object-detection")]
    assert newest is not None
    assert newest.frame.address == "object-detection/0/5"
    assert store.versions_of("nothing") == []


def test_cameras_with_their_states() -> None:
    store = CameraStore()
    camera = Camera(id="yard", source="0", models=("face-detection",))
    status = CameraStatus(camera="yard", site="default", state=CameraState.FAILED, since=T0, owner="edge-1")
    other = camera.model_copy(update={"id": "gate"})
    store.put("yard", camera)
    store.put("gate", other)
    store.put_status("yard", status)
    store.put_status("unwanted", status)
    assert store.all() == [(other, None), (camera, status)]
    store.put("gate", None)
    store.put("never-there", None)
    store.put_status("yard", None)
    assert store.all() == [(camera, None)]


def test_cameras_are_counted_by_site_and_state_and_who_is_not_heard_of_is_silent() -> None:
    now = 100.0
    store = CameraStore(now=lambda: now)

    def counted() -> dict[tuple[str, str], int]:
        return dict(+store.by_state())

    def tell(state: CameraState | str, *names: str) -> None:
        for name in names:
            store.put_status(name, CameraStatus(camera=name, site="hall", state=state, since=T0, owner="edge-1"))

    tell(CameraState.STREAMING, "unwanted")
    assert store.by_state() == {}
    for name, enabled in (("a", True), ("b", True), ("off", False)):
        store.put(name, Camera(id=name, source="0", models=("face-detection",), site="hall", enabled=enabled))
    assert counted() == {("hall", "connecting"): 2, ("hall", "stopped"): 1}
    assert {state for _, state in store.by_state()} == set(CAMERA_STATES), "all stand at 0 from the start"
    tell(CameraState.STREAMING, "a")
    tell("dreaming", "b")
    assert counted() == {("hall", "streaming"): 1, ("hall", "other"): 1, ("hall", "stopped"): 1}
    now += SILENT_S
    tell(CameraState.FAILED, "b")
    now += 1
    assert counted() == {("hall", "silent"): 1, ("hall", "failed"): 1, ("hall", "stopped"): 1}
    store.put_status("b", None)
    store.put("a", None)
    assert counted() == {("hall", "connecting"): 1, ("hall", "stopped"): 1}
