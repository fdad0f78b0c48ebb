"""The receiver, as a client of it sees it: one request, and what it answers."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from pydantic import SecretStr
from yarl import URL

from api.sink.answer import Answer, seconds_to_wait
from api.sink.metrics import DURATION, REQUESTS
from schemas.errors import SettingsError
from schemas.printable import printable
from schemas.redaction import redact

_SAID: Final = 200
"""Characters of an answer's text that a reason quotes."""


class Receiver:
    """POSTs to one URL. Redirects are not followed, proxies of the environment not used, cookies not kept.

    Neither the URL's path nor what else may be secret in it is ever part of what this says: only its host is.
    """

    def __init__(self, url: SecretStr, *, ca_file: Path | None, timeout_s: float, in_flight: int) -> None:
        """Open nothing yet; in the event loop that will call.

        Raises:
            SettingsError: The file of certificates cannot be read.
        """
        self._url = URL(url.get_secret_value())
        self.host = f"{self._url.scheme}://{self._url.host}:{self._url.port}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=in_flight, ssl=_trust(ca_file)),
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": f"framebus/{version('framebus')}"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request; whatever goes wrong with it is an answer without a status."""
        began = time.monotonic()
        try:
            answer = await self._post(headers, body)
        except TimeoutError:
            answer = Answer(None, f"no answer from {self.host} in time")
        except aiohttp.ClientConnectorError as error:
            answer = Answer(None, f"no connection to {self.host}: {printable(error.os_error.strerror or '', _SAID)}")
        except aiohttp.ClientError as error:
            answer = Answer(None, f"no answer from {self.host}: {type(error).__name__}")
        DURATION.observe(time.monotonic() - began)
        REQUESTS.labels(status=answer.label).inc()
        return answer

    async def _post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        async with self._session.post(self._url, headers=headers, data=body, allow_redirects=False) as response:
            # A short text is read, so that the connection can be used again; of a long one it is given up.
            said = await response.content.read(4 * _SAID)
            wait_s = seconds_to_wait(response.headers.get("retry-after"), now=datetime.now(UTC))
            text = redact(printable(said.decode(errors="replace").strip(), _SAID))
            return Answer(response.status, f"HTTP {response.status} {text}".strip(), wait_s)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # also what is no certificate: ssl's error is one
            raise SettingsError(f"FRAMEBUS_SINK_CA_FILE='{ca_file}': {error.strerror or error}") from None
    return context
