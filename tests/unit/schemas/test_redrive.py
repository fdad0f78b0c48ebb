from __future__ import annotations

import re

import pytest

from schemas.contract import EXAMPLES, FRAME
from schemas.errors import HeaderError, MessageError
from schemas.messages import (
    DeadLetter,
    FrameAddress,
    FrameReference,
    Lane,
    Redrive,
    Redriven,
    decode_dead_letter,
    decode_frame_headers,
    redriven_from_headers,
    redriven_headers,
)

ORIGIN = FrameAddress("face-detection", 3, 1234)
FIRST = Redriven(ORIGIN, 1)
OURS = [("ce_lane", b"redrive"), ("ce_redriveof", b"face-detection/3/1234"), ("ce_redrive", b"1")]


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ([], OURS),
        ([("a", b"\xff"), ("ce_lane", b"live"), ("b", None)], [("a", b"\xff"), OURS[0], ("b", None), *OURS[1:]]),
        ([("ce_lane", b"live"), ("a", b""), ("ce_lane", None)], [OURS[0], ("a", b""), OURS[0], *OURS[1:]]),
        (
            [("ce_redrive", b"7"), ("ce_redriveof", b"forged"), ("a", b"1")],
            [OURS[2], OURS[1], ("a", b"1"), OURS[0]],
        ),
    ],
    ids=["none", "a lane and others", "two lanes", "what says that it was sent again before"],
)
def test_only_what_must_change_does(
    original: list[tuple[str, bytes | None]], expected: list[tuple[str, bytes | None]]
) -> None:
    assert redriven_headers(original, FIRST) == expected


def test_a_frame_that_was_sent_again_reads_as_one() -> None:
    info = decode_frame_headers(redriven_headers(FRAME.encode(), Redriven(ORIGIN, 2)))
    assert (info.lane, info.redrive_of, info.redrive) == (Lane.REDRIVE, ORIGIN, 2)
    assert (info.id, info.captured_at, info.traceparent) == (FRAME.id, FRAME.captured_at, FRAME.traceparent)
    assert decode_frame_headers(info.encode()) == info
    reference = FrameReference.of(info, FrameAddress("face-detection", 0, 9))
    assert (reference.redrive_of, reference.redrive) == (str(ORIGIN), 2)
    ordinary = FrameReference.of(FRAME, ORIGIN)
    assert (ordinary.redrive_of, ordinary.redrive) == (None, None)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ([("ce_redriveof", b"face-detection/3/1234")], "header ce_redrive is missing"),
        ([("ce_redrive", b"1")], "header ce_redriveof is missing"),
        ([("ce_redriveof", b"../../x"), ("ce_redrive", b"1")], "ce_redriveof: frame address '../../x'"),
        ([("ce_redriveof", b"\xff"), ("ce_redrive", b"1")], "expected UTF-8"),
        ([("ce_redriveof", b"m/0/1"), ("ce_redrive", b"-1")], "ce_redrive = '-1': expected a whole number"),
    ],
)
def test_a_frame_that_says_so_in_a_wrong_way(headers: list[tuple[str, bytes]], error: str) -> None:
    with pytest.raises(HeaderError, match=re.escape(error)):
        decode_frame_headers([*FRAME.encode(), *headers])
    assert redriven_from_headers(headers) is None, "and who only looks on takes it for one that was not"


@pytest.mark.parametrize("number", [b"", b"1.5", b"9" * 40, "٣".encode(), None])
def test_a_number_that_is_none(number: bytes | None) -> None:
    assert redriven_from_headers([("ce_redriveof", b"m/0/1"), ("ce_redrive", number)]) is None


def test_a_second_death_says_that_it_is_one() -> None:
    headers = redriven_headers(FRAME.encode(), FIRST)
    letter = DeadLetter(FrameAddress("face-detection", 0, 9), "NotJpegError", "why", original=tuple(headers))
    assert decode_dead_letter(letter.encode()).redriven == FIRST
    assert DeadLetter(ORIGIN, "NotJpegError", "why", original=tuple(FRAME.encode())).redriven is None


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("address", '"nowhere"', "frame address 'nowhere': expected"),
        ("origin", '"m/0"', "frame address 'm/0': expected"),
        ("number", "0", "redrive: number = 0"),
    ],
)
def test_a_redrive_record_that_is_none(field: str, value: str, error: str) -> None:
    record = re.sub(rf'"{field}":("[^"]*"|\d+)', f'"{field}":{value}', EXAMPLES["redrive"].to_json().decode())
    with pytest.raises(MessageError, match=error):
        Redrive.from_json(record.encode())
