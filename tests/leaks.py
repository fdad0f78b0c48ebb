"""Looks for planted secrets in what the suite produces: plain, quoted as URLs and JSON do, and in base64."""

from __future__ import annotations

import base64
import html
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

import httpx
import pytest

from tests.planted import SECRETS, may_hold

_NOT_TEXT: Final = frozenset({".index", ".timeindex", ".jsa", ".so"})
"""Files that hold nothing of what anybody sent: Kafka's indexes are megabytes of zeros."""
_CHUNK: Final = 8 * 1024 * 1024
_PREFILTER: Final = 7
"""Characters of a secret for which everything is searched first: the planted ones begin with the same."""


def forms(secret: str) -> dict[str, bytes]:
    """How the secret may be spelled, by the spelling's name; of equal ones the first."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "percent-encoded": quote(secret, safe="").encode(),
        "percent-encoded, small": _small_escapes(quote(secret, safe="")).encode(),
        "percent-encoded path": quote(secret).encode(),
        "form-encoded": quote_plus(secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "HTML": html.escape(secret).encode(),
    }
    found |= {f"base64, {shift} bytes in": form for shift, form in enumerate(_base64(raw))}
    first = {form: how for how, form in reversed(found.items())}
    return {how: form for how, form in found.items() if first[form] == how}


def _small_escapes(text: str) -> str:
    head, *escapes = text.split("%")
    return "%".join([head, *(escape[:2].lower() + escape[2:] for escape in escapes)])


def _base64(raw: bytes) -> Iterator[bytes]:
    """What of `raw` is certain to be seen when it stands 0, 1 or 2 bytes into a group of what is encoded."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        first = (0, 2, 3)[shift]
        yield encoded[first : (shift + len(raw)) * 8 // 6]


@dataclass
class Leaks:
    """The search for `secrets`; `found` says what, where and how."""

    secrets: Mapping[str, str] = field(default_factory=lambda: SECRETS)
    allowed: Callable[[Path, str], bool] = may_hold
    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._forms = [
            (name, how, form) for name, secret in self.secrets.items() for how, form in forms(secret).items()
        ]
        starts = {secret[:_PREFILTER] for secret in self.secrets.values()}
        self._starts = {form for start in starts for form in forms(start).values()}
        self._longest = max((len(form) for _, _, form in self._forms), default=0)

    def check(self, place: str, content: bytes, path: Path | None = None) -> None:
        """Search `content`, which came from `place`."""
        if not any(start in content for start in self._starts):
            return
        for name, how, form in self._forms:
            at = content.find(form)
            if at >= 0 and not (path is not None and self.allowed(path, name)):
                self._report(f"{name} ({how}) in {place} at byte {at}")

    def scan(self, folders: Iterable[Path]) -> None:
        """Search every file in `folders`; what a broker removes meanwhile is gone."""
        for folder in folders:
            for root, _, names in os.walk(folder):
                for path in (Path(root, name) for name in names):
                    if path.is_file() and not path.is_symlink() and path.suffix not in _NOT_TEXT:
                        self._scan_file(path)

    def scan_topics(self, data: Path, prefix: str) -> None:
        """Search the files of the topics below `prefix` in a broker's data."""
        self.scan(Path(root, name) for root, names, _ in os.walk(data) for name in names if name.startswith(prefix))

    def response(self, response: httpx.Response) -> None:
        """Search an HTTP answer, as a hook of httpx's client may; of a stream that has no end what is read of it."""
        place = f"the answer to {response.request.method} {response.url}"
        head = "\n".join(f"{name}: {value}" for name, value in response.headers.items()).encode()
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            self.check(place, head)
            response.stream = _SearchedStream(response.stream, partial(self.check, place), self._longest)
            return
        response.read()
        self.check(place, head + b"\n" + response.content)

    def command(self, ended: subprocess.CompletedProcess[Any]) -> None:
        """Search what was captured of a command."""
        said = [text.encode() if isinstance(text, str) else text or b"" for text in (ended.stdout, ended.stderr)]
        self.check(f"what {ended.args} said", b"\n".join(said))

    def taken(self, capture: pytest.CaptureFixture[str], place: str) -> None:
        """Search what a test takes out of `capture` from now on; what it leaves there comes to its report."""
        plain = capture.readouterr

        def readouterr() -> Any:
            captured = plain()
            self.check(place, "\n".join(captured).encode())
            return captured

        capture.readouterr = readouterr  # type: ignore[method-assign]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Search whatever httpx's clients are answered meanwhile, and what `subprocess.run` captures, whoever calls."""
        send, send_async, run = httpx.Client.send, httpx.AsyncClient.send, subprocess.run

        def searched_send(client: httpx.Client, *request: Any, **options: Any) -> httpx.Response:
            response = send(client, *request, **options)
            self.response(response)
            return response

        async def searched_send_async(client: httpx.AsyncClient, *request: Any, **options: Any) -> httpx.Response:
            response = await send_async(client, *request, **options)
            if response.is_closed:  # it was read; no test streams this way
                self.response(response)
            return response

        def searched_run(*command: Any, **options: Any) -> subprocess.CompletedProcess[Any]:
            ended: subprocess.CompletedProcess[Any] = run(*command, **options)
            self.command(ended)
            return ended

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(httpx.Client, "send", searched_send)
            patch.setattr(httpx.AsyncClient, "send", searched_send_async)
            patch.setattr(subprocess, "run", searched_run)
            yield

    def _scan_file(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                tail = b""
                while chunk := file.read(_CHUNK):
                    self.check(str(path), tail + chunk, path)
                    tail = chunk[-self._longest :]
        except OSError:
            return  # a broker removes old segments while they are searched

    def _report(self, finding: str) -> None:
        if finding not in self.found:
            self.found.append(finding)


class _SearchedStream(httpx.SyncByteStream):
    """A stream that searches what is read of it, also across its chunks."""

    def __init__(self, stream: object, check: Callable[[bytes], None], longest: int) -> None:
        assert isinstance(stream, httpx.SyncByteStream)
        self._stream = stream
        self._check = check
        self._longest = longest

    def __iter__(self) -> Iterator[bytes]:
        tail = b""
        for chunk in self._stream:
            self._check(tail + chunk)
            tail = (tail + chunk)[-self._longest :]
            yield chunk

    def close(self) -> None:
        self._stream.close()


LEAKS: Final = Leaks()
"""The session's own search."""
