"""The Kafka clients of this room: readers without a group, and the offsets of logs and groups."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import methodcaller
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from api.log.groups import describe_groups
from schemas.errors import EnvironmentMissingError, HeaderError, MessageError
from schemas.printable import shown
from schemas.settings import Settings

Log = tuple[str, int]
"""One partition of a topic."""

_PASSING: Final = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError._NOENT,  # no partition has a leader
        KafkaError._WAIT_COORD,
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
    }
)
"""Errors that a moment's patience heals: a topic or a group's coordinator that has just been created, a broker that has
just come back."""
_ATTEMPT_S: Final = 1.5
"""A request that meets a broker which is still making up its mind may never be answered, though the next is: so ask
again rather than wait."""


def client_config(settings: Settings) -> dict[str, Any]:
    """What every client of this room shares; troubles are told in our own words, so librdkafka's lines are off."""
    return {**settings.librdkafka(), "client.id": "framebus-api", "log_level": 2}


def group_free_consumer(settings: Settings, options: Mapping[str, str | float]) -> Consumer:
    """A consumer for `assign`, with librdkafka's `options`: it joins no group and commits nothing."""
    config = {
        **client_config(settings),
        "group.id": settings.names.reader_group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
        **options,
    }
    return Consumer(config)


def assign(consumer: Consumer, positions: Mapping[Log, int], *, timeout: float) -> None:
    """Read each log from its position on, instead of whatever was read before."""
    consumer.assign([TopicPartition(*log, offset) for log, offset in sorted(positions.items())])
    # librdkafka looks for the leader of a topic that it did not know only with its next timer, up to a second later;
    # asking for the metadata makes it look now. Without an answer it still does so by itself.
    with suppress(KafkaException):
        consumer.list_topics(timeout=timeout)


def drain(consumer: Consumer, *, limit: int, timeout: float) -> list[Message]:
    """Up to `limit` messages: waits at most `timeout` seconds for the first, and not at all for more."""
    first = consumer.poll(timeout)
    if first is None:
        return []
    return [first, *consumer.consume(limit - 1, 0)]


_headers_checked: Final = methodcaller("headers")
"""Where the name of a header is no text, confluent-kafka returns a list with holes, and an error beside it. Called from
Python, the interpreter may take the list for a result, and the process dies of it; called from C, it looks first."""


def headers_of(message: Message) -> list[tuple[str, bytes | None]]:
    """The record's headers; the only way to them, in any room.

    Raises:
        HeaderError: The name of one is no text: Kafka takes any bytes, the client's library does not.
    """
    try:
        return list(_headers_checked(message) or ())
    except (UnicodeDecodeError, SystemError) as error:
        message.set_headers([])  # the list with holes must not be given out the next time
        unreadable = error if isinstance(error, UnicodeDecodeError) else error.__cause__
        name = unreadable.object if isinstance(unreadable, UnicodeDecodeError) else b""
        raise HeaderError(f"a header's name is {shown(bytes(name))}: expected UTF-8 text") from None


def appended_at(message: Message) -> datetime:
    """When the broker appended the record; on a topic that we did not make, what its producer says instead.

    Raises:
        MessageError: That is no time.
    """
    milliseconds = message.timestamp()[1]
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise MessageError(f"the record's timestamp is {milliseconds} ms: expected a time of this era") from None


_ABSENT: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED})


@dataclass(frozen=True, slots=True)
class TopicShape:
    """A topic as it is now: one that is made anew under its name has another id."""

    id: str
    partitions: int


class Offsets:
    """Where logs begin and end and how far groups have committed; each call is a fresh answer of the broker.

    Every method takes a `deadline` (of `time.monotonic`) and raises EnvironmentMissingError when the broker gives no
    answer by then, or refuses.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._servers = settings.bootstrap_servers
        self._members: dict[str, Consumer] = {}
        self._admin = AdminClient(client_config(settings))

    def partitions(self, topics: Iterable[str], *, deadline: float) -> dict[str, int]:
        """How many partitions each of `topics` has; a topic that does not exist is not in the answer."""
        try:
            known = self._admin.list_topics(timeout=remaining(deadline)).topics
        except KafkaException as error:
            raise self._no_answer("topics", error) from None
        return {topic: len(known[topic].partitions) for topic in topics if topic in known and known[topic].partitions}

    def described(self, topics: Iterable[str], *, deadline: float) -> dict[str, TopicShape]:
        """How each of `topics` is made; a topic that does not exist, or is not shown to us, is not in the answer."""
        wanted = list(topics)
        asked = self._admin.describe_topics(TopicCollection(wanted), request_timeout=remaining(deadline))
        shapes = {}
        for topic, future in asked.items():
            try:
                found = future.result()
            except KafkaException as error:
                if error.args[0].code() in _ABSENT:
                    continue
                raise self._no_answer("topics", error) from None
            shapes[topic] = TopicShape(str(found.topic_id), len(found.partitions))
        return shapes

    def cluster(self, *, deadline: float) -> str:
        """The id of the cluster: another one has other logs, though they may be called the same."""
        try:
            return str(self._admin.list_topics(timeout=remaining(deadline)).cluster_id)
        except KafkaException as error:
            raise self._no_answer("cluster's id", error) from None

    def ends(self, logs: Iterable[Log], *, deadline: float) -> dict[Log, int]:
        """One above the last offset of each log."""
        return self._known(self._positions(dict.fromkeys(logs, OffsetSpec.latest()), deadline))

    def starts(self, logs: Iterable[Log], *, deadline: float) -> dict[Log, int]:
        """The first offset that each log still has."""
        return self._known(self._positions(dict.fromkeys(logs, OffsetSpec.earliest()), deadline))

    def at(self, logs: Iterable[Log], moment_ms: int, *, deadline: float) -> dict[Log, int]:
        """The first offset of each log that was appended at `moment_ms`, milliseconds since the epoch, or later.

        Where nothing that late was appended yet it is the log's end.
        """
        wanted = list(logs)
        ends = self.ends(wanted, deadline=deadline)  # before asking: what comes meanwhile is later than any past moment
        found = self.since(dict.fromkeys(wanted, moment_ms), deadline=deadline)
        return {log: ends[log] if offset is None else offset for log, offset in found.items()}

    def since(self, moments_ms: Mapping[Log, int], *, deadline: float) -> dict[Log, int | None]:
        """The first offset of each log that was appended at its moment or later; None where nothing was."""
        specs = {log: OffsetSpec.for_timestamp(moment) for log, moment in moments_ms.items()}
        found = self._positions(specs, deadline)
        return {log: offset if offset >= 0 else None for log, offset in found.items()}

    def committed(self, groups: Mapping[str, Iterable[Log]], *, deadline: float) -> dict[Log, int]:
        """The next offset that each group will read, of those of its logs where it has committed anything."""
        offsets = {}
        for group, logs in groups.items():
            ask = partial(self._committed, group, [TopicPartition(*log) for log in logs], deadline)
            for found in self._until("committed offsets", ask, deadline):
                offsets[found.topic, found.partition] = found.offset
        return {log: offset for log, offset in offsets.items() if offset >= 0}

    def members(self, groups: Iterable[str], *, deadline: float) -> dict[str, int]:
        """How many members of each group have partitions: none of one that is not there; absent where nobody says."""
        try:
            found = describe_groups(self._admin, groups, timeout=remaining(deadline))
        except KafkaException as error:
            raise self._no_answer("consumer groups", error) from None
        return {name: group.workers for name, group in found.items()}

    def close(self) -> None:
        """Leave the broker alone from now on."""
        for consumer in self._members.values():
            consumer.close()
        self._members.clear()

    def _committed(self, group: str, wanted: list[TopicPartition], deadline: float) -> list[TopicPartition]:
        """Through a consumer that never joins; `api.log.groups` says why."""
        if not wanted:
            return []
        if group not in self._members:
            self._members[group] = group_free_consumer(self._settings, {"group.id": group})
        found = self._members[group].committed(wanted, timeout=min(remaining(deadline), _ATTEMPT_S))
        for position in found:
            if position.error:
                raise KafkaException(position.error)
        return list(found)

    def _positions(self, specs: Mapping[Log, OffsetSpec], deadline: float) -> dict[Log, int]:
        wanted = list(specs)
        if not wanted:
            return {}

        def ask() -> list[Any]:
            request = {TopicPartition(*log): specs[log] for log in wanted}
            futures = self._admin.list_offsets(request, request_timeout=min(remaining(deadline), _ATTEMPT_S))
            by_log = {(tp.topic, tp.partition): future for tp, future in futures.items()}
            return [by_log[log].result() for log in wanted]

        answers = self._until("log offsets", ask, deadline)
        return {log: int(answer.offset) for log, answer in zip(wanted, answers, strict=True)}

    def _known(self, offsets: dict[Log, int]) -> dict[Log, int]:
        """The same, where each is one: -1 is what Kafka answers where it has none to give."""
        for (topic, partition), offset in offsets.items():
            if offset < 0:
                raise EnvironmentMissingError(
                    f"Kafka at {self._servers} gave {offset} of {topic}, partition {partition}; expected an offset"
                )
        return offsets

    def _until(self, what: str, ask: Callable[[], list[Any]], deadline: float) -> list[Any]:
        while True:
            try:
                return ask()
            except KafkaException as error:
                if error.args[0].code() not in _PASSING or time.monotonic() > deadline:
                    raise self._no_answer(what, error) from None
                time.sleep(0.1)
                with suppress(KafkaException):  # it would ask by what it knows of the leaders, for minutes
                    self._admin.list_topics(timeout=min(remaining(deadline), _ATTEMPT_S))

    def _no_answer(self, what: str, error: KafkaException) -> EnvironmentMissingError:
        return EnvironmentMissingError(
            f"Kafka at {self._servers} gave no {what}: {error.args[0].str()}; expected a broker that answers"
        )


def remaining(deadline: float) -> float:
    """Seconds until `deadline`, but enough of them for one round trip."""
    return max(deadline - time.monotonic(), 0.1)
