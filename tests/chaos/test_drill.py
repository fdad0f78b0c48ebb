"""The judge finds what is wrong: a drill over a world that breaks one promise says which, and names the frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from processors.streaming.worker import WINDOW
from schemas.ledger import Account, Balance, Fault, Outcome, Unexplained
from schemas.messages import DeadLetter, FrameAddress
from tests.chaos.drill import ChaosError, Drill
from tests.chaos.faults import Strike
from tests.chaos.world import World

BUSIEST = 10
ALLOWED = WINDOW + BUSIEST
"""What one worker's window and a moment of the busiest half second may repeat."""
CLEAN = Balance(accounts={}, uncounted={}, unexplained=(), conflicts=0, repeats=0)


def at(offset: int) -> FrameAddress:
    return FrameAddress("m", 0, offset)


@dataclass
class FakeBook:
    outcomes: dict[FrameAddress, Outcome] = field(default_factory=dict)
    letters: dict[FrameAddress, DeadLetter] = field(default_factory=dict)

    def bury(self, address: FrameAddress) -> None:
        self.outcomes[address] = Outcome.DEAD
        self.letters[address] = DeadLetter(address=address, error="NotJpegError", message="text")

    def all_of(self, outcome: Outcome) -> set[FrameAddress]:
        return {address for address, found in self.outcomes.items() if found is outcome}

    def busiest(self, _since: float, _until: float, _span_s: float) -> int:
        return BUSIEST


@dataclass
class FakeWorld:
    """Recovers at once from everything; poison at offsets 0 and 1."""

    balance: Balance = CLEAN
    book: FakeBook = field(default_factory=FakeBook)
    injector: Any = field(default_factory=lambda: SimpleNamespace(poison={at(0), at(1)}, flush=lambda: None))
    fleet: Any = field(default_factory=lambda: SimpleNamespace(captures=[], workers=[], stop=lambda _names: []))
    recovers: bool = True
    audits: bool = True
    explains: bool = True

    def __post_init__(self) -> None:
        self.book.bury(at(0))
        self.book.bury(at(1))

    def ends(self) -> dict[int, int]:
        return {0: 9}

    def until(self, _condition: Callable[[], bool], *, deadline_s: float, what: str) -> float:
        if not self.recovers:
            raise TimeoutError(f"no {what} within {deadline_s} s")
        return 0.5

    def settle(self, _deadline_s: float) -> float:
        return 0.0

    def audit(self) -> Balance:
        if not self.audits:
            raise TimeoutError("no audit")
        return self.balance

    fresh_audit = audit

    def api_explains(self) -> bool:
        return self.explains


@dataclass
class FakeFault:
    what: Strike
    name: str = "fake"

    def strike(self, _world: World) -> Strike:
        return self.what


def drill(world: FakeWorld, strike: Strike) -> tuple[Drill, list[str]]:
    lines: list[str] = []
    judge = Drill(cast("World", world), lines.append)
    judge.run([FakeFault(strike)])
    return judge, lines


def test_a_world_that_keeps_its_word_passes() -> None:
    world = FakeWorld(balance=replace(CLEAN, repeats=ALLOWED - 4, conflicts=4))
    world.book.bury(at(5))
    world.book.outcomes[at(6)] = Outcome.EXPIRED
    judge, lines = drill(world, Strike("worker-1", shaken=1, lethal={at(5)}, expired={at(6)}))
    assert judge.last_line(7) == f"unexplained=0 lost=0 repeats={ALLOWED} faults=1 seed=7"
    assert f"repeats  {ALLOWED} of   {ALLOWED}" in lines[0]


def lost(world: FakeWorld) -> None:
    world.balance = replace(CLEAN, unexplained=(Unexplained(Fault.LOST, "m", "gate", address=at(3)),))


def malformed(world: FakeWorld) -> None:
    world.balance = replace(CLEAN, malformed_count=1)


def repeated(world: FakeWorld) -> None:
    world.balance = replace(CLEAN, repeats=ALLOWED + 1)


def innocent(world: FakeWorld) -> None:
    world.book.bury(at(4))


def spared(world: FakeWorld) -> None:
    del world.book.letters[at(1)]


def expired(world: FakeWorld) -> None:
    world.book.outcomes[at(7)] = Outcome.EXPIRED


def left(world: FakeWorld) -> None:
    world.balance = replace(CLEAN, accounts={("gate", "m"): Account(in_log=1)})


def stuck(world: FakeWorld) -> None:
    world.recovers = False


def contradicted(world: FakeWorld) -> None:
    world.explains = False


@pytest.mark.parametrize(
    ("sabotage", "says"),
    [
        (lost, "fake: 1 unexplained, 0 malformed: .*lost: m gate m/0/3"),
        (malformed, "fake: 0 unexplained, 1 malformed"),
        (repeated, f"fake: {ALLOWED + 1} repeats; expected at most {ALLOWED}"),
        (innocent, "fake: dead letters of good frames: 1: m/0/4"),
        (spared, "at the end: no dead letter of the poison 1: m/0/1"),
        (expired, "fake: expired, though nothing took them: 1: m/0/7"),
        (left, "at the end: 1 frames in the log without an outcome"),
        (stuck, "fake: no recovery"),
        (contradicted, "at the end: the API's ledger"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_broken_promise_is_named(sabotage: Callable[[FakeWorld], None], says: str) -> None:
    world = FakeWorld()
    sabotage(world)
    with pytest.raises(ChaosError, match=says):
        drill(world, Strike("worker-1", shaken=1))


def last_line(sabotage: Callable[[FakeWorld], None]) -> str:
    world = FakeWorld()
    sabotage(world)
    judge = Drill(cast("World", world), lambda _line: None)
    with pytest.raises(ChaosError):
        judge.run([FakeFault(Strike("worker-1", shaken=1))])
    return judge.last_line(7)


def test_a_run_that_broke_before_its_audit_is_audited_all_the_same() -> None:
    def lost_and_stuck(world: FakeWorld) -> None:
        lost(world)
        stuck(world)

    def silent(world: FakeWorld) -> None:
        stuck(world)
        world.audits = False

    assert last_line(lost_and_stuck) == "unexplained=1 lost=1 repeats=0 faults=1 seed=7"
    assert last_line(silent) == "unexplained=? lost=? repeats=0 faults=1 seed=7"


def test_a_frame_that_was_deleted_unread_must_be_recorded_as_expired() -> None:
    with pytest.raises(ChaosError, match="deleted unread, but not recorded as expired: 1: m/0/8"):
        drill(FakeWorld(), Strike("expire", expired={at(8)}))


def test_a_faults_own_check_counts() -> None:
    def check() -> None:
        raise AssertionError("two attempts; expected three")

    with pytest.raises(ChaosError, match="fake: two attempts"):
        drill(FakeWorld(), Strike("frame", check=check))
