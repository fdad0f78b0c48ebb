"""A relay for RTSP: FFmpeg speaks to it on loopback, it speaks to the one address that the rules allowed."""

from __future__ import annotations

import re
import selectors
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from producers.sources.dial import dial, wrap_tls
from producers.sources.rtsp_udp import UdpTransport
from producers.sources.rules import SourceRules
from schemas.errors import SourceError
from schemas.messages import Transport
from schemas.redaction import redact

_CHUNK: Final = 64 * 1024
_TICK_S: Final = 0.2
_TALK_LIMIT: Final = 256 * 1024
"""Bytes that a camera may say before its stream begins."""
_REDIRECT: Final = re.compile(rb"RTSP/(?:(?!RTSP/)[^ \t\n])*[ \t]+\+?0*3\d\d(?!\d)")
"""FFmpeg's own reading of a status line, generously: it drops carriage returns, and reads the number with `atoi`.

A word that holds `RTSP/` more than once is read from the last on, so that each letter is looked at once.
"""
_LOCATION: Final = re.compile(rb"(?i)\nlocation:[ \t]*([^\s]{1,200})")
_STATUS: Final = re.compile(rb"RTSP/1\.\d (\d{3} [ -~]{0,60})")
_PLAY: Final = re.compile(rb"(?:\A|\n)PLAY ")
"""FFmpeg sends it alone, after the answer to SETUP; no header of its own can begin so, as users hold no line ends."""
_MEDIA: Final = re.compile(rb"\nm=(\w{1,20}) \d+ [^ \n]+ (\d{1,3})([^\n]*(?:\n(?!m=)[^\n]*)*)")
_FORM: Final = re.compile(rb"\na=rtpmap:\d+ ([\w.-]{1,40})/")
_DEFAULT_PORT: Final = {"rtsp": 554, "rtsps": 322}


class RtspRelay:
    """One RTSP connection, from `url` on loopback to the camera; `trouble` says what went wrong on it.

    FFmpeg would follow a redirect to any address, and give the password to whoever is there. So the answers up to PLAY
    are read here: at a redirect the connection ends before FFmpeg has seen it.
    """

    def __init__(
        self, url: str, password: str | None, rules: SourceRules, *, transport: Transport, timeout_s: float
    ) -> None:
        """Connect to the camera; `transport` is how its pictures come, FFmpeg gets them by TCP in any case.

        Raises:
            SourceRefusedError: The rules forbid its address.
            SourceError: Nobody answers there.
        """
        parts = urlsplit(url)
        try:
            port = parts.port or _DEFAULT_PORT[parts.scheme]
        except ValueError as error:
            raise SourceError(f"{error}; expected a port of 1 to 65535") from None
        if not parts.hostname:
            raise SourceError(f"it names no host; expected {parts.scheme}://HOST/…")
        if transport is Transport.UDP and parts.scheme == "rtsps":
            raise SourceError("pictures by UDP would not be encrypted; expected rtsp://, or transport: tcp")
        self._camera = dial(parts.hostname, port, rules, timeout_s=timeout_s)
        if parts.scheme == "rtsps":
            self._camera = wrap_tls(self._camera, parts.hostname, rules)
        self._udp = UdpTransport(self._camera) if transport is Transport.UDP else None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self._timeout_s = timeout_s
        self._closed = False
        self._heard: bytearray | None = bytearray()
        """What the camera said until PLAY; None from then on."""
        self._offer = ""
        self._status: str | None = None
        self._ended: str | None = None
        userinfo = parts.netloc.rpartition("@")[0] if parts.username else ""
        if userinfo and password is not None:
            userinfo += f":{quote(password, safe='')}"
        place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        netloc = f"{userinfo}@{place}" if userinfo else place
        self.url = urlunsplit(parts._replace(scheme="rtsp", netloc=netloc))
        self._thread = Thread(target=self._run, name="rtsp-relay", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str | None:
        """Why the connection ended, or the camera's last answer where that was an error."""
        refused = self._status if self._status and self._status[0] in "456" else None
        return self._ended or (f"the camera answers {refused}" if refused else None)

    @property
    def offer(self) -> str:
        """What the camera says that it has, as `video H264, audio PCMU`; empty where it said nothing yet."""
        return self._offer if self._heard is None else _offered(self._heard)

    def close(self) -> None:
        """End the connection; to be called after FFmpeg has ended its own."""
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(self._timeout_s + 1)

    def _run(self) -> None:
        with self._camera, self._listener:
            self._listener.settimeout(self._timeout_s)
            try:
                player, _ = self._listener.accept()
            except OSError:
                return
            self._listener.close()  # one connection: nobody else on this machine gets in
            with player:
                player.settimeout(self._timeout_s)
                try:
                    self._relay(player)
                except _PlayerGoneError:
                    pass  # FFmpeg has had enough, which is no trouble of the camera's
                except SourceError as error:
                    self._ended = self._ended or str(error)
                except OSError as error:
                    self._ended = self._ended or f"the connection broke: {error.strerror or error}"
                finally:
                    if self._udp is not None:
                        self._udp.close()

    def _relay(self, player: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._camera, selectors.EVENT_READ)
            selector.register(player, selectors.EVENT_READ)
            while not self._closed:
                waiting = isinstance(self._camera, ssl.SSLSocket) and self._camera.pending()
                ready = {key.fileobj for key, _ in selector.select(0 if waiting else _TICK_S)}
                if player in ready and not self._pass_on(player):
                    return
                if (waiting or self._camera in ready) and not self._pass_back(player):
                    return
                if self._udp is not None:
                    self._pass_packets(self._udp, ready, player, selector)

    def _pass_on(self, player: socket.socket) -> bool:
        """Pass on what the player says; whether it goes on."""
        with _player():
            data = player.recv(_CHUNK)
        if self._heard is not None and _PLAY.search(data):
            self._offer = _offered(self._heard)
            self._heard = None
        self._camera.sendall(self._udp.from_player(data) if self._udp else data)
        return bool(data)

    def _pass_back(self, player: socket.socket) -> bool:
        """Pass back what the camera says, unless that does harm; whether it goes on."""
        said = self._hear()
        if not said:
            return said is None
        if self._heard is not None:
            # Nothing that is looked for goes over a line's end: what was looked at before is not again.
            line = self._heard.rfind(b"\n") + 1
            self._heard += said.replace(b"\r", b"")
            if not self._harmless(self._heard, line):
                return False
        back = self._udp.from_camera(said) if self._udp else said
        with _player():
            player.sendall(back)
        return True

    @staticmethod
    def _pass_packets(
        udp: UdpTransport, ready: set[Any], player: socket.socket, selector: selectors.BaseSelector
    ) -> None:
        """Pass back the datagrams of sockets that have some, and listen on those that are new."""
        known = selector.get_map()
        for one in udp.sockets:
            if one not in known:
                selector.register(one, selectors.EVENT_READ)
            elif one in ready and (packets := udp.packets(one)):
                with _player():
                    player.sendall(packets)

    def _hear(self) -> bytes | None:
        """What the camera says; None where what came is TLS's own, as the tickets after a handshake."""
        self._camera.settimeout(0)
        try:
            return self._camera.recv(_CHUNK)
        except (ssl.SSLWantReadError, BlockingIOError):
            return None
        finally:
            self._camera.settimeout(self._timeout_s)

    def _harmless(self, heard: bytearray, line: int) -> bool:
        """Whether the camera has not redirected in or after the line that begins at `line`; notes its last status."""
        if redirect := _REDIRECT.search(heard, line):
            location = _LOCATION.search(heard, redirect.start())
            where = repr(redact(location[1].decode(errors="replace"))) if location else "another place"
            self._ended = f"the camera redirects to {where}, which is not followed; expected the stream's own address"
            return False
        if len(heard) > _TALK_LIMIT:
            self._ended = f"the camera said more than {_TALK_LIMIT} bytes before its stream"
            return False
        if statuses := _STATUS.findall(heard, line):
            self._status = statuses[-1].decode().strip()
        return True


class _PlayerGoneError(Exception):
    """FFmpeg has closed its connection, perhaps before it read everything."""


@contextmanager
def _player() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise _PlayerGoneError from error


def _offered(heard: bytearray) -> str:
    """The media of a description, each with the name of its form, or the number where that is a fixed one."""
    found = []
    for media, number, rest in _MEDIA.findall(bytes(heard)):
        form = _FORM.search(rest)
        found.append(f"{media.decode()} {form[1].decode() if form else f'format {number.decode()}'}")
    return ", ".join(dict.fromkeys(found))
