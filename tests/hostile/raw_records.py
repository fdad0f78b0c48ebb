"""Records as no client library of ours writes them: headers whose names are no text, through aiokafka's own builder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer import message_accumulator, producer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from schemas.messages import RawHeaders
from schemas.settings import Settings


class RawName(str):
    """A header's name that is written as these bytes."""

    raw: bytes

    def __new__(cls, raw: bytes) -> RawName:
        made = super().__new__(cls, "name")
        made.raw = raw
        return made

    def encode(self, *_: Any) -> bytes:
        return self.raw


@contextmanager
def _builder_in_python() -> Iterator[None]:
    """aiokafka's compiled builder takes nothing but text."""
    before = message_accumulator.DefaultRecordBatchBuilder
    for module in (message_accumulator, producer):
        module.DefaultRecordBatchBuilder = _DefaultRecordBatchBuilderPy
    try:
        yield
    finally:
        for module in (message_accumulator, producer):
            module.DefaultRecordBatchBuilder = before


def put_raw(settings: Settings, topic: str, value: bytes, headers: RawHeaders, *, partition: int) -> int:
    """Write one record, whose headers may have a `RawName`; returns its offset."""

    async def put() -> int:
        client = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
        await client.start()
        try:
            sent = await client.send_and_wait(topic, value, key=b"raw", partition=partition, headers=headers)
            offset: int = sent.offset
            return offset
        finally:
            await client.stop()

    # On a thread: a browser that the session has open has a loop running on this one.
    with _builder_in_python(), ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, put()).result()
