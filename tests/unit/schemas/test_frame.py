from __future__ import annotations

import re
from dataclasses import replace

import pytest

from schemas.contract import FRAME
from schemas.errors import FrameError, HeaderError, NewerRecordError
from schemas.headers import OPTIONAL
from schemas.messages import FrameInfo, Lane, Parent, crop_seq, cropped_from_headers, decode_frame_headers
from schemas.names import Header


def _with(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(key, value if key == name else original) for key, original in FRAME.encode()]


@pytest.mark.parametrize("name", [name for name, _ in FRAME.encode() if name not in OPTIONAL | {Header.CONTENT_TYPE}])
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
        (Header.FOLLOWERS, b"", "expected names of models, each once, as a,b"),
        (Header.FOLLOWERS, b"pose,", "'pose,': expected names of models"),
        (Header.FOLLOWERS, b"pose,pose", "'pose,pose': expected names of models, each once"),
        (Header.FOLLOWERS, b"a," * 9_999 + b"b", "expected names of models"),
        (Header.FOLLOWERS, b"\xff", "expected UTF-8"),
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


CROP = replace(
    FRAME,
    model="face-embedding",
    seq=crop_seq(815, 2),
    width=150,
    height=150,
    followers=(),
    parent=Parent(
        address="face-detection/3/1234",
        index=2,
        box=(212.5, 80.0, 301.0, 196.5),
        map=(0.82014, -0.0112, 196.75, 0.0112, 0.82, -0.5),
    ),
)


def test_a_crop_says_where_it_comes_from() -> None:
    headers = dict(CROP.encode())
    assert headers[Header.ID] == b"face-embedding/42/8150002"
    assert headers[Header.PARENT] == b"face-detection/3/1234"
    assert headers[Header.PARENT_BOX] == b"212.5,80,301,196.5"
    assert headers[Header.PARENT_MAP] == b"0.8201,-0.0112,196.75,0.0112,0.82,-0.5", "a ten-thousandth of a pixel"
    read = decode_frame_headers(CROP.encode())
    assert read.parent is not None
    assert read.parent.box == (212.5, 80.0, 301.0, 196.5)
    assert decode_frame_headers(read.encode()) == read


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (Header.PARENT, b"face-detection/3", "expected model/partition/offset"),
        (Header.PARENT, b"x" * 5000, "expected model/partition/offset"),
        (Header.PARENT_INDEX, None, "is missing; expected it beside ce_parent"),
        (Header.PARENT_INDEX, b"-1", "'-1': expected a whole number"),
        (Header.PARENT_BOX, None, "is missing"),
        (Header.PARENT_BOX, b"1,2,3", "'1,2,3': expected 4 numbers with commas between"),
        (Header.PARENT_BOX, b"1,2,3,nan", "expected 4 numbers"),
        (Header.PARENT_MAP, b"1,2,3,4", "'1,2,3,4': expected 6 numbers"),
        (Header.PARENT_MAP, b"1,2,3,4,5,1e999", "expected 6 numbers"),
        (Header.PARENT_MAP, b"1" * 9999, "expected 6 numbers"),
        (Header.PARENT_MAP, b"\xff", "expected 6 numbers"),
    ],
)
def test_what_is_wrong_with_a_crops_headers_is_named(name: str, value: bytes | None, expected: str) -> None:
    headers = [(key, value if key == name else text) for key, text in CROP.encode()]
    with pytest.raises(HeaderError, match=re.escape(expected)) as caught:
        decode_frame_headers(headers)
    assert f"header {name}" in str(caught.value)


@pytest.mark.parametrize(("seq", "index"), [(0, 0), (815, 2), (10**14 - 1, 9_999), (10**18 - 1, 9_999)])
def test_the_seq_of_a_crop_fits_a_header_and_tells_its_frame(seq: int, index: int) -> None:
    made = crop_seq(seq, index)
    assert decode_frame_headers(replace(CROP, seq=made).encode()).seq == made
    assert divmod(made, 10_000) == (seq % 10**14, index)


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"pose/1", b"pose/1/2/3"])
def test_what_an_outcome_says_of_its_parent_may_be_anything(value: bytes | None) -> None:
    assert cropped_from_headers([(Header.PARENT, value)]) is None


def test_a_point_of_a_crop_is_found_in_its_parent() -> None:
    parent = Parent(address="m/0/1", index=0, box=(0, 0, 1, 1), map=(0.5, 0, 10, 0, 2, 20))
    assert parent.to_parent((4, 3)) == (12, 26)
    assert parent.to_parent((4, 3, 0.75)) == (12, 26, 0.75)
