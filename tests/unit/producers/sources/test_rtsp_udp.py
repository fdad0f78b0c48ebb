"""RTSP's SETUP translated from TCP to UDP, with real sockets of loopback: a camera at 127.0.0.1, others beside it."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.sources.rtsp_udp import Messages, UdpTransport
from schemas.errors import SourceError

SETUP = (
    b"SETUP rtsp://127.0.0.1:554/v/stream=0 RTSP/1.0\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
    b"CSeq: 4\r\nAuthorization: Digest abc\r\n\r\n"
)
PLAY = b"PLAY rtsp://127.0.0.1:554/v RTSP/1.0\r\nCSeq: 5\r\n\r\n"


def answer(transport: str, *, cseq: int = 4) -> bytes:
    return f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\nTransport: {transport}\r\nSession: 7;timeout=60\r\n\r\n".encode()


class Camera:
    """The far end: a TCP connection to `udp`, and a pair of UDP sockets."""

    def __init__(self, stack: ExitStack) -> None:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        near = stack.enter_context(socket.create_connection(listener.getsockname()))
        stack.enter_context(listener.accept()[0])
        self.rtp, self.rtcp = (stack.enter_context(bound("127.0.0.1")) for _ in range(2))
        self.udp = UdpTransport(near)
        stack.callback(self.udp.close)

    @property
    def ports(self) -> str:
        return f"{self.rtp.getsockname()[1]}-{self.rtcp.getsockname()[1]}"

    def set_up(self) -> tuple[int, int]:
        """SETUP and its answer; the ports that the camera is to send to."""
        asked = self.udp.from_player(SETUP)
        found = re.search(rb"client_port=(\d+)-(\d+)", asked)
        assert found is not None
        self.udp.from_camera(answer(f"RTP/AVP;unicast;server_port={self.ports};source=127.0.0.1"))
        return int(found[1]), int(found[2])

    def take(self) -> bytes:
        ready, _, _ = select.select(self.udp.sockets, [], [], 5)
        return b"".join(map(self.udp.packets, ready))


def bound(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.settimeout(5)
    return made


@contextmanager
def _camera() -> Iterator[Camera]:
    with ExitStack() as stack:
        yield Camera(stack)


@pytest.fixture
def camera() -> Iterator[Camera]:
    with _camera() as made:
        yield made


def test_the_camera_is_asked_for_udp_and_the_player_is_told_tcp(camera: Camera) -> None:
    asked = camera.udp.from_player(SETUP)
    found = re.fullmatch(
        rb"SETUP rtsp://127.0.0.1:554/v/stream=0 RTSP/1.0\r\n"
        rb"Transport: RTP/AVP;unicast;client_port=(\d+)-(\d+)\r\nCSeq: 4\r\nAuthorization: Digest abc\r\n\r\n",
        asked,
    )
    assert found is not None, asked
    first, second = int(found[1]), int(found[2])
    assert (first % 2, second) == (0, first + 1)
    assert camera.udp.sockets == [], "nothing is taken before the camera has agreed"
    said = answer(f'RTP/AVP/UDP;unicast;server_port={camera.ports};ssrc=1A2B;mode="PLAY"')
    told = camera.udp.from_camera(said)
    assert told == answer('RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1A2B;mode="PLAY"')
    assert camera.udp.from_player(PLAY) == PLAY


def test_a_setup_that_is_asked_again_with_a_password_has_the_same_ports(camera: Camera) -> None:
    first = camera.udp.from_player(SETUP)
    denied = b"RTSP/1.0 401 Unauthorized\r\nCSeq: 4\r\nWWW-Authenticate: Digest realm=x\r\n\r\n"
    assert camera.udp.from_camera(denied) == denied
    assert camera.udp.from_player(SETUP.replace(b"CSeq: 4", b"CSeq: 5")) == first.replace(b"CSeq: 4", b"CSeq: 5")


def test_packets_are_interleaved_and_reports_go_back(camera: Camera) -> None:
    rtp, rtcp = camera.set_up()
    assert camera.rtp.recv(100)[:1] == b"\x80", "a packet opens the way through firewalls"
    assert camera.rtcp.recv(100)[:2] == b"\x80\xc9"
    camera.rtp.sendto(b"picture", ("127.0.0.1", rtp))
    assert camera.take() == b"$\x00\x00\x07picture"
    camera.rtcp.sendto(b"report", ("127.0.0.1", rtcp))
    assert camera.take() == b"$\x01\x00\x06report"
    assert camera.udp.from_player(b"$\x01\x00\x03got" + PLAY) == PLAY
    assert camera.rtcp.recv(100) == b"got"


def test_nobody_else_is_heard(camera: Camera) -> None:
    """What others send is not even seen; where the camera names no port, its address decides."""
    rtp, _ = camera.set_up()
    with bound("127.0.0.2") as other, bound("127.0.0.1") as neighbour:
        other.sendto(b"forged", ("127.0.0.1", rtp))
        neighbour.sendto(b"forged", ("127.0.0.1", rtp))
        camera.rtp.sendto(b"picture", ("127.0.0.1", rtp))
        assert camera.take() == b"$\x00\x00\x07picture"
    with _camera() as silent, bound("127.0.0.2") as other:
        found = re.search(rb"client_port=(\d+)", silent.udp.from_player(SETUP))
        assert found is not None
        silent.udp.from_camera(answer("RTP/AVP;unicast"))
        other.sendto(b"forged", ("127.0.0.1", int(found[1])))
        silent.rtp.sendto(b"picture", ("127.0.0.1", int(found[1])))
        assert silent.take() == b"$\x00\x00\x07picture"


@pytest.mark.parametrize(
    ("transport", "why"),
    [
        ("RTP/AVP;unicast;server_port=5000-5001;source=10.0.0.7", "would send from '10.0.0.7'; expected its own"),
        ("RTP/AVP/TCP;unicast;interleaved=0-1", "answers with RTP over TCP; expected UDP"),
        ("RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001", "answers with multicast"),
    ],
)
def test_a_camera_that_wants_something_else_is_refused(camera: Camera, transport: str, why: str) -> None:
    camera.udp.from_player(SETUP)
    with pytest.raises(SourceError, match=re.escape(why)):
        camera.udp.from_camera(answer(transport))


def test_what_the_camera_says_between_is_passed_on_but_no_packets_of_its_own(camera: Camera) -> None:
    camera.set_up()
    plain = b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 4\r\n\r\n$\x00\x00\x01"
    assert camera.udp.from_camera(b"$\x00\x00\x06forged" + plain) == plain


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_messages_are_cut_wherever_the_pieces_end(step: int) -> None:
    whole = [SETUP, b"$\x01\x00\x00", b"$\x00\x00\x03abc", b"A / RTSP/1.0\r\ncontent-length : 2\r\n\r\n$$", PLAY]
    stream, messages = b"".join(whole), Messages()
    found = [one for at in range(0, len(stream), step) for one in messages.cut(stream[at : at + step])]
    assert found == whole


@pytest.mark.parametrize("endless", [b"x" * 300_000, b"A\r\nContent-Length: 999999\r\n\r\n"])
def test_a_message_has_a_limit(endless: bytes) -> None:
    with pytest.raises(SourceError, match="more than 262144 bytes"):
        list(Messages().cut(endless))


WORDS = st.sampled_from(
    [
        *(b"RTSP/1.0 200 OK", b"RTSP/1.0 401 No", b"\r\n", b"\r\n\r\n", b"CSeq: 4", b"Content-Length: 3"),
        *(b"Transport: RTP/AVP;unicast", b";ssrc=1", b";source=::1", b";source=1.2.3", b"$\x00\x00\x02"),
        *(b";server_port=99999-1", b";server_port=0", b";server_port=65535", b"Content-Length: 999999"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(said=st.lists(st.one_of(WORDS, st.binary(max_size=8)), max_size=16), head=st.booleans())
def test_whatever_a_camera_says_is_passed_on_or_refused(said: list[bytes], head: bool) -> None:
    with _camera() as camera:
        camera.udp.from_player(SETUP)
        stream = (b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nTransport: RTP/AVP;unicast" if head else b"") + b"".join(said)
        try:
            told = b"".join(camera.udp.from_camera(stream[at : at + 7]) for at in range(0, len(stream), 7))
        except SourceError:
            return
        assert len(told) <= len(stream) + len(b"RTP/AVP/TCP;unicast;interleaved=0-1")


def test_channels_and_tracks_have_a_limit(camera: Camera) -> None:
    odd = SETUP.replace(b"interleaved=0-1", b"interleaved=300-301")
    assert camera.udp.from_player(odd) == odd
    for number in range(16):
        camera.udp.from_player(SETUP.replace(b"0-1", b"%d-%d" % (2 * number, 2 * number + 1)))
    with pytest.raises(SourceError, match="more than 16 tracks"):
        camera.udp.from_player(SETUP.replace(b"0-1", b"100-101"))
