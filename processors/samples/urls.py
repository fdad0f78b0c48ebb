"""Networks from URLs: fetched over HTTPS, checked by sha256, kept in the cache."""

from __future__ import annotations

import http.client
import logging
import time
import urllib.request
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final
from urllib.parse import urlsplit

from processors.samples.cachefile import exclusive, place, scratch_directory, sha256_of
from processors.samples.packages import DEADLINE
from processors.samples.progress import Progress, silent
from schemas.catalogue import UrlFile
from schemas.catalogue.source import check_url
from schemas.errors import FetchError
from schemas.printable import printable

log = logging.getLogger(__name__)

LIMIT_BYTES: Final = 4 * 1024**3
"""No network that a machine infers in time is larger."""
_SILENCE_S: Final = 60.0
_CHUNK: Final = 1024 * 1024


def fetch_url(file: UrlFile, cache: Path, progress: Progress | None = None) -> Path:
    """The path of `file` under `cache`, downloaded if it is not there yet; safe to call from many processes.

    Raises:
        FetchError: The download failed, or its sha256 is not the expected one.
    """
    target = cache / "urls" / file.sha256 / f"network{PurePosixPath(urlsplit(file.url).path).suffix}"
    with exclusive(target.parent / ".lock"):
        if target.is_file() and sha256_of(target) == file.sha256:
            return target
        with scratch_directory(target.parent) as scratch:
            fetched = scratch / target.name
            try:
                _download(file.url, fetched, progress or silent)
            except (OSError, ValueError, http.client.HTTPException) as error:
                raise FetchError(f"{_name(file)}: {printable(str(error), 200)}; expected the file") from None
            found = sha256_of(fetched)
            if found != file.sha256:
                raise FetchError(f"{_name(file)}: sha256 is {found}; expected {file.sha256}")
            place(fetched, target)
    log.info("network fetched url=%s path=%s", printable(file.url), target)
    return target


def _name(file: UrlFile) -> str:
    return f"network {printable(file.url, 200)}"


def _download(url: str, target: Path, progress: Progress) -> None:
    opener = urllib.request.build_opener(_Redirects)
    give_up = time.monotonic() + DEADLINE
    label, seen = PurePosixPath(urlsplit(url).path).name, 0
    with opener.open(url, timeout=_SILENCE_S) as answer, target.open("wb") as stream:
        total = int(answer.headers.get("Content-Length") or 0) or None
        while chunk := answer.read1(_CHUNK):
            seen += stream.write(chunk)
            if seen > LIMIT_BYTES:
                raise ValueError(f"it has more than {LIMIT_BYTES} bytes")
            if time.monotonic() > give_up:
                raise TimeoutError(f"not here after {DEADLINE:.0f} s")
            progress(label, seen, total)
    if total is not None and seen < total:
        raise ValueError(f"the answer ended after {seen} of {total} bytes")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows what an entry may name, and nothing from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Any:  # noqa: ANN401
        check_url(newurl)
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise ValueError("a redirect from https to http")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]
