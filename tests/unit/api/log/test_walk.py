"""The order of several logs, whatever comes first: of the walker the part that needs no Kafka."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from api.log.kafka import Log
from api.log.walk import _Merge


@dataclass(frozen=True)
class Record:
    """A record as the client hands it on."""

    log: Log
    place: int
    at_ms: int

    def topic(self) -> str:
        return self.log[0]

    def partition(self) -> int:
        return self.log[1]

    def offset(self) -> int:
        return self.place

    def timestamp(self) -> tuple[int, int]:
        return 2, self.at_ms

    def error(self) -> None:
        return None


STEPS = st.lists(st.lists(st.integers(0, 3), max_size=12), min_size=1, max_size=4)


@given(STEPS, st.randoms(use_true_random=False), st.none() | st.integers(0, 20))
def test_records_come_by_time_and_each_log_in_its_order(
    steps: list[list[int]], random: st.DataObject, until: int | None
) -> None:
    every: dict[Log, list[Record]] = {}
    for number, gaps in enumerate(steps):
        log, at_ms = ("results", number), 0
        every[log] = []
        for place, gap in enumerate(gaps):
            at_ms += gap
            every[log].append(Record(log, place, at_ms))
    merge = _Merge(dict.fromkeys(every, 0), {log: len(records) for log, records in every.items()}, until)
    coming = {log: deque(records) for log, records in every.items()}
    found: list[Record] = []
    while not merge.is_complete:
        if merge.waiting:
            log = random.choice(sorted(log for log, records in coming.items() if records))  # type: ignore[attr-defined]
            merge.put(coming[log].popleft())
            continue
        found.append(merge.first())
        merge.advance()
    wanted = [one for records in every.values() for one in records if until is None or one.at_ms < until]
    assert found == sorted(wanted, key=lambda one: (one.at_ms, one.log, one.place))
    for log, records in every.items():
        assert merge.positions[log] == sum(one in wanted for one in records)
