"""What is sent: the same events as server-sent events, and as the messages of a WebSocket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Protocol

from fastapi.sse import format_sse_event

from api.result_record import ResultRecord

RESULT_EVENT: Final = "result"
GAP_EVENT: Final = "gap"
HEARTBEAT_EVENT: Final = "heartbeat"
_RETRY_MS: Final = 1000

Gap = Mapping[tuple[str, int], tuple[int, int]]
"""By model and partition the first offset that was not sent, and the first one behind those."""


def gap_text(offsets: Gap, missed: int | None) -> str:
    """The data of a `gap`, as JSON."""
    named = {f"{model}/{partition}": list(span) for (model, partition), span in sorted(offsets.items())}
    return json.dumps({"missed": missed, "offsets": named}, separators=(",", ":"))


class Encoding(Protocol):
    """One way to send events; what `head` makes is shared by all clients."""

    hello: bytes

    def head(self, record: ResultRecord) -> bytes:
        """What a result's event has before its id."""

    def result(self, head: bytes, event_id: str) -> bytes:
        """A result's event."""

    def gap(self, text: str, event_id: str) -> bytes:
        """The event that tells of results which are not sent."""

    def heartbeat(self, event_id: str | None) -> bytes:
        """What is sent where there is no result: the id alone, which takes its client on."""


class ServerSentEvents:
    """A result's data are its record's bytes as they stand in the log."""

    hello = format_sse_event(retry=_RETRY_MS)

    def head(self, record: ResultRecord) -> bytes:
        return format_sse_event(data_str=record.value.decode(errors="replace"), event=RESULT_EVENT)[:-1]

    def result(self, head: bytes, event_id: str) -> bytes:
        return b"%bid: %b\n\n" % (head, event_id.encode())

    def gap(self, text: str, event_id: str) -> bytes:
        return format_sse_event(data_str=text, event=GAP_EVENT, id=event_id)

    def heartbeat(self, event_id: str | None) -> bytes:
        return format_sse_event(id=event_id) if event_id else format_sse_event(comment=HEARTBEAT_EVENT)


class SocketMessages:
    """Each event is one JSON object: `event`, `id`, `data`."""

    hello = b""

    def head(self, record: ResultRecord) -> bytes:
        return record.value.decode(errors="replace").encode()

    def result(self, head: bytes, event_id: str) -> bytes:
        return self._message(RESULT_EVENT, event_id, head)

    def gap(self, text: str, event_id: str) -> bytes:
        return self._message(GAP_EVENT, event_id, text.encode())

    def heartbeat(self, event_id: str | None) -> bytes:
        return self._message(HEARTBEAT_EVENT, event_id, b"null")

    def _message(self, event: str, event_id: str | None, data: bytes) -> bytes:
        return b'{"event":"%b","id":%b,"data":%b}' % (event.encode(), json.dumps(event_id).encode(), data)


SSE: Final[Encoding] = ServerSentEvents()
SOCKET: Final[Encoding] = SocketMessages()
