"""The reader that drops repeats, on a real broker: alone, and as a member of a group."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

import pytest

from api.log.kafka import Offsets
from api.results import ResultReader
from schemas.errors import SettingsError
from schemas.messages import FrameAddress, FrameReference, Parent, address_from_headers, crop_seq
from schemas.names import Header
from schemas.settings import Settings
from tests.conftest import TEST_PARTITIONS
from tests.integration.api_world import MODEL, World, frame_info, make_result, wait_for
from tests.integration.capture_world import read_topic


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


def address(offset: int) -> FrameAddress:
    return FrameAddress(MODEL, 0, offset)


def offsets_of(records: list[str]) -> list[int]:
    return sorted(FrameAddress.parse(record).offset for record in records)


def put(world: World, offset: int) -> None:
    """A result in a partition of its own kind, as its camera's key would choose one."""
    result = make_result("gate", address(offset))
    world.message(world.names.results(MODEL), result, key="gate", partition=offset % TEST_PARTITIONS)


class Application:
    """Takes results until it has enough, and says which; `poll`s and so commits what it took."""

    def __init__(self, reader: ResultReader) -> None:
        self.reader = reader
        self.taken: list[str] = []

    def poll(self) -> list[str]:
        self.taken += [record.result.id for record in self.reader.poll(0.1)]
        return self.taken

    def take(self, *expected: int) -> None:
        """Wait for these offsets, and for nothing else."""

        def complete() -> bool:
            self.poll()
            return len(self.taken) >= len(expected)

        wait_for(complete)
        self.poll()
        assert offsets_of(self.taken) == sorted(expected)


@contextmanager
def member(settings: Settings, group: str = "door-opener", **options: bool) -> Iterator[Application]:
    with ResultReader(settings, [MODEL], group=group, **options) as reader:
        yield Application(reader)


def test_the_id_of_a_result_is_its_frames_address(world: World, settings: Settings) -> None:
    for _ in range(2):
        world.result("gate", address(5))
    first, second = read_topic(settings, settings.names.results(MODEL))
    ids = [dict(record.headers())[Header.ID] for record in (first, second)]
    assert ids == [str(address(5)).encode()] * 2
    assert address_from_headers(first.headers()) == address(5)


def test_each_frame_comes_once(world: World, settings: Settings) -> None:
    with ResultReader(settings, [MODEL]) as reader:
        for offset in (0, 2, 4, 2, 1, 0, 3):
            world.result("gate", address(offset))
        world.put(world.names.results(MODEL), b"no result")
        Application(reader).take(0, 1, 2, 3, 4)
        assert reader.repeats == 2
    with ResultReader(settings, [MODEL], from_beginning=True) as again:
        assert len({record.result.id for record in islice(again, 5)}) == 5


def test_results_of_one_detection_come_once(world: World, settings: Settings) -> None:
    """A killed worker's crops are made anew: at another address, but of the same detection of the same frame."""

    def put_pose(offset: int, parent: int, index: int) -> None:
        described = Parent(address=str(address(parent)), index=index, box=(1, 2, 3, 4), map=(1, 0, 0, 0, 1, 0))
        seq = crop_seq(parent, index)
        info = replace(frame_info("gate", seq), model="pose", seq=seq, parent=described)
        place = FrameAddress("pose", 0, offset)
        result = make_result("gate", place).model_copy(update={"frame": FrameReference.of(info, place)})
        world.message(world.names.results("pose"), result, key="gate")

    with ResultReader(settings, ["pose"], from_beginning=True) as reader:
        application = Application(reader)
        for offset, (parent, index) in enumerate([(7, 0), (7, 1), (8, 0), (7, 0), (7, 1), (8, 1)]):
            put_pose(offset, parent, index)
        application.take(0, 1, 2, 5)
        assert reader.repeats == 2
    with ResultReader(settings, ["pose"], group="once", from_beginning=True) as first:
        assert [len(first.poll(5, limit=1)) for _ in range(3)] == [1, 1, 1]
        first.poll(0.1, limit=1)  # the three are done
    with ResultReader(settings, ["pose"], group="once", from_beginning=True) as second:
        Application(second).take(5)
        assert second.repeats == 2, "a member knows what others were given"


def test_a_group_goes_on_where_it_stopped_and_knows_what_it_has_seen(world: World, settings: Settings) -> None:
    for offset in range(4):
        world.result("gate", address(offset))
    with member(settings, from_beginning=True) as first:
        first.take(0, 1, 2, 3)
    world.result("gate", address(2))  # inferred again, after whoever had its result has gone
    world.result("gate", address(4))
    with member(settings, from_beginning=True) as second:
        second.take(4)
        assert second.reader.repeats == 1


def test_what_was_not_finished_comes_again_and_nothing_else(world: World, settings: Settings) -> None:
    world.results("gate", [address(offset) for offset in range(6)])
    with ResultReader(settings, [MODEL], group="once", from_beginning=True) as reader:
        taken = [record.result.id for record in islice(reader, 4)]
    assert offsets_of(taken) == [0, 1, 2, 3]
    with member(settings, "once", from_beginning=True) as second:
        second.take(3, 4, 5)  # nobody said that the fourth was done


@pytest.mark.parametrize("group", [None, "again"])
def test_who_leaves_the_loop_and_comes_back_misses_nothing(world: World, settings: Settings, group: str | None) -> None:
    world.results("gate", [address(offset) for offset in range(6)])
    with ResultReader(settings, [MODEL], group=group, from_beginning=True) as reader:
        taken = [record.result.id for record in islice(reader, 1)]
        world.results("gate", [address(offset) for offset in range(6, 9)])
        taken += [record.result.id for record in islice(reader, 2)]
        assert offsets_of(taken) == [0, 1, 2]
        application = Application(reader)
        wait_for(lambda: len(application.poll()) >= 6)
        assert offsets_of(application.taken) == [3, 4, 5, 6, 7, 8]


def test_a_new_group_begins_with_what_comes_and_keeps_that_place(world: World, settings: Settings) -> None:
    world.result("gate", address(0))
    with member(settings) as first:
        wait_for(lambda: not first.poll() and first.reader._tail._begin)  # type: ignore[union-attr]
        first.take()
    world.result("gate", address(1))
    with member(settings) as second:
        second.take(1)


def test_members_share_and_one_that_takes_over_repeats_nothing(world: World, settings: Settings) -> None:
    with member(settings, from_beginning=True) as stays:
        with member(settings, from_beginning=True) as goes:

            def shared() -> bool:
                stays.poll()
                goes.poll()
                return all(0 < len(one.reader._tail._begin) < TEST_PARTITIONS for one in (stays, goes))  # type: ignore[union-attr]

            wait_for(shared)
            for offset in range(20):
                put(world, offset)
            wait_for(lambda: shared() and len(stays.taken) + len(goes.taken) == 20)
            goes.poll()  # what it had is done
        assert goes.taken
        for offset in (7, 6, 20):
            put(world, offset)
        wait_for(lambda: str(address(20)) in stays.poll())
        assert offsets_of(stays.taken + goes.taken) == list(range(21))


def test_a_slow_application_that_is_killed_repeats_a_second_and_no_batch(world: World, settings: Settings) -> None:
    """Whatever is not committed comes again: of what was done more than a second ago nothing may be left."""
    world.results("gate", [address(offset) for offset in range(400)])
    log = (settings.names.results(MODEL), 0)
    group = settings.names.result_group("slow")
    offsets = Offsets(settings)
    given_at: list[float] = []
    try:
        with ResultReader(settings, [MODEL], group="slow", from_beginning=True) as reader:
            for _ in islice(reader, 400):
                given_at.append(time.monotonic())
                done = offsets.committed({group: [log]}, deadline=time.monotonic() + 10).get(log, 0)
                wait_for(lambda: time.monotonic() >= given_at[-1] + 0.02)  # whatever it does with a result
                if done > 20:
                    break
    finally:
        offsets.close()
    assert 20 < done < len(given_at), "a commit came while there were more results"
    assert given_at[-1] - given_at[done] < 3


def test_a_member_at_work_on_many_results_takes_part_in_the_group_between_two_of_them(
    world: World, settings: Settings
) -> None:
    for offset in range(200):
        put(world, offset)
    with ResultReader(settings, [MODEL], group="door-opener", from_beginning=True) as works:
        at_work = islice(works, 200)
        taken = [next(at_work).result.id]
        with member(settings) as joins:
            while not joins.reader._tail._begin and (record := next(at_work, None)):  # type: ignore[union-attr]
                taken.append(record.result.id)
                joins.poll()
            assert len(taken) < 200, "the other member waits until all is done"
            wait_for(joins.poll)
        assert not set(taken) & set(joins.taken)


def test_a_group_that_is_no_name_is_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="group 'No Name': expected small letters"):
        ResultReader(settings, [MODEL], group="No Name")


def test_who_takes_long_stays_a_member_and_commits_what_comes_before_the_first_that_is_not_done(
    world: World, settings: Settings
) -> None:
    for offset in range(40):
        put(world, offset)
    offsets = Offsets(settings)
    group, topic = settings.names.result_group("patient"), settings.names.results(MODEL)

    def committed() -> dict[int, int]:
        places = [(topic, partition) for partition in range(TEST_PARTITIONS)]
        found = offsets.committed({group: places}, deadline=time.monotonic() + 10)
        return {partition: offset for (_, partition), offset in found.items() if offset}

    try:
        with ResultReader(settings, [MODEL], group="patient", from_beginning=True) as reader:
            batch = wait_for(lambda: reader.poll(0.5))
            middle = len(batch) // 2
            undone = batch[middle:]
            expected = {one.partition: one.offset + 1 for one in batch[:middle]}
            expected |= {one.partition: one.offset for one in reversed(undone)}
            expected = {partition: offset for partition, offset in expected.items() if offset}

            def settled() -> bool:
                reader.stay(undone)
                return committed() == expected

            wait_for(settled)
        with member(settings, "patient", from_beginning=True) as second:
            done = {one.result.id for one in batch[:middle]}
            second.take(*(offset for offset in range(40) if str(address(offset)) not in done))
    finally:
        offsets.close()
