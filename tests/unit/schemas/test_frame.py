from __future__ import annotations

import re

import pytest

from schemas.contract import FRAME
from schemas.errors import FrameError, HeaderError, NewerRecordError
from schemas.messages import FrameInfo, Lane, decode_frame_headers
from schemas.names import Header


def _with(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(key, value if key == name else original) for key, original in FRAME.encode()]


@pytest.mark.parametrize(
    "name", [name for name, _ in FRAME.encode() if name not in (Header.TRACEPARENT, Header.CONTENT_TYPE)]
)
def test_a_missing_header_is_named(name: str) -> None:
    headers = [(key, value) for key, value in FRAME.encode() if key != name]
    with pytest.raises(HeaderError, match=f"header {re.escape(name)} is missing"):
        decode_frame_headers(headers)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (Header.SPECVERSION, b"0.3", "'0.3': expected '1.0'"),
        (Header.TYPE, b"framebus.frame.v0", "expected 'framebus.frame.v1'"),
        (Header.TYPE, b"framebus.frame.v2b", "expected 'framebus.frame.v1'"),
        (Header.TYPE, b"framebus.frame.v99999", "expected 'framebus.frame.v1'"),
        (Header.TYPE, b"framebus.result.v2", "expected 'framebus.frame.v1'"),
        (Header.CONTENT_TYPE, b"image/png", "'image/png': expected 'image/jpeg'"),
        (Header.CAMERA, b"../../etc", "expected 1 to 63 of"),
        (Header.CAMERA, b"\xff\xfe", "expected UTF-8"),
        (Header.SOURCE, b"/sites/shop-7/cameras/other", "expected /sites/<site>/cameras/entrance"),
        (Header.SOURCE, b"/sites/SHOP/cameras/entrance", "expected /sites/<site>/cameras/entrance"),
        (Header.ID, b"face-detection/42/816", "expected <model>/42/815"),
        (Header.RUN, b"-1", "expected a whole number"),
        (Header.SEQ, b"1e3", "expected a whole number"),
        (Header.SEQ, "٣".encode(), "expected a whole number"),
        (Header.SEQ, b"9" * 40, "expected a whole number"),
        (Header.WIDTH, b"", "expected a whole number"),
        (Header.TIME, b"yesterday", "expected RFC 3339"),
        (Header.TIME, b"2026-01-31T12:00:00", "expected RFC 3339 with a zone"),
        (Header.TIME, b"9999-12-31T23:59:59-14:00", "expected RFC 3339 with a zone"),
        (Header.TIME, b"0001-01-01T00:00:00+14:00", "expected RFC 3339 with a zone"),
        (Header.LANE, b"Express!", "expected 1 to 63 of"),
        (Header.TRACEPARENT, b"00-xyz", "expected a W3C trace context"),
    ],
)
def test_a_malformed_header_is_named_with_what_was_expected(name: str, value: bytes, expected: str) -> None:
    with pytest.raises(HeaderError, match=re.escape(expected)) as caught:
        decode_frame_headers(_with(name, value))
    assert f"header {name}" in str(caught.value)
    assert isinstance(caught.value, FrameError)


@pytest.mark.parametrize("headers", [None, [], ()])
def test_no_headers_at_all(headers: list[tuple[str, bytes]] | None) -> None:
    with pytest.raises(HeaderError, match="ce_specversion is missing"):
        decode_frame_headers(headers)


@pytest.mark.parametrize("version", [b"2", b"10", b"9999"])
def test_a_frame_of_a_later_version_is_nobodys_fault(version: bytes) -> None:
    with pytest.raises(NewerRecordError, match="a newer release wrote it") as caught:
        decode_frame_headers(_with(Header.TYPE, b"framebus.frame.v" + version))
    assert not isinstance(caught.value, FrameError), "it must not end in the dead letters"


def test_a_lane_that_a_later_release_adds_is_kept_by_its_name() -> None:
    info = decode_frame_headers(_with(Header.LANE, b"express"))
    assert info.lane == "express"
    assert dict(info.encode())[Header.LANE] == b"express"


def test_a_header_that_we_do_not_know_is_ignored() -> None:
    assert decode_frame_headers([*FRAME.encode(), ("ce_mood", b"fine")]) == FRAME


@pytest.mark.parametrize("lane", Lane)
def test_every_lane_survives(lane: Lane) -> None:
    info = FrameInfo("m", "c", "s", 0, 0, FRAME.captured_at, 1, 1, lane)
    assert decode_frame_headers(info.encode()) == info
