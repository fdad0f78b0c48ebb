"""A result as it stands in its topic: read from a record, or refused with the reason."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from math import isfinite

from confluent_kafka import Message

from api.log.kafka import appended_at, headers_of
from api.metrics import ERRORS
from schemas.errors import MessageError, NewerRecordError
from schemas.messages import Result, check_result_type
from schemas.names import Names
from schemas.printable import shown

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """A record of a results topic: where it stands, when the broker appended it, its bytes, and what they say."""

    model: str
    partition: int
    offset: int
    appended_at: datetime
    value: bytes
    result: Result

    @property
    def id(self) -> str:
        """Its place in the results log: the same for every reader, today and after a restart."""
        return f"{self.model}/{self.partition}/{self.offset}"

    @property
    def latency_s(self) -> float:
        """Seconds from the frame's capture to the result's place in the log, across two machines' clocks."""
        return (self.appended_at - self.result.frame.captured_at).total_seconds()


def decode_result(message: Message, names: Names) -> ResultRecord | None:
    """The result that `message` carries; None, counted and logged, when it carries none."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    try:
        return read_record(message, names)
    except NewerRecordError as error:
        ERRORS.labels(kind="newer-record").inc()
        log.warning("newer record set aside topic=%s partition=%d offset=%d error=%s", topic, partition, offset, error)
        return None
    except MessageError as error:
        ERRORS.labels(kind="malformed-record").inc()
        log.warning("malformed record topic=%s partition=%d offset=%d error=%s", topic, partition, offset, error)
        return None


def read_record(message: Message, names: Names) -> ResultRecord:
    """The result that `message` carries.

    Raises:
        NewerRecordError: Only a newer release can read it.
        MessageError: It carries none.
    """
    check_result_type(headers_of(message))
    result = read_result(message.value(), names.model_of_results(message.topic()))
    place = (message.partition(), message.offset())
    return ResultRecord(result.model.name, *place, appended_at(message), message.value(), result)


def read_result(value: bytes | None, model: str | None) -> Result:
    """The result in a record's value, of a topic of `model`.

    Raises:
        MessageError: It is malformed, of another model, or not JSON in every reader's eyes.
    """
    result = Result.from_json(value)
    if result.model.name != model:
        raise MessageError(f"result: model.name = {result.model.name!r}: expected {model!r}, the topic's")
    if value and (b"NaN" in value or b"Infinity" in value):
        # Our readers take these words for numbers, browsers do not; and the bytes are passed on as they are.
        json.loads(value, parse_constant=_refuse)
    parent = result.frame.parent
    if parent is not None and not all(map(isfinite, (*parent.box, *parent.map))):
        raise MessageError(f"result: frame.parent of {shown(parent.address)}: expected finite numbers")
    for detection in result.detections:
        # Also from 1e999, which browsers can read, and from words in quotes, which our readers take for numbers.
        numbers = (*detection.box, *chain.from_iterable(detection.keypoints or ()), *(detection.embedding or ()))
        if not all(map(isfinite, numbers)):
            raise MessageError(f"result: the detection of {shown(detection.label)}: expected finite numbers")
    return result


def _refuse(constant: str) -> None:
    raise MessageError(f"result: {constant}: expected finite numbers")
