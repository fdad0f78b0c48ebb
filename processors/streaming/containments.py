"""Every containment of a defect of Faust or aiokafka, in this one place and for these versions alone.

Faust keeps its own account of which messages are acknowledged, and most of its defects that lose or repeat frames
are in that account. It is not used here: an `Owner` (the worker) says what may be committed, in offset order, and
this consumer commits just that. Each override says what it is against:

- https://github.com/faust-streaming/faust/issues/606  acks out of order commit past a message still in flight
- https://github.com/faust-streaming/faust/issues/502  acked, uncommitted offsets are forgotten when partitions go
- https://github.com/faust-streaming/faust/issues/93   the default assignor leaves workers without partitions
- https://github.com/faust-streaming/faust/issues/316  a failed commit counts as done, so lag stays where nothing comes
- aiokafka repeats a commit for as long as the broker is away, and with the membership of the moment: one that was due
  before a rebalance would be taken after it, and set back what another worker has committed since
- aiokafka sends no heartbeat while an assignment is taken up, so a session would have to be longer than that
- while the stream's buffer is full the consumer sleeps for a second, or waits so long for partitions that have nothing:
  a model that infers more than the buffer holds within a second runs dry
- aiokafka makes one fetch at a time of a broker: while that waits for partitions that have nothing, for 1.5 s as Faust
  has it, those that have a backlog run dry, and new frames of others are late
- the manager of tables sleeps for a second before anything is subscribed to, so that tables may be registered
- offset gaps are filled and committed over in silence (`_add_gap`): frames that expired look like frames that were done
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Protocol, TypeVar

import faust
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.protocol.group import LeaveGroupRequest
from aiokafka.structs import OffsetAndMetadata
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver

from processors.streaming.caution import Position
from processors.streaming.holding import Holding
from processors.streaming.outcomes import Receipt, Record
from processors.streaming.slot import Slot
from schemas.errors import EnvironmentMissingError

log = logging.getLogger(__name__)

PINNED: Final = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}

DISMISS_S: Final = 3.0
LONG_S: Final = 1.0
SHORT_S: Final = 0.1
"""Frames are waited for so long in partitions that have none while others are left out, since the buffer has enough."""
FETCH_WAIT_MS: Final = 50
"""While there are frames, a fetch waits for its first one no longer than this: so late may be what is in partitions
that it does not ask for, since what came before in them was not handed on yet."""

T = TypeVar("T")


def check_versions() -> None:
    """Make sure that the libraries are those whose defects are contained here.

    Raises:
        EnvironmentMissingError: A version is another one, or a library is missing.
    """
    wanted = " ".join(f"{package}=={pinned}" for package, pinned in PINNED.items())
    for package, pinned in PINNED.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "is not installed"
        if found != pinned:
            raise EnvironmentMissingError(
                f"{package} {found}: expected {pinned}, the version whose defects processors/streaming contains; "
                f"pip install {wanted}"
            )


class Owner(Protocol):
    """Who processes the frames: says what may be committed, and is told what it owns."""

    @property
    def patience(self) -> float:
        """Seconds for which a record may wait for others to share its request; none where it would delay a frame."""

    async def run(self, events: AsyncIterator[Any]) -> None:
        """Process the stream's events, as long as there are any."""

    async def assigned(self, partitions: set[int]) -> None:
        """Partitions were assigned; nothing of them arrives before this returns."""

    async def revoked(self) -> None:
        """Every partition goes: finish what was taken and commit, within a time of your own."""

    def due(self) -> Mapping[int, Position]:
        """What may be committed now."""

    def committed(self, positions: Mapping[int, Position]) -> None:
        """The broker has acknowledged these commits."""


class FramesApp(faust.App):  # type: ignore[misc]  # Faust is untyped
    """A Faust app that reads one topic for one `owner`."""

    owner: Owner
    frames_topic: str
    slot: Slot | None = None
    """The worker's place on this machine, if it has one."""
    assign_deadline: float
    """Seconds to take up an assignment."""
    mundane_level = "debug"

    async def produce(self, record: Record) -> Awaitable[Receipt]:
        """Hand a record to aiokafka's producer, without the signals that Faust sends around it.

        The batch that it opens waits for company as long as the owner says.
        """
        producer, partition = self.producer._producer, None
        producer._message_accumulator._linger_time = self.owner.patience
        if record.turn is not None:
            partition = record.turn.partition(len(await producer.partitions_for(record.topic)))
            record.turn.sent()
        sent: Awaitable[Receipt] = await producer.send(
            record.topic, record.value, key=record.key, headers=record.headers, partition=partition
        )
        return sent

    def _new_transport(self) -> Any:  # noqa: ANN401  # Faust is untyped
        return _Transport(self.conf.broker_consumer, self)


class FramesConsumer(driver.Consumer):  # type: ignore[misc]  # Faust is untyped
    """Faust's consumer, committing what the owner says and nothing else."""

    mundane_level = "debug"

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self._commits = asyncio.Lock()
        self._commit: asyncio.Future[None] | None = None
        self._tenure = 0
        self._handed: dict[int, int] = {}
        self._room = asyncio.Event()
        """Set while the stream's buffer has room for some partition."""
        self._room.set()

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # What the owner may ask

    async def positions(self, partitions: Iterable[int]) -> dict[int, Position]:
        """What the group has committed, with the mark beside it; partitions without a commit are absent."""
        coordinator = self._thread._consumer._coordinator
        wanted = [self._place(partition) for partition in partitions]
        found = await self._in_thread(coordinator.fetch_committed_offsets(wanted))
        return {place.partition: Position(entry.offset, entry.metadata or "") for place, entry in found.items()}

    async def bounds(self, partitions: Iterable[int]) -> dict[int, tuple[int, int]]:
        """The first offset in the log and the one above the last, by partition."""
        places = [self._place(partition) for partition in partitions]
        consumer = self._thread._consumer
        # Together, since each waits for its turn behind a fetch that waits for frames.
        asked = (consumer.beginning_offsets(places), consumer.end_offsets(places))
        starts, ends = await asyncio.gather(*map(self._in_thread, asked))
        return {place.partition: (starts[place], ends[place]) for place in places}

    async def rewind(self, partition: int, offset: int) -> None:
        """Let the stream go on at `offset`."""

        async def seek() -> None:
            self._thread._consumer.seek(self._place(partition), offset)

        await self._in_thread(seek())

    async def holding(self, partitions: Iterable[int]) -> dict[int, Holding]:
        """What is on its way from the broker to the stream; partitions that are not assigned are absent."""

        async def read() -> dict[int, bool]:
            consumer = self._thread._consumer
            subscription = consumer._subscription.subscription
            assignment = subscription.assignment if subscription else None
            mine = assignment.tps if assignment else ()
            places = [place for place in map(self._place, partitions) if place in mine]
            return {place.partition: place in consumer._fetcher._records for place in places}

        found = await self._in_thread(read())
        return {number: Holding(fetched, self._handed.get(number)) for number, fetched in found.items()}

    async def commit_now(self, positions: Mapping[int, Position]) -> bool:
        """Commit these positions; False where the group has moved on, or the broker refuses.

        Against #316: only what the broker acknowledged counts, so a failed commit is due again. Faust flushes its
        producer before a commit; what is due here has been acknowledged already.
        """
        tenure = self._tenure
        async with self._commits:
            return tenure == self._tenure and await self._commit_positions(positions)

    def halt(self) -> None:
        """Stop the flow of frames: nothing more reaches the stream."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()

    # Faust's own calls

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Join the group; whoever was killed in our place need not be waited for."""
        if self.app.slot and (member := self.app.slot.predecessor):
            self.app.slot.predecessor = ""
            try:
                async with asyncio.timeout(DISMISS_S):
                    await self._in_thread(self._dismiss(member))
            except (KafkaError, TimeoutError) as error:
                log.warning("predecessor not dismissed, its session is waited for member=%s error=%r", member, error)
        await super().subscribe(topics)

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Let the owner take up its partitions before anything flows."""
        self._handed.clear()
        self._room.set()
        if not self.app.should_stop:
            numbers = {place.partition for place in assigned if place.topic == self.app.frames_topic}
            try:
                await self._in_thread(self._begin_membership())
                await asyncio.wait_for(self.app.owner.assigned(numbers), self.app.assign_deadline)
            except Exception as error:  # aiokafka would log it and go on without these partitions
                log.exception("assignment failed group=%s partitions=%s", self.app.conf.id, sorted(numbers))
                await self.crash(error)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Against #502: commit while the partitions are still ours; the parent forgets first and waits then."""
        if not self.app.should_stop:
            self.halt()
            await self.app.owner.revoked()
            self._tenure += 1
            if self._commit:
                self._commit.cancel()
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Nothing to wait for: whoever stops the app, or takes its partitions, has let the owner finish before."""

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ANN401
        """Against #606: commit what the owner says is done, instead of Faust's account of acks."""
        async with self._commits:
            due = self.app.owner.due()
            return await self._commit_positions(due) if due else False

    async def _drain_messages(self, fetcher: Any) -> None:  # noqa: ANN401
        """Hand every record on as it comes.

        Faust's own loop fills a jump in the offsets (`_add_gap`), drops what is read again, and makes four tasks for
        each record; what became of the frames in between is for the owner to find out and record.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                await asyncio.sleep(0)  # a fetch that finds records at once would never let go
                if self._buffered_partitions and not self._active_partitions:
                    await self._room.wait()
                async for _, message in self.getmany(timeout=SHORT_S if self._buffered_partitions else LONG_S):
                    self._handed[message.partition] = message.offset + 1
                    await self.callback(message)
        except (asyncio.CancelledError, *self.consumer_stopped_errors):
            if not self.app.should_stop:
                raise

    def on_buffer_full(self, tp: Any) -> None:  # noqa: ANN401
        """Leave the partition out, so that others have their share."""
        super().on_buffer_full(tp)
        self._room.clear()

    def on_buffer_drop(self, tp: Any) -> None:  # noqa: ANN401
        """Go on with it at once."""
        super().on_buffer_drop(tp)
        self._room.set()

    def verify_event_path(self, now: float, tp: Any) -> None:  # noqa: ANN401
        """Say nothing: Faust judges by its account of acks and commits; `watch` looks at the broker's."""

    async def _commit_positions(self, positions: Mapping[int, Position]) -> bool:
        mine = {place.partition for place in self.assignment()} if positions else set()
        positions = {number: position for number, position in positions.items() if number in mine}
        if not positions:
            return False
        offsets = {
            self._place(number): OffsetAndMetadata(position.offset, position.mark)
            for number, position in positions.items()
        }
        self._commit = commit = asyncio.ensure_future(self._in_thread(self._thread._consumer.commit(offsets)))
        try:
            await asyncio.wait([commit])
        finally:
            commit.cancel()
        if commit.cancelled():
            log.warning("commit given up, the partitions go group=%s", self.app.conf.id)
            return False
        try:
            commit.result()
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("commit refused, the group has moved on group=%s error=%s", self.app.conf.id, error)
            return False
        except KafkaError as error:
            log.warning("commit failed group=%s error=%r", self.app.conf.id, error)
            return False
        self.app.owner.committed(positions)
        return True

    async def _begin_membership(self) -> None:
        """Send heartbeats now: aiokafka begins when an assignment is taken up, which may take longer than a session."""
        coordinator = self._thread._consumer._coordinator
        coordinator._start_heartbeat_task()
        if self.app.slot:
            self.app.slot.note(coordinator.member_id)

    async def _dismiss(self, member: str) -> None:
        """Leave the group for a member that is dead."""
        coordinator = self._thread._consumer._coordinator
        await coordinator.ensure_coordinator_known()
        answer = await coordinator._send_req(LeaveGroupRequest(self.app.conf.id, member))
        log.info("predecessor dismissed group=%s member=%s code=%d", self.app.conf.id, member, answer.error_code)

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self.app.frames_topic, partition)

    async def _in_thread(self, call: Coroutine[Any, Any, T]) -> T:
        """Run `call` on the consumer's own loop, beside Faust's method queue, whose two workers a fetch may hold."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call, self._thread.thread_loop))


class _ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # Faust is untyped
    """Faust's thread for aiokafka's consumer; its fetches wait less while there are frames."""

    async def _fetch_records(self, consumer: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        found = await super()._fetch_records(consumer, *arguments, **options)
        if found:
            consumer._fetcher._fetch_max_wait_ms = FETCH_WAIT_MS
        elif not self.consumer._buffered_partitions:
            consumer._fetcher._fetch_max_wait_ms = consumer._fetch_max_wait_ms
        return found


class _Transport(driver.Transport):  # type: ignore[misc]  # Faust is untyped
    """Faust's Kafka transport with our consumer."""

    Consumer = FramesConsumer


class NoTables(TableManager):  # type: ignore[misc]  # Faust is untyped
    """Faust's manager of tables, which waits for none."""

    mundane_level = "debug"

    async def on_start(self) -> None:
        """Let the consumer subscribe at once; the parent sleeps before that."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class RawSchema(faust.Schema):  # type: ignore[misc]  # Faust is untyped
    """Hands records on as they came: nothing of a frame can fail to decode on the way to the worker."""

    def compile(self, app: Any, **_: Any) -> Any:  # noqa: ANN401
        """The function that makes an event of a message."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ANN401
            return faust.Event(app, message.key, message.value, None, message)

        return decode


class QuietMonitor(faust.Monitor):  # type: ignore[misc]  # Faust is untyped
    """Faust's monitor without the sums for each message, which `processors.metrics` has in its own way."""

    mundane_level = "debug"

    def on_message_in(self, tp: Any, offset: int, message: Any) -> None:  # noqa: ANN401
        """Add nothing up."""

    def on_stream_event_in(self, tp: Any, offset: int, stream: Any, event: Any) -> None:  # noqa: ANN401
        """Add nothing up."""

    def on_stream_event_out(self, tp: Any, offset: int, stream: Any, event: Any, state: Any = None) -> None:  # noqa: ANN401
        """Add nothing up."""
