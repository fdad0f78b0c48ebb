"""The audit on a real broker: a consistent world is clean, and each sabotage yields exactly its fault."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from api.audit import history as audit_history
from api.audit.auditor import Auditor
from api.audit.history import History
from api.audit.report import render
from schemas.catalogue import Catalogue
from schemas.errors import CatalogueError, EnvironmentMissingError
from schemas.ledger import Account, Balance, Fault, Ledger, Outcome
from schemas.messages import CaptureClaim, FrameAddress, SkipReason
from schemas.settings import Settings
from tests.integration.api_world import MODEL, PARTITIONS, T0, World, audited, make_result
from tests.integration.capture_world import eventually


@dataclass
class Story:
    """What happened to sixteen frames of two cameras in two partitions; a sabotage changes it before it is written.

    Offsets 0 to 7 of each partition: even ones are `gate`'s, odd ones `yard`'s. Of partition 0, 2 is dead-lettered,
    3 is stale and 0 expired; 7 of partition 1 is not processed yet; everything else is inferred.
    """

    inferred: set[tuple[int, int]] = field(
        default_factory=lambda: (
            {(partition, offset) for partition in (0, 1) for offset in range(8)} - {(0, 0), (0, 2), (0, 3), (1, 7)}
        )
    )
    dead: set[tuple[int, int]] = field(default_factory=lambda: {(0, 2)})
    stale: set[tuple[int, int]] = field(default_factory=lambda: {(0, 3)})
    expired: set[tuple[int, int]] = field(default_factory=lambda: {(0, 0)})
    committed: dict[int, int] = field(default_factory=lambda: {0: 8, 1: 7})
    captured: dict[str, int] = field(default_factory=lambda: {"gate": 8, "yard": 8})
    claimed: set[tuple[int, int]] = field(default_factory=set)
    named_again: set[tuple[int, int]] = field(default_factory=set)

    def write(self, world: World) -> None:
        for partition in range(PARTITIONS):
            for offset in range(8):
                world.frame("yard" if offset % 2 else "gate", offset, partition=partition)
        for camera, parity in (("gate", 0), ("yard", 1)):
            mine = {(p, offset) for p in range(PARTITIONS) for offset in range(8) if offset % 2 == parity}
            addresses = [FrameAddress(MODEL, *where) for where in sorted(mine | (self.claimed if parity else set()))]
            claim = CaptureClaim(camera=camera, site="default", owner="worker-1", time=T0)
            world.message(world.names.captures, claim, key=camera)
            world.counts(camera, addresses, next_seq=self.captured[camera], closed=True)
        if self.named_again:
            again = [FrameAddress(MODEL, *one) for one in sorted(self.named_again)]
            world.counts("yard", again, first_seq=8, next_seq=8 + len(again), closed=True)
        for partition, offset in sorted(self.inferred):
            world.result("gate", FrameAddress(MODEL, partition, offset))
        for partition, offset in sorted(self.dead):
            world.dead_letter("gate", FrameAddress(MODEL, partition, offset))
        if self.stale:
            world.skip(SkipReason.STALE, "yard", [FrameAddress(MODEL, *one) for one in sorted(self.stale)])
        if self.expired:
            world.skip(SkipReason.EXPIRED, None, [FrameAddress(MODEL, *one) for one in sorted(self.expired)])
        world.commit(self.committed)


def faults(balance: Balance) -> list[str]:
    return [str(entry) for entry in balance.unexplained]


def test_consistent_world_is_explained_frame_by_frame(world: World, auditor: Auditor) -> None:
    Story().write(world)

    balance = audited(auditor)

    assert balance.is_clean
    assert balance.accounts == {
        ("gate", MODEL): Account(captured=8, delivered=8, inferred=6, dead=1, expired=1),
        ("yard", MODEL): Account(captured=8, delivered=8, inferred=6, stale=1, in_log=1),
    }
    assert (balance.uncounted, balance.conflicts, balance.repeats) == ({}, 0, 0)
    assert render(balance).endswith("every frame explained")


def _delete_one_result(story: Story) -> None:
    story.inferred.remove((1, 4))


def _ack_one_frame_unprocessed(story: Story) -> None:
    story.committed[1] = 8


def _lose_one_produce(story: Story) -> None:
    story.captured["yard"] += 1


def _claim_a_delivery_that_never_was(story: Story) -> None:
    story.claimed.add((1, 8))
    story.captured["yard"] += 1


def _claim_a_delivery_to_a_partition_that_is_not_there(story: Story) -> None:
    story.claimed.add((5, 0))
    story.captured["yard"] += 1


def _name_a_delivery_again(story: Story) -> None:
    story.named_again.add((1, 1))


def _delete_the_skip(story: Story) -> None:
    story.stale.clear()


def _delete_the_dead_letter(story: Story) -> None:
    story.dead.clear()


SABOTAGE: list[tuple[Callable[[Story], None], str]] = [
    (_delete_one_result, f"lost: {MODEL} gate {MODEL}/1/4"),
    (_ack_one_frame_unprocessed, f"lost: {MODEL} yard {MODEL}/1/7"),
    (_lose_one_produce, f"imbalance: {MODEL} yard run 0, 1 frames"),
    (_claim_a_delivery_that_never_was, f"beyond-log: {MODEL} yard {MODEL}/1/8"),
    (_claim_a_delivery_to_a_partition_that_is_not_there, f"beyond-log: {MODEL} yard {MODEL}/5/0"),
    (_name_a_delivery_again, f"named-twice: {MODEL} yard 1 frames"),
    (_delete_the_skip, f"lost: {MODEL} yard {MODEL}/0/3"),
    (_delete_the_dead_letter, f"lost: {MODEL} gate {MODEL}/0/2"),
]


@pytest.mark.parametrize(("sabotage", "fault"), SABOTAGE, ids=[sabotage.__name__ for sabotage, _ in SABOTAGE])
def test_sabotage_yields_exactly_its_fault(
    world: World, auditor: Auditor, sabotage: Callable[[Story], None], fault: str
) -> None:
    story = Story()
    sabotage(story)
    story.write(world)

    balance = audited(auditor)

    assert faults(balance) == [fault]
    assert not balance.is_clean
    assert fault in render(balance)
    assert render(balance).endswith("1 frames are unexplained")


def test_a_frame_that_nobody_ever_mentions_is_lost_once_it_is_committed(world: World, auditor: Auditor) -> None:
    addresses = world.frames("gate", 3)
    world.commit({0: 2})

    balance = audited(auditor)

    assert faults(balance) == [f"lost: {MODEL} (uncounted) {address}" for address in addresses[:2]]
    assert balance.uncounted == {MODEL: Account(delivered=3, in_log=1, unexplained=2)}


def test_retention_neither_hides_a_loss_nor_invents_one(world: World, auditor: Auditor) -> None:
    story = Story()
    _delete_one_result(story)
    story.write(world)
    for partition in range(PARTITIONS):
        world.delete_frames_below(6, partition=partition)

    assert faults(audited(auditor)) == [f"lost: {MODEL} gate {MODEL}/1/4"]


def test_what_the_log_no_longer_has_is_folded_and_still_counts(world: World, auditor: Auditor) -> None:
    story = Story()
    _delete_one_result(story)
    story.write(world)
    before = audited(auditor)
    held = len(auditor._ledger)
    for partition in range(PARTITIONS):
        world.delete_frames_below(7, partition=partition)

    after = audited(auditor)

    assert after == before
    # Of each partition the last frame is in the log; of those that are gone only the lost one is still known.
    assert (held, len(auditor._ledger)) == (16, 3)
    world.result("yard", FrameAddress(MODEL, 1, 4))
    assert audited(auditor).is_clean


def test_what_retention_took_unread_is_gone_until_a_worker_records_it(world: World, auditor: Auditor) -> None:
    """A group that never committed: what is not in the log is not said to be there, and costs no place of its own."""
    addresses = world.frames("gate", 8)
    world.counts("gate", addresses)
    world.delete_frames_below(6)

    balance = audited(auditor)

    assert balance.accounts == {("gate", MODEL): Account(captured=8, delivered=8, gone=6, in_log=2)}
    assert render(balance).endswith("every frame explained, 6 of them gone unread")
    assert len(auditor._ledger) == 3, "a run, and two in the log"
    world.skip(SkipReason.EXPIRED, None, addresses[:6])
    world.commit({0: 6})
    balance = audited(auditor)
    assert balance.accounts == {("gate", MODEL): Account(captured=8, delivered=8, expired=6, in_log=2)}
    assert (balance.repeats, len(auditor._ledger)) == (0, 2)
    assert render(balance).endswith("every frame explained")


def test_a_long_history_is_folded_slice_by_slice_and_says_the_same(
    world: World, settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each ten frames two cameras take turns; one is inferred again, one is stale and then inferred, one is lost."""
    ends = []
    for ten in range(0, 200, 10):
        addresses = [world.frame(("gate", "yard")[offset % 2], offset) for offset in range(ten, ten + 10)]
        world.skip(SkipReason.STALE, "gate", addresses[4:5])
        world.results("gate", [addresses[number] for number in (0, 1, 2, 3, 4, 5, 6, 8, 9, 9)])
        for camera, parity in (("gate", 0), ("yard", 1)):
            world.counts(camera, addresses[parity::2], first_seq=ten // 2, next_seq=ten // 2 + 5)
        ends.append(time.time_ns() // 1_000_000 + 1)
        eventually(lambda: time.time_ns() // 1_000_000 > ends[-1], "another millisecond for the next ten")
    world.commit({0: 190})
    world.delete_frames_below(180)
    held: list[int] = []
    add_outcome = Ledger.add_outcome

    def watched(ledger: Ledger, address: FrameAddress, outcome: Outcome) -> None:
        add_outcome(ledger, address, outcome)
        held.append(len(ledger))

    monkeypatch.setattr(Ledger, "add_outcome", watched)

    def read(slice_ms: int) -> tuple[Balance, int]:
        """The balance, and the most places that were held."""
        monkeypatch.setattr(audit_history, "SLICE_MS", slice_ms)
        held.clear()
        auditor = Auditor(settings, catalogue)
        balance = audited(auditor)
        auditor.refresh(30)
        assert auditor.balance() == balance
        auditor.close()
        return balance, max(held)

    whole, most = read(1000)
    assert len(faults(whole)) == 19
    assert (whole.repeats, whole.conflicts, most) == (20, 20, 200)
    monkeypatch.setattr(audit_history, "SLICE_FRAMES", 2)
    assert read(2000)[0] == whole
    monkeypatch.setattr(History, "_cut", lambda *_: ends[::4])
    sliced, most = read(1)
    assert sliced == whole
    assert most < 150


def test_a_second_refresh_reads_only_what_is_new(world: World, auditor: Auditor) -> None:
    Story().write(world)
    audited(auditor)
    world.result("yard", FrameAddress(MODEL, 1, 7))
    world.commit({1: 8})

    balance = audited(auditor)

    assert balance.is_clean
    assert (balance.repeats, balance.conflicts) == (0, 0)
    assert balance.accounts["yard", MODEL] == Account(captured=8, delivered=8, inferred=7, stale=1)


def test_a_running_system_never_looks_as_if_it_had_lost_something(world: World, auditor: Auditor) -> None:
    """Frames are written, counted, inferred and committed one by one, as fast as it goes, during the audits."""
    audits: list[list[str]] = []

    def run() -> None:
        for seq in range(120):
            address = world.frame("gate", seq)
            world.counts("gate", [address], first_seq=seq, next_seq=seq + 1)
            world.result("gate", address)
            world.commit({0: address.offset + 1})

    running = threading.Thread(target=run)
    running.start()
    while running.is_alive():
        audits.append(faults(audited(auditor)))
    running.join()
    assert len(audits) >= 3
    assert audits == [[]] * len(audits)
    assert audited(auditor).accounts == {("gate", MODEL): Account(captured=120, delivered=120, inferred=120)}


def test_redelivery_is_counted_and_the_highest_outcome_counts(world: World, auditor: Auditor) -> None:
    story = Story()
    story.dead.add((1, 0))
    story.stale.add((0, 2))
    story.write(world)
    world.result("gate", FrameAddress(MODEL, 1, 2))

    balance = audited(auditor)

    assert (balance.repeats, balance.conflicts) == (1, 2)
    assert balance.accounts["gate", MODEL] == Account(captured=8, delivered=8, inferred=6, dead=1, expired=1)
    assert balance.is_clean


def test_malformed_records_are_reported_and_stop_nothing(world: World, auditor: Auditor) -> None:
    Story().write(world)
    names = world.names
    far = 10**15
    world.put(names.captures, b"\x00 no JSON")
    world.put(names.captures, None)
    world.counts("gate", [FrameAddress(MODEL, 0, far)], run=7)
    world.put(names.skips, b'{"model": 5}')
    world.skip(SkipReason.STALE, "gate", [FrameAddress(MODEL, 0, far)])
    world.put(names.dead_letters, b"x", headers=[("ce_address", b"../../etc/passwd")])
    world.put(names.dead_letters, b"x", headers=[("ce_address", b"no-such-model/0/1")])
    results = names.results(MODEL)
    world.put(results, b"{}")
    world.put(results, b"{}", headers=[("ce_address", f"{MODEL}/0/{far}".encode())])
    world.put(results, b"{}", headers=make_result("gate", FrameAddress("face-detection", 0, 1)).headers())

    balance = audited(auditor)

    assert balance.unexplained == ()
    assert balance.malformed_count == 10
    assert not balance.is_clean
    where = [(record.topic, record.error) for record in balance.malformed]
    for topic, words in (
        (names.captures, "the value is empty"),
        (names.captures, str(far)),
        (names.skips, "model = 5"),
        (names.skips, str(far)),
        (names.dead_letters, "etc/passwd"),
        (names.dead_letters, "'no-such-model' is not in the catalogue"),
        (results, "header ce_address is missing"),
        (results, str(far)),
        (results, "expected a frame of object-detection"),
    ):
        assert any(at == topic and words in error for at, error in where), (topic, words)
    assert "10 records could not be read" in render(balance)


def test_only_the_asked_model_is_audited(settings: Settings, catalogue: Catalogue, world: World) -> None:
    story = Story()
    _delete_one_result(story)
    story.write(world)
    for model, expected in (("face-detection", []), (MODEL, [f"lost: {MODEL} gate {MODEL}/1/4"])):
        auditor = Auditor(settings, catalogue, model=model)
        assert faults(audited(auditor)) == expected
        auditor.close()
    with pytest.raises(CatalogueError, match="'nothing': expected one of"):
        Auditor(settings, catalogue, model="nothing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prefix": "test-absent."}, "has no topic test-absent.captures, .*expected every topic of prefix"),
        ({"bootstrap_servers": "127.0.0.1:1"}, "127.0.0.1:1 gave no topics"),
    ],
)
def test_what_is_missing_is_named(settings: Settings, catalogue: Catalogue, change: dict[str, str], words: str) -> None:
    auditor = Auditor(settings.model_copy(update=change), catalogue)
    with pytest.raises(EnvironmentMissingError, match=words):
        auditor.refresh(deadline_s=2)
    auditor.close()


def test_fault_words_are_those_of_the_ledger() -> None:
    assert {fault for _, text in SABOTAGE for fault in Fault if text.startswith(fault.value)} == set(Fault)
