"""A run: one fault after the other, and after each the question whether every frame is explained."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import httpx
from confluent_kafka import KafkaException

from processors.streaming.worker import WINDOW
from schemas.errors import EnvironmentMissingError
from schemas.ledger import Balance, Outcome
from schemas.ledger import Fault as Unexplainable
from schemas.messages import FrameAddress
from tests.chaos.faults import FAULTS, Fault, Strike
from tests.chaos.timing import TIMING
from tests.chaos.world import World

FULL_S: Final = 300.0
"""From so many seconds on a run has every kind of fault, however long that takes."""
_RECOVERY_S: Final = 120.0
_AROUND_S: Final = 1.0
"""What a worker records so shortly before a fault and after it may be without a commit: it notices with a heartbeat."""
_NAMED: Final = 20
"""So many addresses are named when something is wrong."""

Say = Callable[[str], None]


class ChaosError(Exception):
    """The system broke a promise; the message says which, and names the frames."""


_BROKEN: Final = (
    ChaosError,
    AssertionError,
    TimeoutError,
    EnvironmentMissingError,
    KafkaException,
    httpx.HTTPError,
)
"""What says that something did not come about: a judge's word, or no answer when there had to be one."""


@dataclass
class Totals:
    """What a run adds up; `lost` and `unexplained` are None where a fault was not followed by an audit."""

    faults: int = 0
    repeats: int = 0
    allowed: int = 0
    lost: int | None = None
    unexplained: int | None = None


def draw(
    chance: random.Random,
    seconds: float,
    now: Callable[[], float] = time.monotonic,
    *,
    faults: Sequence[Fault] = FAULTS,
) -> Iterator[Fault]:
    """Every kind once in a random order, then random kinds, until the time is over."""
    end = now() + seconds
    first = chance.sample(faults, len(faults))
    for fault in first:
        if now() >= end and seconds < FULL_S:
            return
        yield fault
    while now() < end:
        yield chance.choice(faults)


class Drill:
    """Strikes a world with faults and judges it; `say` gets a line for each fault."""

    def __init__(self, world: World, say: Say) -> None:
        self.totals = Totals()
        self._world = world
        self._say = say
        self._lethal: set[FrameAddress] = set()
        self._expired: set[FrameAddress] = set()

    def run(self, faults: Iterator[Fault] | Sequence[Fault]) -> None:
        """Strike with one after the other, then end the system in order and judge it as a whole.

        Raises:
            ChaosError: A promise was broken.
        """
        try:
            for fault in faults:
                self._one(fault)
            self._ending()
        except ChaosError:
            self._look_once_more()
            raise

    def last_line(self, seed: int) -> str:
        """What the run comes to; `?` stands for what nobody could audit."""
        totals = self.totals
        unexplained, lost = ("?" if number is None else number for number in (totals.unexplained, totals.lost))
        return f"unexplained={unexplained} lost={lost} repeats={totals.repeats} faults={totals.faults} seed={seed}"

    def _one(self, fault: Fault) -> None:
        world = self._world
        begun = time.time()
        self.totals.faults += 1
        self.totals.lost = self.totals.unexplained = None
        try:
            strike = fault.strike(world)
            struck = time.time()
            ends = world.ends()
            recovery = world.until(
                lambda: world.passed(ends) and world.flows(ends), deadline_s=_RECOVERY_S, what="recovery"
            )
            world.settle(_RECOVERY_S)
            balance = world.audit()
            self._lethal |= strike.lethal
            self._expired |= strike.expired
            repeats = self._judge_repeats(strike, balance, (begun - _AROUND_S, struck + _AROUND_S))
            self._judge(balance)
            strike.check()
        except _BROKEN as error:
            raise ChaosError(f"{fault.name}: {error}") from error
        self._say(
            f"{self.totals.faults:3}  {fault.name:16} {strike.what:44} recovered in {recovery:5.1f} s  {repeats}  "
            f"dead {len(world.book.letters)}  lost {_lost(balance)}  unexplained {len(balance.unexplained)}"
        )

    def _judge_repeats(self, strike: Strike, balance: Balance, period: tuple[float, float]) -> str:
        """Repeated is at most what was open, and what was recorded between two commits."""
        before = self.totals.repeats
        self.totals.repeats = balance.repeats + balance.conflicts
        repeats = self.totals.repeats - before
        busiest = self._world.book.busiest(*period, TIMING.commit)
        moments = strike.moments if strike.shaken else 0
        allowed = (strike.shaken + strike.torn) * WINDOW + moments * busiest
        self.totals.allowed += allowed
        if repeats > allowed:
            raise ChaosError(
                f"{repeats} repeats; expected at most {allowed}: {strike.shaken + strike.torn} x {WINDOW} open and "
                f"{moments} x {busiest} recorded in {TIMING.commit} s"
            )
        return f"repeats {repeats:3} of {allowed:4}"

    def _judge(self, balance: Balance) -> None:
        """Nothing lost, nothing unexplained, and nobody blamed who is not to blame."""
        book = self._world.book
        self.totals.lost, self.totals.unexplained = _lost(balance), len(balance.unexplained)
        if not balance.is_clean:
            named = [*map(str, balance.unexplained[:_NAMED]), *map(str, balance.malformed[:_NAMED])]
            raise ChaosError(f"{len(balance.unexplained)} unexplained, {balance.malformed_count} malformed: {named}")
        guilty = self._world.injector.poison | self._lethal
        if innocent := book.letters.keys() - guilty:
            raise ChaosError(f"dead letters of good frames: {_named(innocent, book.letters)}")
        expired = book.all_of(Outcome.EXPIRED)
        if wrong := expired - self._expired:
            raise ChaosError(f"expired, though nothing took them: {_named(wrong)}")
        if missing := {one for one in self._expired if one not in book.outcomes}:
            raise ChaosError(f"deleted unread, but not recorded as expired: {_named(missing)}")

    def _ending(self) -> None:
        try:
            self._end()
        except _BROKEN as error:
            raise ChaosError(f"at the end: {error}") from error

    def _look_once_more(self) -> None:
        """Where a promise was broken before an audit, make it now, so that the last line says what is lost."""
        if self.totals.unexplained is None:
            with suppress(*_BROKEN):
                balance = self._world.audit()
                self.totals.lost, self.totals.unexplained = _lost(balance), len(balance.unexplained)

    def _end(self) -> None:
        world = self._world
        killed = world.fleet.stop(world.fleet.captures)
        world.injector.flush()
        ends = world.ends()
        world.until(lambda: world.passed(ends), deadline_s=_RECOVERY_S, what="commit of the last frame")
        killed += world.fleet.stop(world.fleet.workers)
        if not world.api_explains():
            raise ChaosError("the API's ledger names frames that are not explained")
        if killed:
            raise ChaosError(f"{', '.join(killed)} did not end in order")
        balance = world.audit()
        self._judge(balance)
        fresh = world.fresh_audit()
        self._judge_whole(fresh)
        if (fresh.repeats, fresh.conflicts) != (balance.repeats, balance.conflicts):
            raise ChaosError(f"two audits of the same records differ: {balance} {fresh}")
        self.totals.repeats = fresh.repeats + fresh.conflicts
        if self.totals.repeats > self.totals.allowed:
            raise ChaosError(f"{self.totals.repeats} repeats in all; expected at most {self.totals.allowed}")
        self._say(_summary(fresh))

    def _judge_whole(self, balance: Balance) -> None:
        """Nothing is left in the log, and the dead letters are just those that there had to be."""
        book, poison = self._world.book, self._world.injector.poison
        left = sum(account.in_log for account in (*balance.accounts.values(), *balance.uncounted.values()))
        if left:
            raise ChaosError(f"{left} frames in the log without an outcome, though everything is committed")
        due = (poison | self._lethal) - book.all_of(Outcome.EXPIRED)
        if due != book.letters.keys():
            raise ChaosError(f"no dead letter of the poison {_named(due - book.letters.keys())}")


def _lost(balance: Balance) -> int:
    return sum(entry.fault is Unexplainable.LOST for entry in balance.unexplained)


def _named(addresses: set[FrameAddress], letters: object = None) -> str:
    known = letters if isinstance(letters, dict) else {}
    shown = [f"{address} {known.get(address, '')}".strip() for address in sorted(addresses)[:_NAMED]]
    return f"{len(addresses)}: {', '.join(shown)}"


def _summary(balance: Balance) -> str:
    accounts = (*balance.accounts.values(), *balance.uncounted.values())
    names = ("captured", "delivered", "failed", "unknown", "inferred", "dead", "stale", "expired", "in_log")
    sums = " ".join(f"{name} {sum(getattr(account, name) for account in accounts)}" for name in names)
    dropped = sum(sum(account.dropped.values()) for account in accounts)
    return f"     at the end: {sums} dropped {dropped}"
