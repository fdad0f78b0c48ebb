from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from api.store import ResultFilter
from api.stream import Broadcaster
from api.stream.encodings import SOCKET, SSE, Encoding
from api.stream.history import History
from api.stream.ids import EventId, EventIdError, mark
from api.stream.news import TopicNews, Unreadable
from api.stream.window import Window
from schemas.settings import Settings
from tests.unit.api.samples import detection, record

MODEL, OTHER = "object-detection", "face-detection"
HERE = mark("here")
HELLO = b"retry: 1000\n\n"
EVERYTHING = ResultFilter()


def opened(*, limit: int = 10, heartbeat_s: float = 5.0, entries: int = 4096, begin: int = 0) -> Broadcaster:
    """A broadcaster of two topics with one partition each, whose reader begins at `begin`."""
    made = Broadcaster(
        (MODEL, OTHER), History(Settings()), limit=limit, heartbeat_s=heartbeat_s, window=Window(entries=entries)
    )
    made.bind()
    made.publish([TopicNews(MODEL, mark("first"), (begin,)), TopicNews(OTHER, mark("other"), (0,))])
    made.open(HERE)
    return made


class Client:
    """Takes events one by one."""

    def __init__(self, chunks: AsyncIterator[list[bytes]]) -> None:
        self._chunks = chunks

    async def take(self) -> list[bytes]:
        """The next events that are sent at once."""
        return await asyncio.wait_for(anext(self._chunks), 5)

    async def rest(self) -> list[bytes]:
        async with asyncio.timeout(5):
            return [event async for events in self._chunks for event in events]

    async def is_quiet(self) -> bool:
        """Nothing comes for a moment; the client is of no use any more."""
        try:
            await asyncio.wait_for(anext(self._chunks), 0.05)
        except TimeoutError:
            return True
        return False


async def joined(
    broadcaster: Broadcaster, wanted: ResultFilter = EVERYTHING, encoding: Encoding = SSE, **more: Any
) -> Client:
    """A client that was greeted."""
    subscription = await broadcaster.subscribe(wanted, encoding, **more)
    assert subscription
    client = Client(subscription.events())
    await client.take()
    return client


def fields(event: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))


def place(event: bytes, model: str | None = None) -> dict[tuple[str, int], int]:
    """How far an event's id takes its client."""
    found = EventId.parse(fields(event)["id"]).positions(HERE, (MODEL, OTHER), model)
    return {(name, partition): offset for name, partition, offset in found}


async def test_an_event_has_the_records_bytes_and_takes_its_client_behind_it() -> None:
    broadcaster = opened()
    client = await joined(broadcaster)
    one = record(7)
    broadcaster.publish([one])
    (event,) = await client.take()
    assert event.startswith(b"event: result\ndata: " + one.value + b"\nid: 1.")
    assert place(event) == {(MODEL, 0): 8, (OTHER, 0): 0}


async def test_a_record_of_several_lines_stays_one_event() -> None:
    broadcaster = opened()
    client = await joined(broadcaster)
    broadcaster.publish([replace(record(7), value=b'{\n"a": 1}\n\nevent: forged')])
    (event,) = await client.take()
    assert event.decode().split("\n")[:5] == [
        "event: result",
        "data: {",
        'data: "a": 1}',
        "data: ",
        "data: event: forged",
    ]
    assert event.endswith(b"\n\n")
    assert b"\n\n" not in event[:-2]


async def test_a_stream_begins_with_the_reconnection_time_and_an_id_and_sends_what_is_there_at_once() -> None:
    broadcaster = opened(begin=5)
    subscription = await broadcaster.subscribe(EVERYTHING, SSE)
    assert subscription
    broadcaster.publish([record(number) for number in (5, 6, 7)])
    client = Client(subscription.events())
    hello, heartbeat = await client.take()
    assert hello == HELLO
    assert place(heartbeat) == {(MODEL, 0): 5, (OTHER, 0): 0}
    assert [place(event)[MODEL, 0] for event in await client.take()] == [6, 7, 8]


async def test_who_is_too_slow_is_told_once_and_goes_on_with_the_oldest_that_is_left() -> None:
    broadcaster = opened(entries=2)
    client = await joined(broadcaster)
    broadcaster.publish([record(number) for number in range(5)])
    (gap,) = await client.take()
    assert json.loads(fields(gap)["data"]) == {"missed": 3, "offsets": {f"{MODEL}/0": [0, 3]}}
    assert (fields(gap)["event"], place(gap)) == ("gap", {(MODEL, 0): 3, (OTHER, 0): 0})
    assert [place(event)[MODEL, 0] for event in await client.take()] == [4, 5]
    broadcaster.publish([record(5)])
    assert [place(event)[MODEL, 0] for event in await client.take()] == [6]


async def test_a_filtered_client_that_waited_for_nothing_was_not_slow() -> None:
    broadcaster = opened(entries=2)
    client = await joined(broadcaster, ResultFilter(camera="yard"))
    waiting = asyncio.create_task(client.take())
    await asyncio.sleep(0.01)
    broadcaster.publish([record(number) for number in range(9)])
    broadcaster.publish([record(9, camera="yard")])
    (event,) = await waiting
    assert place(event)[MODEL, 0] == 10


async def test_how_many_a_filtered_client_missed_nobody_knows() -> None:
    broadcaster = opened(entries=1)
    client = await joined(broadcaster, ResultFilter(camera="gate"))
    broadcaster.publish([record(number) for number in range(3)])
    (gap,) = await client.take()
    assert json.loads(fields(gap)["data"]) == {"missed": None, "offsets": {f"{MODEL}/0": [0, 2]}}


async def test_heartbeats_take_an_idle_client_on_past_what_it_does_not_want() -> None:
    broadcaster = opened(heartbeat_s=0.01)
    client = await joined(broadcaster, ResultFilter(camera="nobody"))
    (first,) = await client.take()
    broadcaster.publish([record(0), record(1), Unreadable(MODEL, 0, 2)])
    while place(first)[MODEL, 0] == 0:
        (first,) = await client.take()
    assert list(fields(first)) == ["id"]
    assert place(first) == {(MODEL, 0): 3, (OTHER, 0): 0}


async def test_a_stream_of_one_model_has_ids_of_its_own_and_hears_of_no_other() -> None:
    broadcaster = opened(entries=1)
    client = await joined(broadcaster, ResultFilter(model=OTHER))
    broadcaster.publish([record(number) for number in range(5)])  # whoever wants those was too slow
    broadcaster.publish([record(0, model=OTHER)])
    (event,) = await client.take()
    assert place(event, OTHER) == {(OTHER, 0): 1}


async def test_each_client_gets_what_it_wants_from_any_thread() -> None:
    broadcaster = opened()
    everything, people = await joined(broadcaster), await joined(broadcaster, ResultFilter(label="person"))
    first, second = record(1), record(2, detection("person", 0.5))
    thread = threading.Thread(target=broadcaster.publish_from_thread, args=([first, second],))
    thread.start()
    assert [place(event)[MODEL, 0] for event in await everything.take()] == [2, 3]
    assert [place(event)[MODEL, 0] for event in await people.take()] == [3]
    thread.join()


async def test_who_waits_for_more_gets_it_at_once() -> None:
    broadcaster = opened()
    client, eager = await joined(broadcaster, coalesce_s=0.05), await joined(broadcaster)
    broadcaster.publish([record(0)])  # the first need not wait
    for one in (client, eager):
        assert len(await one.take()) == 1
    taken = [asyncio.create_task(one.take()) for one in (client, eager)]
    for number in range(1, 4):
        await asyncio.sleep(0)
        broadcaster.publish([record(number)])
    coalesced, alone = [await one for one in taken]
    assert (len(coalesced), len(alone)) == (3, 1)
    broadcaster.publish([record(4)])
    assert len(await client.take()) == 1


async def test_a_socket_has_the_same_events_as_json() -> None:
    broadcaster = opened()
    client = await joined(broadcaster, encoding=SOCKET)
    one = record(0)
    broadcaster.publish([one])
    (message,) = await client.take()
    said = json.loads(message)
    assert (said["event"], said["data"]) == ("result", json.loads(one.value))
    assert said["id"] == broadcaster.id_of(None)


async def test_clients_are_limited_and_end_together() -> None:
    broadcaster = opened(limit=2)
    first, second = [await broadcaster.subscribe(EVERYTHING, SSE) for _ in range(2)]
    assert first
    assert second
    assert await broadcaster.subscribe(EVERYTHING, SSE) is None
    broadcaster.unsubscribe(second)
    assert broadcaster.clients == 1
    broadcaster.publish([record(0)])
    broadcaster.close()
    assert await broadcaster.subscribe(EVERYTHING, SSE) is None
    hello, _, event = await Client(first.events()).rest()
    assert (hello, place(event)[MODEL, 0]) == (HELLO, 1)
    broadcaster.unsubscribe(first)


async def test_who_comes_back_gets_out_of_memory_what_came_meanwhile_once() -> None:
    broadcaster = opened()
    broadcaster.publish([record(number) for number in range(3)])
    last = broadcaster.id_of(None)
    broadcaster.publish([Unreadable(MODEL, 0, 3), record(4), record(0, model=OTHER)])
    client = await joined(broadcaster, last=last)
    events = await client.take()
    assert [place(event) for event in events] == [
        {(MODEL, 0): 5, (OTHER, 0): 0},
        {(MODEL, 0): 5, (OTHER, 0): 1},
    ]
    broadcaster.publish([record(5)])
    assert [place(event) for event in await client.take()] == [{(MODEL, 0): 6, (OTHER, 0): 1}]
    assert await client.is_quiet()


async def test_who_comes_from_a_replica_that_has_seen_more_gets_nothing_twice() -> None:
    ahead, behind = opened(), opened()
    ahead.publish([record(number) for number in range(3)])
    behind.publish([record(0)])
    client = await joined(behind, last=ahead.id_of(None))
    waiting = asyncio.create_task(client.take())
    await asyncio.sleep(0.05)
    behind.publish([record(1), record(2), record(3)])
    assert [place(event)[MODEL, 0] for event in await waiting] == [4]


async def test_a_topic_that_is_made_anew_is_a_gap_for_everybody_and_its_first_results_come() -> None:
    broadcaster = opened()
    busy, idle = await joined(broadcaster), await joined(broadcaster)
    broadcaster.publish([record(number) for number in range(3)])
    await idle.take()
    waiting = asyncio.create_task(idle.take())
    await asyncio.sleep(0.01)
    broadcaster.publish([TopicNews(MODEL, mark("second"), (0,)), record(0)])
    for events, missed in ((await waiting, 3), (await busy.take(), 0)):
        assert json.loads(fields(events[0])["data"]) == {"missed": None, "offsets": {f"{MODEL}/0": [missed, 0]}}
    for client in (idle, busy):
        assert [place(event)[MODEL, 0] for event in await client.take()] == [1]


@pytest.mark.parametrize("last", ["nonsense", "1.AAAA", "object-detection/0/7"])
async def test_what_is_no_id_is_refused(last: str) -> None:
    with pytest.raises(EventIdError, match="expected one that this stream has sent"):
        await opened().subscribe(EVERYTHING, SSE, last=last)


async def test_ids_that_would_be_too_long_are_refused_before_they_are_needed() -> None:
    broadcaster = opened()
    broadcaster.publish([TopicNews(OTHER, mark("other"), (2**40,) * 900)])
    with pytest.raises(EventIdError, match="expected model="):
        await broadcaster.subscribe(EVERYTHING, SSE)
    assert await broadcaster.subscribe(ResultFilter(model=MODEL), SSE)


async def test_nobody_who_has_gone_is_remembered() -> None:
    broadcaster = opened(entries=2)
    clients = [await broadcaster.subscribe(ResultFilter(camera=f"camera-{number}"), SSE) for number in range(5)]
    broadcaster.publish([record(number, camera="camera-1") for number in range(9)])
    for client in clients:
        assert client
        broadcaster.unsubscribe(client)
    assert not broadcaster._channels
    assert not broadcaster.window._held
    assert not broadcaster.window._lost
