"""The frame that became a dead letter, byte for byte: from the letter, or from the frames' log where it did not fit."""

from __future__ import annotations

from typing import NamedTuple

from confluent_kafka import Message

from api.dead_letters.letters import Letter
from api.log.kafka import headers_of
from api.log.record_reader import RecordReader
from schemas.errors import FramebusError
from schemas.messages import RawHeaders, decode_dead_letter
from schemas.names import Names


class OriginalGoneError(FramebusError):
    """A frame's bytes are neither in its dead letter nor in the log any more."""


class Original(NamedTuple):
    """A frame's record as it was written."""

    key: bytes | None
    value: bytes | None
    headers: RawHeaders


class Originals:
    """Fetches originals; blocking, one caller at a time."""

    def __init__(self, names: Names, records: RecordReader) -> None:
        self._names = names
        self._records = records

    def fetch(self, letter: Letter, *, deadline: float) -> Original:
        """The frame that `letter` is about.

        Raises:
            OriginalGoneError: Retention took the letter, or the frame that did not fit into it.
            EnvironmentMissingError: Kafka gives no answer by `deadline`.
        """
        partition, offset = letter.place
        record = self._records.read((self._names.dead_letters, partition), offset, deadline=deadline)
        if record is None:
            raise OriginalGoneError(f"dead letter {letter.address}: retention has taken it; expected it in its topic")
        found = decode_dead_letter(headers_of(record))
        if not found.value_omitted:
            return Original(record.key(), record.value(), found.original)
        frame = self._frame(letter, deadline)
        if frame is None or not (found.headers_omitted or list(found.original) == headers_of(frame)):
            raise OriginalGoneError(
                f"dead letter {letter.address}: its value was omitted because it did not fit, and the frames' log "
                "does not have the frame any more; expected it at its address"
            )
        return Original(frame.key(), frame.value(), headers_of(frame))

    def headers(self, letter: Letter, *, deadline: float) -> RawHeaders:
        """The original headers as the letter itself has them; none where retention has taken it.

        Raises:
            EnvironmentMissingError: Kafka gives no answer by `deadline`.
        """
        partition, offset = letter.place
        record = self._records.read((self._names.dead_letters, partition), offset, deadline=deadline)
        return decode_dead_letter(headers_of(record)).original if record is not None else ()

    def _frame(self, letter: Letter, deadline: float) -> Message | None:
        model, partition, offset = letter.address
        return self._records.read((self._names.frames(model), partition), offset, deadline=deadline)
