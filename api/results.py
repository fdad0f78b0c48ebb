"""Results for an application: those of some models as they are written, each frame's once.

from api.results import ResultReader
from schemas.settings import Settings

with ResultReader(Settings.from_environment(os.environ), ["face-detection"], group="door-opener") as results:
    for record in results:
        print(record.result.frame.address, record.result.detections)
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Message

from api.log.group_tail import GroupTail
from api.log.kafka import headers_of
from api.log.tail import BATCH, LogTail
from api.result_record import ResultRecord, decode_result
from schemas.errors import MessageError, SettingsError
from schemas.ledger import Seen
from schemas.messages import identity_from_headers
from schemas.names import IDENTIFIER
from schemas.settings import Settings

REMEMBERED: Final = 10_000
"""Records of a partition, before the position that a group left, whose frames a new member knows as seen."""
_POLL_S: Final = 0.5


class ResultReader:
    """The results of some models, without repeats; for one thread.

    Workers infer a frame again when one of them was killed before it had committed: then there are two results with the
    same id, which is the frame's address. This reader gives the first, and drops what follows. It remembers addresses
    as runs of offsets, 4,096 of each partition (see `Seen`). Crops that a second stage got twice, since the worker that
    makes them was killed, have two addresses, but show one detection of one frame: its results are repeats too.

    Results of frames that were sent again, as dead letters are or because somebody asked, come as well: theirs say so
    (`frame.redrive_of`), and who acts on what a camera sees now leaves them out.

    Without a `group` it reads everything from now on, or from the first result that is left, and keeps no position.
    "Now" is when the constructor returns.

    As a member of a `group` it shares the partitions with the group's other members and goes on where the group
    stopped. What it gave is done when the next is asked for: who ends in the midst of something gets that again. What
    is done is committed then, about once a second: an application that is killed gets what it was at, and what it had
    done in the second before, once more. What must have its effect just once is stored under the result's id. For one
    result, or those of one `poll`, there are five minutes, before the group takes its member for dead.

    Results of one camera stay in one partition, so repeats come to the same member; one that takes a partition over
    knows the last 10,000 results before.
    """

    def __init__(
        self,
        settings: Settings,
        models: Iterable[str],
        *,
        group: str | None = None,
        from_beginning: bool = False,
        answer_s: float = 10.0,
    ) -> None:
        """Settle where to begin; a group begins there only when it has no position yet.

        Raises:
            EnvironmentMissingError: Kafka gives no answer in `answer_s` seconds.
            SettingsError: `group` is no name.
        """
        self.repeats = 0
        """How many results were dropped."""
        self._names = settings.names
        self._seen = Seen()
        topics = [settings.names.results(model) for model in models]
        self._tail: LogTail | GroupTail
        if group is None:
            tail = LogTail(settings, dict.fromkeys(topics, None if from_beginning else 0))
            try:
                tail.open(deadline=time.monotonic() + answer_s)
            except BaseException:  # raised again: nobody else could close what was never handed out
                tail.close()
                raise
            self._tail = tail
            return
        if not IDENTIFIER.fullmatch(group):
            raise SettingsError(f"group {group[:80]!r}: expected small letters, digits, - and _, as door-opener")
        self._tail = GroupTail(
            settings,
            topics,
            group=settings.names.result_group(group),
            back=REMEMBERED,
            remember=self._remember,
            from_beginning=from_beginning,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[ResultRecord]:
        """Every result, for ever; waits for the next one, and for a broker that is away.

        Who leaves the loop and comes back goes on behind the last one.
        """
        while True:
            # One at a time: each is done, and the group hears of us, when the next is asked for.
            yield from self.poll(_POLL_S, limit=1)

    @property
    def trouble(self) -> str | None:
        """Why results may be missing, in words; None when all is well."""
        return self._tail.trouble

    def poll(self, timeout: float, *, limit: int = BATCH) -> list[ResultRecord]:
        """The next results, at most `limit`, as soon as there are any.

        None after `timeout` seconds, or where there were only repeats. Those of the poll before are done. What is no
        result is counted, logged and left out.
        """
        records = (decode_result(message, self._names) for message in self._tail.poll(timeout, limit=limit))
        return [record for record in records if record and self._is_new(record)]

    def stay(self, undone: Iterable[ResultRecord]) -> None:
        """Remain a member of the group while some of what the last poll gave is not done, however long that takes.

        Call it at least once a minute, and poll when all is done. Of each partition, what comes before the first of
        the `undone` is done, and committed if a second has passed. Where another member takes a partition over
        meanwhile, it begins with the first that is not done; this reader does not give that again.
        """
        if isinstance(self._tail, GroupTail):
            self._tail.stay(((self._names.results(one.model), one.partition), one.offset) for one in undone)

    def close(self) -> None:
        """Leave the broker."""
        self._tail.close()

    def _is_new(self, record: ResultRecord) -> bool:
        new = self._seen.add(identity_from_headers(record.result.headers()))
        self.repeats += not new
        return new

    def _remember(self, message: Message) -> None:
        try:
            self._seen.add(identity_from_headers(headers_of(message)))
        except MessageError:
            return  # whoever was given it has complained of it
