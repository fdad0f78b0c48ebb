"""RTP by UDP for a player that speaks RTSP over one TCP connection: SETUP is translated, packets are interleaved."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from schemas.errors import SourceError

_MARK: Final = 0x24
_HEAD: Final = 4
"""An interleaved packet begins with `$`, its channel and two bytes of length."""
_END: Final = b"\r\n\r\n"
_LIMIT: Final = 256 * 1024
"""Bytes of one message."""
_DATAGRAM: Final = 65535
_AT_ONCE: Final = 64
"""Datagrams that are taken of one socket before the others have their turn."""
_BUFFER: Final = 1024 * 1024
"""What the kernel keeps for us: a key picture comes as a burst."""
_TRIES: Final = 64
_HIGHEST: Final = 255
"""A channel is one byte."""
_TRACKS: Final = 16
_LENGTH: Final = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*(\d{1,6})[ \t]*\r?$")
_CSEQ: Final = re.compile(rb"(?im)^cseq[ \t]*:[ \t]*(\d{1,10})[ \t]*\r?$")
_TRANSPORT: Final = re.compile(rb"(?im)^transport[ \t]*:[ \t]*([^\r\n]*)")
_CHANNELS: Final = re.compile(rb"interleaved=(\d{1,3})-(\d{1,3})")
_SERVER_PORTS: Final = re.compile(rb"server_port=(\d{1,5})(?:-(\d{1,5}))?")
_SOURCE: Final = re.compile(rb"source=\"?([0-9A-Fa-f.:]+)")
_KEPT: Final = re.compile(rb";(?:ssrc|mode)=[\w\"]+", re.IGNORECASE)
_OPENERS: Final = (b"\x80" + bytes(11), b"\x80\xc9\x00\x01" + bytes(4))
"""An empty RTP packet and an empty receiver report: a firewall between lets the answers in."""


class Messages:
    """Cuts what one side of an RTSP connection says into whole messages and interleaved packets."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Each message that is whole now.

        Raises:
            SourceError: One is longer than any that a camera needs.
        """
        self._rest += data
        while size := self._size():
            if size > _LIMIT:
                raise SourceError(f"an RTSP message of more than {_LIMIT} bytes; expected a shorter one")
            if len(self._rest) < size:
                return
            whole = bytes(self._rest[:size])
            del self._rest[:size]
            yield whole

    def _size(self) -> int | None:
        """Bytes of the message that comes next; None while that is not known."""
        if len(self._rest) >= _HEAD and self._rest[0] == _MARK:
            return _HEAD + int.from_bytes(self._rest[2:_HEAD], "big")
        head = self._rest.find(_END)
        if head < 0:
            return _LIMIT + 1 if len(self._rest) > _LIMIT else None
        length = _LENGTH.search(self._rest, 0, head + 2)
        return head + len(_END) + (int(length[1]) if length else 0)


@dataclass(frozen=True, slots=True)
class _Stream:
    """Two sockets, for RTP and RTCP, and the channels that they are to the player."""

    channels: tuple[int, int]
    sockets: tuple[socket.socket, socket.socket]


class UdpTransport:
    """What `camera`, a connection to an address that was judged, sends by UDP; only what comes from there is taken.

    The player asks for RTP interleaved in its connection; the camera is asked for UDP, to ports of ours. Its answer is
    translated back. RTCP goes both ways. What gets lost on the way stays lost, and order is as it comes.
    """

    def __init__(self, camera: socket.socket) -> None:
        self._family = camera.family
        self._here: str = camera.getsockname()[0]
        self._there: str = camera.getpeername()[0]
        self._asked, self._answered = Messages(), Messages()
        self._streams: dict[tuple[int, int], _Stream] = {}
        self._pending: dict[bytes, _Stream] = {}
        self._channels: dict[socket.socket, int] = {}

    @property
    def sockets(self) -> list[socket.socket]:
        """Those that packets may come on."""
        return list(self._channels)

    def from_player(self, data: bytes) -> bytes:
        """What the camera is to get by TCP of what the player said.

        Raises:
            SourceError: There is no pair of ports, or what the player said is no RTSP.
        """
        return b"".join(map(self._ask, self._asked.cut(data)))

    def from_camera(self, data: bytes) -> bytes:
        """What the player is to get of what the camera said by TCP.

        Raises:
            SourceError: The camera takes no UDP, or would send from another address than its own.
        """
        return b"".join(map(self._answer, self._answered.cut(data)))

    def packets(self, ready: socket.socket) -> bytes:
        """What came on one of the sockets, interleaved."""
        channel, taken = self._channels[ready], bytearray()
        with suppress(BlockingIOError, ConnectionRefusedError):  # the latter: nobody takes our RTCP there
            for _ in range(_AT_ONCE):
                packet, sender = ready.recvfrom(_DATAGRAM)
                if sender[0] == self._there:
                    taken += bytes((_MARK, channel)) + len(packet).to_bytes(2, "big") + packet
        return bytes(taken)

    def close(self) -> None:
        """Give the ports back."""
        for stream in self._streams.values():
            for one in stream.sockets:
                one.close()

    def _ask(self, message: bytes) -> bytes:
        if message[0] == _MARK:
            self._send(message)
            return b""
        transport, cseq = _TRANSPORT.search(message), _CSEQ.search(message)
        if not message.startswith(b"SETUP ") or transport is None or cseq is None:
            return message
        asked = _CHANNELS.search(transport[1])
        channels = (int(asked[1]), int(asked[2])) if asked else None
        if channels is None or max(channels) > _HIGHEST:
            return message
        stream = self._stream(channels)
        self._pending[cseq[1]] = stream
        ports = "-".join(str(one.getsockname()[1]) for one in stream.sockets)
        return _with_transport(message, transport, f"RTP/AVP;unicast;client_port={ports}".encode())

    def _answer(self, message: bytes) -> bytes:
        if message[0] == _MARK:
            return b""  # the player would take it for one of ours
        cseq = _CSEQ.search(message)
        stream = self._pending.pop(cseq[1], None) if cseq else None
        transport = _TRANSPORT.search(message)
        if stream is None or transport is None or not re.match(rb"RTSP/1\.\d 2", message):
            return message
        self._check(transport[1])
        ports = _SERVER_PORTS.search(transport[1])
        if ports is not None:
            self._aim(stream, int(ports[1]), int(ports[2] or int(ports[1]) + 1))
        for one, channel in zip(stream.sockets, stream.channels, strict=True):
            self._channels[one] = channel
        kept = b"".join(_KEPT.findall(transport[1]))
        places = f"RTP/AVP/TCP;unicast;interleaved={stream.channels[0]}-{stream.channels[1]}".encode()
        return _with_transport(message, transport, places + kept)

    def _check(self, transport: bytes) -> None:
        if b"/TCP" in transport.upper():
            raise SourceError("the camera answers with RTP over TCP; expected UDP (transport: tcp takes it)")
        if b"multicast" in transport.lower():
            raise SourceError("the camera answers with multicast; expected UDP to this address (or transport: tcp)")
        source = _SOURCE.search(transport)
        if source is None:
            return
        try:
            named = ip_address(source[1].decode())
        except ValueError:
            return  # a name: whatever it is, only what comes from the camera's own address is taken
        if named != ip_address(self._there.partition("%")[0]) and not named.is_unspecified:
            raise SourceError(
                f"the camera would send from {str(named)!r}; expected its own address, {self._there}, alone"
            )

    def _aim(self, stream: _Stream, *ports: int) -> None:
        """Let the kernel take what comes from the camera's ports alone, and open the way for it."""
        for one, port, opener in zip(stream.sockets, ports, _OPENERS, strict=True):
            with suppress(OSError, OverflowError):  # a port that cannot be: then the stream stands still
                one.connect((self._there, port))
                one.send(opener)

    def _send(self, packet: bytes) -> None:
        """An interleaved packet of the player's, its RTCP, to the camera."""
        for one, channel in self._channels.items():
            if channel == packet[1]:
                with suppress(OSError):  # reports may get lost
                    one.send(packet[_HEAD:])

    def _stream(self, channels: tuple[int, int]) -> _Stream:
        if channels not in self._streams:
            if len(self._streams) >= _TRACKS:
                raise SourceError(f"more than {_TRACKS} tracks are asked for; expected fewer")
            self._streams[channels] = _Stream(channels, self._pair())
        return self._streams[channels]

    def _pair(self) -> tuple[socket.socket, socket.socket]:
        """Two sockets on an even port and the one above it, as RTP wants them."""
        for _ in range(_TRIES):
            first = self._bound(0)
            port = first.getsockname()[1]
            if port % 2 == 0:
                with suppress(OSError):
                    return first, self._bound(port + 1)
            first.close()
        raise SourceError("no two free UDP ports next to each other; expected some")

    def _bound(self, port: int) -> socket.socket:
        made = socket.socket(self._family, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        made.setblocking(False)
        try:
            made.bind((self._here, port))
        except OSError:
            made.close()
            raise
        return made


def _with_transport(message: bytes, found: re.Match[bytes], transport: bytes) -> bytes:
    return message[: found.start(1)] + transport + message[found.end(1) :]
