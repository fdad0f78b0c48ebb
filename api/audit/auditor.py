"""The audit: reads what everybody recorded, and says where every frame is."""

from __future__ import annotations

import time
from dataclasses import replace

from api.audit.history import History
from api.audit.lookback import Lookback
from api.audit.records import AuditRecords
from api.audit.window import WindowBounds
from api.log.kafka import Log, Offsets
from api.log.topic_reader import TopicReader
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.ledger import Balance, Fault, Ledger
from schemas.settings import Settings
from schemas.window import Window, milliseconds


class Auditor:
    """Reads the recorded side of the system into a ledger.

    It looks at a running system, so the order of its readings matters:

    1. the groups' committed offsets. A worker commits an offset only after the broker has acknowledged its outcome,
       so whatever is below these offsets has its outcome in the log *by now*;
    2. `captures` to its end, then the outcomes (`results.*`, `skips`, `dead-letters`) and `redrives` to theirs, as they
       are after step 1: no frame that is committed according to step 1 can miss its outcome, so `lost` is never false;
    3. the ends of `frames.*`. Capture counts a frame as delivered only after the broker has acknowledged it, so
       whatever step 2 read of deliveries is below these ends, and `beyond-log` is never false either.

    The other way round a frame that is read, inferred and committed between two readings would be called lost. What
    arrives after a reading is only missing on the harmless side: a frame whose capture record (one a second) is still
    to come is `uncounted`, one whose commit is still to come counts by its outcome.

    An outcome must be kept at least as long as the capture record that names its frame, or the audit would call lost
    what retention removed: the topics' plan keeps that order.

    After each reading it folds what is below the frames' logs, so its memory is that of the frames in the log. Of a
    frame that was folded, a second outcome counts as a repeat whatever it says, and a second capture record changes
    nothing: neither happens unless somebody infers or counts what the log no longer has. The first reading of a long
    history is cut into slices of time, which are folded one by one (see `audit_history`).

    With a window, only the frames that were appended in it count (see `audit_window`). Of their capture records those
    that were appended in the window count in full, except for deliveries outside of it; later ones with the deliveries
    in it. Outcomes count whenever they were recorded. Reading begins where the window does; when something then looks
    lost, what was recorded before is read too, as far back as a clock may be wrong (see `audit_lookback`).

    Not thread-safe: one caller at a time.
    """

    def __init__(
        self, settings: Settings, catalogue: Catalogue, *, model: str | None = None, window: Window | None = None
    ) -> None:
        """Audit all models of the catalogue, or only `model`; all frames, or only those of `window`.

        Raises:
            CatalogueError: `model` is not in the catalogue.
        """
        self._settings = settings
        self._names = settings.names
        known = tuple(known.name for known in catalogue.models)
        self._models = (catalogue.get(model).name,) if model else known
        self._offsets = Offsets(settings)
        self._reader = TopicReader(settings, self._offsets)
        self._history = History(self._offsets)
        self._ledger = Ledger()
        self._records = AuditRecords(self._names, self._models, known=known, ledger=self._ledger)
        self._bounds: WindowBounds | None = None
        self._lookback: Lookback | None = None
        if window is not None:
            self._bounds = WindowBounds(window, self._offsets)
            self._records.keep_to(window, self._bounds)
        if window is not None and window.since is not None:
            since_ms = milliseconds(window.since)
            self._lookback = Lookback(settings, self._offsets, since_ms=since_ms, take=self._records.take)
        self._committed: dict[Log, int] = {}
        self._ends: dict[Log, int] = {}
        self._horizon: dict[Log, int] = {}
        self._starts: dict[Log, int] = {}
        self._sliced: dict[Log, int] = {}
        """How far the slice before mentioned frames."""

    def refresh(self, deadline_s: float = 30.0) -> None:
        """Read what is new since the last refresh, to the ends as they are now.

        Raises:
            EnvironmentMissingError: Kafka gives no answer, a topic is missing, or `deadline_s` seconds were too short
                for what is new; the next refresh goes on where this one stopped.
        """
        deadline = time.monotonic() + deadline_s
        counts = self._partition_counts(deadline)
        frames = {model: _logs(self._names.frames(model), counts) for model in self._models}
        every_frame = [entry for logs in frames.values() for entry in logs]
        groups = {self._names.inference_group(model): logs for model, logs in frames.items()}
        committed = self._by_model(self._offsets.committed(groups, deadline=deadline))
        captures = _logs(self._names.captures, counts)
        starts = self._offsets.starts(captures, deadline=deadline)
        captures_start = {partition: start for (_, partition), start in starts.items()}
        ends = self._by_model(self._offsets.ends(every_frame, deadline=deadline))
        self._records.expect(ends=ends, captures_start=captures_start)
        topics = (*self._outcome_topics(), self._names.redrives)
        outcomes = [entry for topic in topics for entry in _logs(topic, counts)]
        if self._bounds is None:  # the edges of a window may be known only when all its captures are read
            for until in self._history.slices([*captures, *outcomes], frames=sum(ends.values()), deadline=deadline):
                self._read_slice(captures, outcomes, every_frame, until, deadline)
        self._read_captures(captures, every_frame, deadline)
        self._read_outcomes(outcomes, deadline)
        self._take_stock(every_frame, committed, trimmed=any(captures_start.values()), deadline=deadline)
        if self._lookback is not None:
            self._lookback.look(lambda: _has_lost(self.balance()), deadline=deadline)

    def balance(self) -> Balance:
        """Where every frame was at the last refresh."""
        balance = self._ledger.balance(self._committed, self._ends, self._horizon, log_start=self._starts)
        records = self._records
        return replace(
            balance,
            sought_since=self._lookback.reached if self._lookback is not None and _has_lost(balance) else None,
            malformed=tuple(records.malformed),
            malformed_count=records.malformed_count,
            newer=dict(records.newer),
        )

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()
        if self._lookback is not None:
            self._lookback.close()
        self._offsets.close()

    def _read_slice(
        self, captures: list[Log], outcomes: list[Log], frames: list[Log], until: dict[Log, int], deadline: float
    ) -> None:
        """Read up to `until`, and fold what the slice before mentioned: a second outcome may come with this one."""
        for logs in (captures, outcomes):
            self._reader.read(logs, self._records.take, deadline=deadline, until=until)
        starts = self._by_model(self._offsets.starts(frames, deadline=deadline))
        self._ledger.fold({place: min(start, self._sliced.get(place, 0)) for place, start in starts.items()})
        self._sliced = self._ledger.ends()

    def _read_captures(self, captures: list[Log], frames: list[Log], deadline: float) -> None:
        if self._bounds is not None:
            self._reader.begin(self._bounds.captures_from(captures, deadline))
        self._reader.read(captures, self._records.take, deadline=deadline)
        if self._bounds is not None:
            places = {(topic, number): self._place(topic, number) for topic, number in frames}
            for (model, partition), (first, end) in self._bounds.new(places, deadline).items():
                self._ledger.restrict(model, partition, first, end)

    def _read_outcomes(self, outcomes: list[Log], deadline: float) -> None:
        if self._bounds is not None and self._lookback is not None:
            begin = self._bounds.outcomes_from(outcomes, deadline)
            self._reader.begin(begin)
            self._lookback.begin(begin)
        self._reader.read(outcomes, self._records.take, deadline=deadline)

    def _take_stock(self, frames: list[Log], committed: dict[Log, int], *, trimmed: bool, deadline: float) -> None:
        starts = self._starts = self._by_model(self._offsets.starts(frames, deadline=deadline))
        self._ends = self._by_model(self._offsets.ends(frames, deadline=deadline))
        for (model, partition), end in self._ends.items():
            self._ledger.cover(model, partition, starts[model, partition], end)
        if trimmed:
            self._horizon = self._ledger.horizons(starts)
        # A position above the end is an operator's mistake; there is no frame there that could be lost.
        self._committed = {place: min(offset, self._ends[place]) for place, offset in committed.items()}
        self._ledger.fold(starts)

    def _outcome_topics(self) -> list[str]:
        names = self._names
        return [names.skips, names.dead_letters, *(names.results(model) for model in self._models)]

    def _partition_counts(self, deadline: float) -> dict[str, int]:
        names = self._names
        topics = [names.captures, *(names.frames(model) for model in self._models), *self._outcome_topics()]
        # An installation of release 0.1.0 has no topic of redrives, and sends nothing again either.
        counts = {names.redrives: 0, **self._offsets.partitions([*topics, names.redrives], deadline=deadline)}
        missing = [topic for topic in topics if topic not in counts]
        if missing:
            raise EnvironmentMissingError(
                f"Kafka at {self._settings.bootstrap_servers} has no topic {', '.join(missing)}; "
                f"expected every topic of prefix {names.prefix!r}: framebus topic apply makes them"
            )
        return counts

    def _place(self, topic: str, partition: int) -> Log:
        return self._names.model_of_frames(topic) or topic, partition

    def _by_model(self, offsets: dict[Log, int]) -> dict[Log, int]:
        return {self._place(*log): offset for log, offset in offsets.items()}


def _has_lost(balance: Balance) -> bool:
    return any(entry.fault is Fault.LOST for entry in balance.unexplained)


def _logs(topic: str, counts: dict[str, int]) -> list[Log]:
    return [(topic, partition) for partition in range(counts[topic])]
