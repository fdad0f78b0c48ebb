"""Every release's records are read by this version, and this version's by the contract of every release."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from processors.streaming.caution import Caution
from producers.desired import DesiredCameras
from schemas.contract import EXAMPLE_HEADERS, EXAMPLES, MESSAGES
from schemas.errors import FrameError, NewerRecordError
from schemas.headers import HEADERS
from schemas.messages import (
    CameraStatus,
    CaptureCounts,
    Redrive,
    Result,
    Skip,
    address_from_headers,
    check_result_type,
    decode_capture,
    decode_dead_letter,
    decode_frame_headers,
)
from schemas.names import Header
from tests.golden import corpus, future, store
from tests.golden.store import GoldenRecord

RECORDS = store.records()


def by_name(kind: str, name: str) -> GoldenRecord:
    """The newest release's record of that name."""
    return [record for record in RECORDS if record.name == f"{kind}: {name}"][-1]


def read_camera(record: GoldenRecord) -> object:
    """As a capture worker does: what it should run afterwards, or the id of the camera that is gone."""
    sites = ("default", "shop-7", corpus.LONGEST)
    found: list[object] = []
    for site in sites:
        desired = DesiredCameras(site)
        desired.assign(0)
        desired.record(0, record.key, record.value)
        desired.end(0)
        found += desired.cameras().values()
    return found[0] if found else (record.key or b"").decode()


def read_status(record: GoldenRecord) -> object:
    return CameraStatus.from_json(record.value) if record.value else (record.key or b"").decode()


def read_result(record: GoldenRecord) -> object:
    check_result_type(record.headers)
    result = Result.from_json(record.value)
    assert str(address_from_headers(record.headers)) == result.frame.address == result.id
    return result


READERS: Mapping[str, Callable[[GoldenRecord], object]] = {
    "frame": lambda record: decode_frame_headers(record.headers),
    "camera": read_camera,
    "camera status": read_status,
    "capture claim": lambda record: decode_capture(record.value),
    "capture counts": lambda record: decode_capture(record.value),
    "crop counts": lambda record: decode_capture(record.value),
    "result": read_result,
    "redrive": lambda record: Redrive.from_json(record.value),
    "skip": lambda record: Skip.from_json(record.value),
    "undelivered": read_result,
    "dead letter": lambda record: decode_dead_letter(record.headers),
}
EXPECTED: Mapping[str, Mapping[str, object]] = {
    "frame": corpus.FRAMES,
    "camera": corpus.CAMERAS,
    "camera status": corpus.STATUSES,
    "capture claim": corpus.CLAIMS,
    "capture counts": corpus.COUNTS,
    "crop counts": corpus.CROP_COUNTS,
    "result": corpus.RESULTS,
    "redrive": corpus.REDRIVES,
    "skip": corpus.SKIPS,
    "undelivered": {name: told.result for name, told in corpus.UNDELIVERED.items()},
    "dead letter": {name: letter for name, (letter, _) in corpus.DEAD_LETTERS.items()},
}


def read(record: GoldenRecord) -> object:
    return READERS[record.name.partition(": ")[0]](record)


def expected(record: GoldenRecord) -> object:
    kind, _, name = record.name.partition(": ")
    return EXPECTED[kind][name]


@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_every_record_of_every_release_says_what_it_said(record: GoldenRecord) -> None:
    assert read(record) == expected(record)


@pytest.mark.parametrize("commit", store.commits(), ids=str)
def test_every_commit_of_every_release_asks_for_the_same_caution(commit: store.GoldenCommit) -> None:
    position, caution = corpus.MARKS[commit.name.removeprefix("commit: ")]
    assert commit.position == position, "we would write the same"
    assert Caution.read(commit.position, log_end=1000) == caution


def test_values_and_keys_stay_where_they_were() -> None:
    for record in RECORDS:
        kind, _, name = record.name.partition(": ")
        if kind == "frame":
            assert (record.value, record.key) == (corpus.JPEG, corpus.FRAMES[name].camera.encode())
        elif kind == "dead letter":
            assert record.value == corpus.DEAD_LETTERS[name][1]


def test_each_release_names_itself_and_what_we_know() -> None:
    for folder in store.releases():
        kinds = {record.name.partition(": ")[0] for record in RECORDS if record.release == folder.name}
        assert kinds <= READERS.keys()
        assert json.loads((folder / "release.json").read_text())["version"] == folder.name


def test_the_next_release_will_freeze_every_message_of_the_contract() -> None:
    assert {name.replace(" ", "-") for name in EXPECTED} >= {*MESSAGES, *HEADERS}


# What a later release may write


@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_what_a_later_release_adds_is_kept_out_of_the_way(record: GoldenRecord) -> None:
    later = future.with_more(record)
    if record.topic == "dead-letters":  # what is not ours is the frame's own
        letter = decode_dead_letter(later.headers)
        assert future.LATER_HEADERS[0] in letter.original
        assert (letter.address, letter.error) == (decode_dead_letter(record.headers).address, letter.error)
    else:
        assert read(later) == expected(record)


def test_a_later_drop_reason_counts_by_its_name() -> None:
    record = by_name("capture counts", "every drop reason")
    counts = read(future.with_fields(record, dropped={"superseded": 1, "night": 9}))
    assert isinstance(counts, CaptureCounts)
    assert {str(reason): frames for reason, frames in counts.dropped.items()} == {"superseded": 1, "night": 9}


def test_a_later_camera_state_is_shown_by_its_name() -> None:
    status = read(future.with_fields(by_name("camera status", "state streaming"), state="paused"))
    assert isinstance(status, CameraStatus)
    assert status.state == "paused"


def test_a_later_lane_is_passed_on_by_its_name() -> None:
    record = by_name("result", "one detection")
    frame = json.loads(record.value or b"")["frame"] | {"lane": "express"}
    result = read(future.with_fields(record, frame=frame))
    assert isinstance(result, Result)
    assert result.frame.lane == "express"
    assert b'"lane":"express"' in result.to_json()


def test_a_later_skip_reason_is_kept_by_its_name() -> None:
    skip = read(future.with_fields(by_name("skip", "stale"), reason="night"))
    assert isinstance(skip, Skip)
    assert (skip.reason, skip.count) == ("night", 12)


NEWER = [
    (by_name("frame", "lane live"), lambda record: future.with_header(record, Header.TYPE, b"framebus.frame.v2")),
    (by_name("result", "one detection"), lambda r: future.with_header(r, Header.TYPE, b"framebus.result.v2")),
    (by_name("capture claim", "claim"), lambda record: future.with_fields(record, kind="pause")),
    (by_name("capture counts", "every drop reason"), lambda record: future.with_fields(record, kind="counts2")),
    (by_name("skip", "stale"), lambda record: future.with_fields(record, kind="pause", reason=5)),
]


@pytest.mark.parametrize(("record", "change"), NEWER, ids=[record.name for record, _ in NEWER])
def test_a_later_kind_or_version_is_told_from_what_is_malformed(
    record: GoldenRecord, change: Callable[[GoldenRecord], GoldenRecord]
) -> None:
    with pytest.raises(NewerRecordError) as caught:
        read(change(record))
    assert not isinstance(caught.value, FrameError)


# What this version writes, in the eyes of every release


def written() -> Iterable[tuple[str, dict[str, Any]]]:
    """Each record of now as its schema sees it: the schema's name, and JSON."""
    names = {"camera": "camera", "camera status": "camera-status", "capture claim": "capture-claim"}
    names |= {"capture counts": "capture-counts", "result": "result", "skip": "skip", "redrive": "redrive"}
    names |= {"crop counts": "crop-counts"}
    for kind, schema in names.items():
        for message in EXPECTED[kind].values():
            if not isinstance(message, str):
                yield schema, json.loads(message.to_json())  # type: ignore[attr-defined]
    for name, example in EXAMPLES.items():
        yield name, json.loads(example.to_json())
    trace = corpus.FRAMES["traceparent"].traceparent
    headers: dict[str, list[Any]] = {
        "frame": [info.encode() for info in corpus.FRAMES.values()],
        "result": [result.headers(parent) for result in corpus.RESULTS.values() for parent in (None, trace)],
        "dead-letter": [letter.encode() for letter, _ in corpus.DEAD_LETTERS.values()],
        "undelivered": [told.headers() for told in corpus.UNDELIVERED.values()],
    }
    for name, example_headers in EXAMPLE_HEADERS.items():
        for pairs in (*headers[name], example_headers):
            yield f"{name}.headers", {key: (value or b"").decode(errors="replace") for key, value in pairs}


def asked_for_later_words(record: dict[str, Any]) -> bool:
    """Whether it has a word that 0.1.0, whose lists are closed, does not know: written of cameras that ask for it."""
    return record.get("state") == "still" or "still" in record.get("dropped", ())


@pytest.mark.parametrize("release", store.releases(), ids=lambda path: path.name)
def test_what_we_write_obeys_the_contract_of(release: Path) -> None:
    frozen = store.schemas(release)
    checked = set()
    for name, record in written():
        schema = frozen.get(f"{name}.schema.json")
        if schema is not None and not (release.name == "0.1.0" and asked_for_later_words(record)):
            jsonschema.Draft202012Validator(schema).validate(record)
            checked.add(f"{name}.schema.json")
    assert checked == frozen.keys()
