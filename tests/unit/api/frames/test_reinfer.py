from __future__ import annotations

from api.frames.reinfer import headers_for
from schemas.contract import FRAME
from schemas.messages import FrameAddress, Redriven, decode_frame_headers, redriven_headers
from schemas.names import Header

EXTRA = [("null", None), ("twice", b"1"), ("twice", b"2")]


def test_another_model_takes_the_headers_and_nothing_else_is_lost() -> None:
    headers = [*FRAME.encode(), *EXTRA]
    sent = headers_for(headers, FRAME, "object-detection")
    assert [name for name, _ in sent] == [name for name, _ in headers if name != Header.FOLLOWERS]
    assert list(sent[-3:]) == EXTRA
    again = redriven_headers(sent, Redriven(FrameAddress("face-detection", 3, 1234), 1))
    info = decode_frame_headers(again)
    assert (info.model, info.run, info.seq, info.followers) == ("object-detection", FRAME.run, FRAME.seq, ())
    assert (info.redrive_of, info.redrive, info.lane) == (FrameAddress("face-detection", 3, 1234), 1, "redrive")
    assert (info.captured_at, info.width, info.height) == (FRAME.captured_at, FRAME.width, FRAME.height)


def test_its_own_model_gets_the_same_id() -> None:
    assert dict(headers_for(FRAME.encode(), FRAME, FRAME.model))[Header.ID] == FRAME.id.encode()
