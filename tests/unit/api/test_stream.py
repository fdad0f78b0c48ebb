from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

from api.store import ResultFilter
from api.stream import Broadcaster, Subscription, encode_event, encode_gap
from tests.unit.api.samples import detection, record


async def collect(subscription: Subscription, count: int, *, heartbeat_s: float = 5.0) -> list[bytes]:
    chunks = subscription.chunks(heartbeat_s=heartbeat_s)
    return [await anext(chunks) for _ in range(count)]


def test_an_event_has_the_records_bytes_and_its_place() -> None:
    one = record(7)
    assert encode_event(one) == b"event: result\ndata: " + one.value + b"\nid: object-detection/0/7\n\n"


def test_a_record_of_several_lines_stays_one_event() -> None:
    one = replace(record(7), value=b'{\n"a": 1}\n\nevent: forged')
    assert encode_event(one).decode().split("\n") == [
        "event: result",
        "data: {",
        'data: "a": 1}',
        "data: ",
        "data: event: forged",
        "id: object-detection/0/7",
        "",
        "",
    ]


async def test_a_stream_begins_with_the_reconnection_time_and_sends_what_is_queued_at_once() -> None:
    subscription = Subscription(ResultFilter())
    for event in (b"1", b"2", b"3"):
        subscription.offer(event)
    assert await collect(subscription, 2) == [b"retry: 1000\n\n", b"123"]


async def test_the_oldest_events_go_and_the_client_is_told_once() -> None:
    subscription = Subscription(ResultFilter(), limit=2)
    for event in (b"1", b"2", b"3", b"4", b"5"):
        subscription.offer(event)
    chunks = subscription.chunks()
    assert await anext(chunks) == b"retry: 1000\n\n"
    assert await anext(chunks) == encode_gap(3) + b"45"
    subscription.offer(b"6")
    assert await anext(chunks) == b"6"
    assert encode_gap(3) == b'event: gap\ndata: {"missed":3}\n\n'


async def test_silence_is_filled_with_heartbeats() -> None:
    heartbeats = await collect(Subscription(ResultFilter()), 3, heartbeat_s=0.01)
    assert heartbeats[1:] == [b": heartbeat\n\n"] * 2


async def test_a_closed_stream_ends_after_what_is_queued() -> None:
    subscription = Subscription(ResultFilter())
    subscription.offer(b"1")
    subscription.close()
    assert [chunk async for chunk in subscription.chunks()] == [b"retry: 1000\n\n", b"1"]


async def test_each_client_gets_what_it_wants_from_any_thread() -> None:
    broadcaster = Broadcaster()
    broadcaster.publish_from_thread([record(0)])  # before there is a loop: nobody is there to get it
    broadcaster.bind()
    everything = broadcaster.subscribe(ResultFilter())
    people = broadcaster.subscribe(ResultFilter(label="person"))
    assert everything
    assert people
    first, second = record(1), record(2, detection("person", 0.5))
    thread = threading.Thread(target=broadcaster.publish_from_thread, args=([first, second],))
    thread.start()
    assert (await collect(everything, 2))[1] == encode_event(first) + encode_event(second)
    assert (await collect(people, 2))[1] == encode_event(second)
    thread.join()

    broadcaster.unsubscribe(people)
    broadcaster.publish([second])
    assert (await collect(people, 2, heartbeat_s=0.01))[1] == b": heartbeat\n\n"


async def test_clients_are_limited_and_end_together() -> None:
    broadcaster = Broadcaster(limit=2)
    first, second = (broadcaster.subscribe(ResultFilter()) for _ in range(2))
    assert first
    assert second
    assert broadcaster.subscribe(ResultFilter()) is None
    broadcaster.unsubscribe(second)
    assert broadcaster.subscribe(ResultFilter()) is not None
    broadcaster.close()
    broadcaster.unsubscribe(first)
    assert broadcaster.subscribe(ResultFilter()) is None
    ended = await asyncio.wait_for(collect_all(first), 5)
    assert ended == [b"retry: 1000\n\n"]


async def collect_all(subscription: Subscription) -> list[bytes]:
    return [chunk async for chunk in subscription.chunks()]
