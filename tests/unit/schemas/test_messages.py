from __future__ import annotations

import re
from typing import Any

import pytest

from schemas.contract import EXAMPLES, RESULT
from schemas.errors import HeaderError, MessageError
from schemas.messages import (
    Camera,
    CaptureCounts,
    DeadLetter,
    Detection,
    FrameAddress,
    Message,
    PartitionRanges,
    Result,
    Skip,
    address_from_headers,
    decode_capture,
    decode_dead_letter,
)


@pytest.mark.parametrize("message", EXAMPLES.values(), ids=EXAMPLES)
def test_messages_are_frozen_and_tolerate_unknown_fields(message: Message) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(message, next(iter(type(message).model_fields)), "other")
    extended = message.to_json()[:-1] + b',"a_later_field":1}'
    assert type(message).from_json(extended) == message


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Camera, None, "camera: the value is empty"),
        (Camera, b"", "camera: the value is empty"),
        (Camera, b"\xff\xd8", "camera: value"),
        (Camera, b"[]", "camera: value = []"),
        (Camera, b'{"id":"Caf\xc3\xa9","source":"0","models":["m"]}', "camera: id = 'Café'"),
        (Camera, b'{"id":"a","source":"0","models":[]}', "camera: models = []"),
        (Camera, b'{"id":"a","source":"0","models":["m","m"]}', "expected each model once"),
        (Camera, b'{"id":"a","source":"0","models":["m"],"fps":0}', "camera: fps = 0"),
        (Detection, b'{"label":"x","score":1.5,"box":[0,0,1,1]}', "detection: score = 1.5"),
        (Detection, b'{"label":"x","score":1,"box":[0,0,1]}', "detection: box.3"),
        (Skip, b'{"model":"m","reason":"Tired!","time":"2026-01-01T00:00:00Z","skipped":[]}', "skip: reason"),
        (
            Skip,
            b'{"model":"m","reason":"stale","time":"2026-01-01T00:00:00","skipped":[]}',
            "expected a time with a zone",
        ),
    ],
)
def test_what_is_malformed_is_refused_in_words(kind: type[Message], value: bytes | None, expected: str) -> None:
    with pytest.raises(MessageError, match=re.escape(expected)):
        kind.from_json(value)


def test_a_result_must_carry_a_real_address() -> None:
    forged = RESULT.to_json().replace(b"face-detection/3/1234", b"face-detection/three/1234")
    with pytest.raises(MessageError, match="'face-detection/three/1234': expected model/partition/offset"):
        Result.from_json(forged)


@pytest.mark.parametrize("text", ["", "m", "m/1", "m/1/2/3", "m/-1/2", "M/1/2", "m/1/٣", "../1/2", "m/1/" + "9" * 30])
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(MessageError, match="expected model/partition/offset"):
        FrameAddress.parse(text)


def test_an_address_reads_back() -> None:
    address = FrameAddress("face-detection", 11, 9_000_000_000)
    assert FrameAddress.parse(str(address)) == address


@pytest.mark.parametrize(
    ("offsets", "ranges"),
    [
        ([5], ((5, 5),)),
        ([3, 1, 2], ((1, 3),)),
        ([1, 2, 9, 4, 2], ((1, 2), (4, 4), (9, 9))),
    ],
)
def test_offsets_become_ranges(offsets: list[int], ranges: tuple[tuple[int, int], ...]) -> None:
    made = PartitionRanges.of(7, offsets)
    assert made.ranges == ranges
    assert list(made.offsets()) == sorted(set(offsets))
    assert made.count == len(set(offsets))


@pytest.mark.parametrize("ranges", [[], [[2, 1]], [[1, 3], [3, 4]], [[5, 6], [1, 2]], [[-1, 2]]])
def test_ranges_must_ascend_and_not_touch(ranges: list[Any]) -> None:
    with pytest.raises(ValueError, match="ranges"):
        PartitionRanges.model_validate({"partition": 0, "ranges": ranges})


def test_counts_cannot_run_backwards() -> None:
    fields = EXAMPLES["capture-counts"].model_dump() | {"next_seq": 1}
    with pytest.raises(ValueError, match="next_seq = 1: expected first_seq = 800 or more"):
        CaptureCounts.model_validate(fields)


@pytest.mark.parametrize("value", [None, b"", b"{}", b'{"kind":"rumour"}', b'{"kind":"counts"}'])
def test_a_capture_record_that_is_none(value: bytes | None) -> None:
    with pytest.raises(MessageError, match="capture record"):
        decode_capture(value)


def test_dead_letters_keep_the_original_headers_and_shorten_the_message() -> None:
    letter = DeadLetter(
        address=FrameAddress("m", 0, 1),
        error="HeaderError",
        message="x" * 5000,
        attempts=3,
        value_omitted=True,
        original=(("ce_id", b"\xff"), ("mine", b"kept")),
    )
    read = decode_dead_letter(letter.encode())
    assert (read.address, read.attempts, read.value_omitted) == (letter.address, 3, True)
    assert read.original == letter.original
    assert len(read.message) == 1024


HOSTILE_HEADERS: tuple[tuple[str, bytes | None], ...] = (
    ("ce_address", b"m/0/5"),
    ("null", None),
    ("ce_lane", b"live"),
    ("ce_lane", b"\xff"),
    ("framebus_error", b"NotAnError"),
    ("framebus_value_omitted", b"true"),
    ("framebus_original_ce_address", b"m/0/6"),
    ("", b""),
    ("ce_address", None),
)


def test_a_dead_letter_keeps_every_header_even_those_called_like_its_own() -> None:
    letter = DeadLetter(FrameAddress("m", 0, 1), "HeaderError", "why", original=HOSTILE_HEADERS)
    assert decode_dead_letter(letter.encode()) == letter
    assert [name for name, _ in letter.encode()].count("ce_address") == 1, "readers take the first"


def test_a_second_death_replaces_the_first_reason_and_keeps_it() -> None:
    first = DeadLetter(FrameAddress("m", 0, 1), "NotJpegError", "a PNG", original=(("ce_id", b"i"),))
    again = DeadLetter(FrameAddress("m", 0, 9), "HeaderError", "no type", original=tuple(first.encode()))
    read = decode_dead_letter(again.encode())
    assert (read.address.offset, read.error) == (9, "HeaderError")
    assert decode_dead_letter(read.original) == first


@pytest.mark.parametrize("missing", ["framebus_error", "framebus_error_message", "framebus_attempts", "ce_address"])
def test_a_dead_letter_without_its_headers(missing: str) -> None:
    letter = DeadLetter(FrameAddress("m", 0, 1), "HeaderError", "why")
    with pytest.raises(HeaderError, match=missing):
        decode_dead_letter([(name, value) for name, value in letter.encode() if name != missing])


def test_no_address_among_the_headers() -> None:
    with pytest.raises(HeaderError, match="ce_address is missing"):
        address_from_headers(None)
