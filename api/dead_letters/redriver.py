"""Sends dead letters again: the original bytes and headers, to the topic that the frame came from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from api.dead_letters.letters import Letter, Letters
from api.dead_letters.originals import Original, OriginalGoneError, Originals
from api.dead_letters.outcome import Done, Outcome
from api.log.kafka import Offsets, client_config
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.messages import FrameAddress, Redrive, Redriven, redriven_headers
from schemas.names import IDENTIFIER
from schemas.settings import Settings
from schemas.spread import RoundRobin

IN_FLIGHT: Final = 32
"""Letters that are sent before the first of them is waited for: what a kill may leave without its record."""
GIVE_UP_S: Final = 20.0
_FETCH_S: Final = 10.0


class Redriver:
    """Sends letters again and records each; blocking, one caller at a time.

    A letter is redriven when the broker has acknowledged two records: the frame in its topic, then the `Redrive` that
    names its new address. After a kill between the two the frame is there without its record: to send it again is
    safe, and both have outcomes of their own.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, offsets: Offsets, originals: Originals) -> None:
        self._settings = settings
        self._names = settings.names
        self._catalogue = catalogue
        self._offsets = offsets
        self._originals = originals
        self._producer: Producer | None = None

    def refusal(self, address: FrameAddress, letters: Letters, *, again: bool = False) -> Outcome | None:
        """Why the dead letter of the frame at `address` cannot be sent again, as far as memory tells; None: it can."""
        letter = letters.get(address)
        if letter is None:
            detail = f"there is no such dead letter among the {len(letters):,} that are known; expected one of them"
            return Outcome(address, Done.NOT_FOUND, detail)
        if address.model not in self._catalogue:
            expected = ", ".join(model.name for model in self._catalogue.models)
            detail = f"model {address.model!r} is not in the catalogue; expected one of {expected}"
            return Outcome(address, Done.REFUSED, detail)
        pending = letters.pending(letter)
        if pending is not None and not again:
            where = f"{pending.address} (number {pending.number})"
            detail = f"it was sent again already, to {where}, and has not died since; expected that, or `again`"
            return Outcome(address, Done.REFUSED, detail, pending.address, pending.number)
        return None

    def send(
        self,
        addresses: Iterable[FrameAddress],
        letters: Letters,
        *,
        again: bool = False,
        report: Callable[[Outcome], None],
    ) -> None:
        """Send the dead letters of the frames at `addresses` again; tell what came of each as soon as it is certain.

        Raises:
            EnvironmentMissingError: Kafka gives no answer, or there is no topic for the records of it: nothing was
                sent. Once something was, each letter is reported.
        """
        wanted = list(dict.fromkeys(addresses))
        counts = self._partitions({address.model for address in wanted}) if wanted else {}
        turn: RoundRobin | None = None
        for begin in range(0, len(wanted), IN_FLIGHT):
            batch = _Batch(self._names.redrives, letters, report)
            for address in wanted[begin : begin + IN_FLIGHT]:
                letter = letters.get(address)
                refused = self.refusal(address, letters, again=again) or batch.refusal(letter)
                if refused or letter is None or batch.trouble:
                    report(refused or _untried(address, batch.trouble))
                    continue
                turn = turn or RoundRobin(str(address), address.model)
                self._send_one(letter, batch, turn.partition(counts[address.model]))
                turn.sent()
            self._settle(batch)
            if batch.trouble:
                for address in wanted[begin + IN_FLIGHT :]:
                    report(_untried(address, batch.trouble))
                return

    def send_frame(self, letter: Letter, original: Original, letters: Letters, model: str) -> Outcome:
        """Send a frame that need not be dead to `model`, which may be another one; `letter` says which frame it is.

        It goes to the partition in which the fewest frames wait.

        Raises:
            EnvironmentMissingError: Kafka gives no answer, or has no such topic: nothing was sent.
        """
        count = self._partitions({model})[model]
        outcomes: list[Outcome] = []
        batch = _Batch(self._names.redrives, letters, outcomes.append)
        self._produce(letter, original, batch, (model, self._shortest(model, count)))
        self._settle(batch)
        return outcomes[0]

    def close(self) -> None:
        """Leave the broker; nothing is under way between calls."""
        if self._producer is not None:
            self._producer.flush(0)

    def _partitions(self, models: set[str]) -> dict[str, int]:
        topics = {model: self._names.frames(model) for model in models if model in self._catalogue}
        deadline = time.monotonic() + _FETCH_S
        counts = self._offsets.partitions([self._names.redrives, *topics.values()], deadline=deadline)
        missing = [topic for topic in (self._names.redrives, *topics.values()) if topic not in counts]
        if missing:
            raise EnvironmentMissingError(
                f"Kafka at {self._settings.bootstrap_servers} has no topic {', '.join(missing)}; "
                f"expected every topic of prefix {self._names.prefix!r}: framebus topic apply makes them"
            )
        return {model: counts[topic] for model, topic in topics.items()}

    def _shortest(self, model: str, count: int) -> int:
        topic = self._names.frames(model)
        logs = [(topic, number) for number in range(count)]
        deadline = time.monotonic() + _FETCH_S
        committed = self._offsets.committed({self._names.inference_group(model): logs}, deadline=deadline)
        ends = self._offsets.ends(logs, deadline=deadline)
        return min(range(count), key=lambda number: ends[topic, number] - committed.get((topic, number), 0))

    def _send_one(self, letter: Letter, batch: _Batch, partition: int) -> None:
        try:
            original = self._originals.fetch(letter, deadline=time.monotonic() + _FETCH_S)
        except OriginalGoneError as error:
            batch.report(Outcome(letter.address, Done.GONE, str(error).removeprefix(f"dead letter {letter.address}: ")))
            return
        except EnvironmentMissingError as error:
            batch.trouble = str(error)
            batch.report(Outcome(letter.address, Done.FAILED, str(error)))
            return
        self._produce(letter, original, batch, (letter.address.model, partition))

    def _produce(self, letter: Letter, original: Original, batch: _Batch, to: tuple[str, int]) -> None:
        """Begin to send `letter` to a model's partition."""
        model, partition = to
        redriven = Redriven(letter.origin, batch.letters.next_number(letter))
        producer = self._producer = self._producer or _producer(self._settings)
        batch.begin(letter, original, redriven)
        try:
            producer.produce(
                self._names.frames(model),
                original.value,
                original.key,
                partition,
                headers=list(redriven_headers(original.headers, redriven)),
                on_delivery=partial(batch.delivered, producer, letter, model),
            )
        except (KafkaException, BufferError) as error:
            batch.fail(letter, f"{error}; expected Kafka to take the frame")

    def _settle(self, batch: _Batch) -> None:
        deadline = time.monotonic() + GIVE_UP_S + 5.0
        try:
            while batch.open and self._producer is not None and time.monotonic() < deadline:
                self._producer.poll(0.1)
        except KafkaException as error:
            # It will never send anything again, as when the cluster does not let our user write.
            self._producer = None
            batch.trouble = f"{error.args[0].str()}; expected a user who may write"
        for letter in list(batch.open.values()):
            batch.trouble = batch.trouble or f"no acknowledgement within {GIVE_UP_S:g} s; expected one"
            batch.fail(letter, batch.trouble)


class _Batch:
    """Letters on their way: `open` by their frame and model; `trouble` says that Kafka is away."""

    def __init__(self, topic: str, letters: Letters, report: Callable[[Outcome], None]) -> None:
        self.letters = letters
        self.report = report
        self.open: dict[tuple[FrameAddress, str], Letter] = {}
        self.trouble = ""
        self._topic = topic
        self._redriven: dict[FrameAddress, Redriven] = {}
        self._cameras: dict[FrameAddress, str | None] = {}

    def refusal(self, letter: Letter | None) -> Outcome | None:
        """Whether a letter of the same frame is on its way already."""
        if letter is None or letter.line not in self.open:
            return None
        detail = f"the same frame, first {letter.origin}, is being sent again from another letter; expected it once"
        return Outcome(letter.address, Done.REFUSED, detail)

    def begin(self, letter: Letter, original: Original, redriven: Redriven) -> None:
        """`letter` is about to be sent."""
        key = (original.key or b"").decode(errors="replace")
        self.open[letter.line] = letter
        self._redriven[letter.address] = redriven
        self._cameras[letter.address] = key if IDENTIFIER.fullmatch(key) else None

    def delivered(
        self,
        producer: Producer,
        letter: Letter,
        model: str,
        error: KafkaError | None,
        message: Any,  # noqa: ANN401  # a confluent-kafka Message
    ) -> None:
        """The frame's fate, as librdkafka tells it: when it is in the log, write down where."""
        if error is not None:
            if error.code() == KafkaError._MSG_TIMED_OUT:
                self.trouble = error.str()
            self.fail(letter, f"{error.str()}; expected Kafka to acknowledge the frame")
            return
        redriven = self._redriven[letter.address]
        record = Redrive(
            address=str(FrameAddress(model, message.partition(), message.offset())),
            camera=self._cameras[letter.address],
            letter=str(letter.address),
            origin=str(redriven.origin),
            number=redriven.number,
            time=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        )
        try:
            producer.produce(
                self._topic,
                record.to_json(),
                record.origin.encode(),
                on_delivery=partial(self._recorded, letter, record),
            )
        except (KafkaException, BufferError) as refused:
            self.fail(letter, f"it is at {record.address}, but that could not be recorded: {refused}")

    def fail(self, letter: Letter, why: str) -> None:
        """`letter` was not sent again, or nobody knows."""
        if self.open.pop(letter.line, None):
            self.report(Outcome(letter.address, Done.FAILED, why))

    def _recorded(self, letter: Letter, record: Redrive, error: KafkaError | None, _message: object) -> None:
        to = FrameAddress.parse(record.address)
        self.letters.add_redrive(record)
        if error is not None:
            self.fail(letter, f"it is at {to}, but that could not be recorded: {error.str()}")
        elif self.open.pop(letter.line, None):
            self.report(Outcome(letter.address, Done.REDRIVEN, to=to, number=record.number))


def _untried(address: FrameAddress, trouble: str) -> Outcome:
    return Outcome(address, Done.FAILED, f"not tried, because Kafka is away: {trouble}")


def _producer(settings: Settings) -> Producer:
    """An idempotent producer that waits for all replicas, and not for ever."""
    return Producer(
        {
            **client_config(settings),
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 2,
            "message.timeout.ms": int(GIVE_UP_S * 1000),
            "message.max.bytes": settings.record_limit_bytes,
            "partitioner": "murmur2_random",
            "compression.type": "none",  # JPEG does not compress
        }
    )
