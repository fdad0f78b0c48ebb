"""Results as they are written, decoded."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from confluent_kafka import Message

from api.log_tail import LogTail
from api.metrics import ERRORS
from schemas.errors import MessageError
from schemas.messages import Result
from schemas.names import Names
from schemas.settings import Settings

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
        result = read_result(message.value(), names.model_of_results(topic))
    except MessageError as error:
        ERRORS.labels(kind="malformed-record").inc()
        log.warning("malformed record topic=%s partition=%d offset=%d error=%s", topic, partition, offset, error)
        return None
    appended_at = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
    return ResultRecord(result.model.name, partition, offset, appended_at, message.value(), result)


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
    return result


def _refuse(constant: str) -> None:
    raise MessageError(f"result: {constant}: expected finite numbers")


class ResultTail:
    """The results of some models from now on, or from the first that their topics still have.

    "Now" is when the constructor returns: whatever is written after it will be read.
    """

    def __init__(
        self, settings: Settings, models: Iterable[str], *, from_beginning: bool = False, answer_s: float = 10.0
    ) -> None:
        """Settle where to begin.

        Raises:
            EnvironmentMissingError: Kafka gives no answer in `answer_s` seconds.
        """
        self._names = settings.names
        back = None if from_beginning else 0
        self._tail = LogTail(settings, {settings.names.results(model): back for model in models})
        self._tail.open(deadline=time.monotonic() + answer_s)

    def poll(self, timeout: float) -> list[ResultRecord]:
        """The next results, as soon as there are any; none after `timeout` seconds."""
        records = (decode_result(message, self._names) for message in self._tail.poll(timeout))
        return [record for record in records if record]

    def close(self) -> None:
        """Leave the broker."""
        self._tail.close()
