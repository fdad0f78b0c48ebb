"""Audits of a window of time on a real broker: which frames and records belong to it, and that none is lost falsely."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.audit import lookback as audit_lookback
from api.audit import window as audit_window
from api.audit.auditor import Auditor
from api.audit.lookback import Lookback
from api.audit.report import AuditReport, render
from api.log.kafka import Offsets
from schemas.catalogue import Catalogue
from schemas.ledger import Account, Balance
from schemas.messages import FrameAddress, format_time
from schemas.settings import Settings
from schemas.window import Window, milliseconds
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World, wait_for

CAMERA = ("gate", MODEL)


def moment() -> datetime:
    """A time that is later than everything written so far, and not later than anything to come, by the millisecond."""
    begun = time.time_ns() // 1_000_000
    wait_for(lambda: time.time_ns() // 1_000_000 > begun)
    return datetime.now(UTC)


class Story:
    """Three times: in each, four frames of one camera, all inferred but one; a moment lies between two times."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.moments: list[datetime] = []
        self.addresses: list[list[FrameAddress]] = []
        for part in range(3):
            if part:
                self.moments.append(moment())
            frames = world.frames("gate", 4, first_seq=5 * part)
            first = 5 * part
            # One frame is dropped in each time, and the last one is still in flight when its record is written.
            before = 1 if part else 0
            counted = self.addresses[-1][-1:] + frames[:3] if part else frames[:3]
            world.counts("gate", counted, first_seq=first, next_seq=first + 5, dropped={"superseded": 1}, in_flight=1)
            assert len(counted) == 3 + before
            for address in frames[:3]:
                world.result("gate", address)
            self.addresses.append(frames)
        world.commit({0: 8})

    def audit(self, settings: Settings, window: Window | None) -> Balance:
        auditor = Auditor(settings, Catalogue(), window=window)
        try:
            auditor.refresh(30)
            return auditor.balance()
        finally:
            auditor.close()


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


def account_of(balance: Balance) -> Account:
    """The camera's account, of which both equations hold; the drops are taken out."""
    account = balance.accounts[CAMERA]
    assert account.captured == sum(account.dropped.values()) + account.delivered + account.failed + account.unknown
    parts = (account.inferred, account.dead, account.skipped, account.in_log, account.unexplained)
    assert account.delivered == sum(parts)
    account.dropped.clear()
    return account


def lost(balance: Balance) -> list[str]:
    return [str(entry.address) for entry in balance.unexplained]


def test_without_a_window_everything_counts(story: Story, settings: Settings) -> None:
    balance = story.audit(settings, None)
    assert lost(balance) == [f"{MODEL}/0/3", f"{MODEL}/0/7"]
    assert account_of(balance) == Account(captured=15, delivered=11, unknown=1, inferred=9, unexplained=2)
    assert balance.uncounted[MODEL].in_log == 1


def test_a_window_holds_what_was_appended_in_it(story: Story, settings: Settings) -> None:
    first, second = story.moments
    middle = story.audit(settings, Window(first, second))
    # Its own fourth frame is named by the record after it; the fourth frame of the time before is not its own.
    assert account_of(middle) == Account(captured=5, delivered=4, inferred=3, unexplained=1)
    assert lost(middle) == [f"{MODEL}/0/7"]
    assert middle.uncounted == {}
    last = story.audit(settings, Window(since=second))
    assert account_of(last) == Account(captured=5, delivered=3, unknown=1, inferred=3)
    assert last.uncounted[MODEL] == Account(delivered=1, in_log=1)
    assert last.is_clean
    before = story.audit(settings, Window(until=first))
    assert account_of(before) == Account(captured=5, delivered=4, inferred=3, unexplained=1)
    assert lost(before) == [f"{MODEL}/0/3"]
    assert render(before, Window(until=first)).endswith(f"unexplained, until {first:%Y-%m-%dT%H:%M:%SZ}")


def test_a_frame_that_the_log_has_no_more_is_dated_by_its_capture_record(story: Story, settings: Settings) -> None:
    """The record after it, for one that was in flight: it moves from one window to the next, and into no other."""
    story.world.delete_frames_below(12)
    first, second = story.moments
    parts = [Window(until=first), Window(first, second), Window(since=second)]
    assert [lost(story.audit(settings, window)) for window in parts] == [[], [f"{MODEL}/0/3"], [f"{MODEL}/0/7"]]
    assert [account_of(story.audit(settings, window)).delivered for window in parts] == [3, 4, 4]


def test_what_was_recorded_before_the_window_is_looked_for_before_a_frame_is_called_lost(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (audit_lookback, audit_window):
        monkeypatch.setattr(module, "CLOCK_SKEW_MS", 0)
    monkeypatch.setattr(audit_lookback, "MARGINS_MS", (1, 60_000))
    world.result("gate", FrameAddress(MODEL, 0, 0))  # as if the clocks of two brokers differed
    world.result("gate", FrameAddress(MODEL, 1, 0))
    since = moment()
    for partition in (0, 1):
        world.frame("gate", 0, partition=partition)
    world.result("gate", FrameAddress(MODEL, 1, 0))
    world.commit({0: 1, 1: 1})
    auditor = Auditor(settings, Catalogue(), window=Window(since))
    for _ in range(2):
        auditor.refresh(30)
        balance = auditor.balance()
        assert balance.is_clean
        assert balance.uncounted[MODEL] == Account(delivered=2, inferred=2)
        assert balance.repeats == 1
    auditor.close()


def test_a_lost_frame_says_how_far_back_an_outcome_was_looked_for(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history may be longer than there is time to read: a frame that is lost is named all the same."""
    for module in (audit_lookback, audit_window):
        monkeypatch.setattr(module, "CLOCK_SKEW_MS", 0)
    monkeypatch.setattr(audit_lookback, "MARGINS_MS", (1,))
    world.results("gate", [FrameAddress(MODEL, 0, offset) for offset in range(100, 200)])
    world.frames("gate", 100)
    window = Window(since=moment())
    address = world.frame("gate", 100)
    world.commit({0: 101})
    auditor = Auditor(settings, Catalogue(), window=window)
    auditor.refresh(30)
    balance = auditor.balance()
    auditor.close()
    assert lost(balance) == [str(address)]
    assert window.since is not None
    assert balance.sought_since == milliseconds_before(window.since, 1)
    told = f"what is lost has no outcome since {balance.sought_since:%Y-%m-%dT%H:%M:%SZ}; from before that none was"
    assert told in render(balance, window)
    assert AuditReport.of(balance, at=window.since, window=window).sought_since == format_time(balance.sought_since)


def milliseconds_before(moment: datetime, milliseconds: int) -> datetime:
    """As Kafka counts time."""
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return whole - timedelta(milliseconds=milliseconds)


def test_looking_back_ends_with_the_time_and_goes_on_the_next_time(world: World, settings: Settings) -> None:
    written = [FrameAddress(MODEL, 0, offset) for offset in range(50)]
    world.results("gate", written)
    since = moment()
    taken: list[int] = []
    offsets = Offsets(settings)
    topic = settings.names.results(MODEL)
    lookback = Lookback(
        settings, offsets, since_ms=milliseconds(since), take=lambda message: taken.append(message.offset())
    )
    lookback.begin({(topic, 0): 50})
    begun = lookback.reached
    assert begun is not None
    lookback.look(lambda: True, deadline=time.monotonic())
    assert (taken, lookback.reached) == ([], begun), "no time is left: nothing was looked for, and that is said"
    lookback.look(lambda: True, deadline=time.monotonic() + 20)
    assert (taken, lookback.reached) == ([*range(50)], None), "there is nothing before"
    lookback.look(lambda: True, deadline=time.monotonic() + 20)
    assert len(taken) == 50
    lookback.close()
    offsets.close()


def test_a_windows_auditor_goes_on(story: Story, settings: Settings) -> None:
    auditor = Auditor(settings, Catalogue(), window=Window(since=moment()))
    auditor.refresh(30)
    assert auditor.balance().accounts == {}
    address = story.world.frame("gate", 15)
    story.world.counts("gate", [address], first_seq=15, next_seq=16)
    story.world.result("gate", address)
    auditor.refresh(30)
    # Of the frame in flight before the window began, its fate never came.
    assert account_of(auditor.balance()) == Account(captured=1, delivered=1, inferred=1)
    auditor.close()


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


def test_the_api_audits_windows_and_shows_the_ledger_to_prometheus(client: httpx.Client, story: Story) -> None:
    first, second = story.moments
    body = client.get("/api/v1/ledger", params={"since": first.isoformat(), "until": second.isoformat()}).json()
    assert body["since"] == first.isoformat().replace("+00:00", "Z")
    assert [entry["address"] for entry in body["unexplained"]] == [f"{MODEL}/0/7"]
    assert client.get("/api/v1/ledger?since=1h").json()["unexplained_count"] == 2
    for query, words in (
        ("since=soon", "since = 'soon': expected an age"),
        ("since=1m&until=2m", "expected since to be earlier"),
        ("until=2999-01-01T00:00Z", "expected a time in the past"),
    ):
        answer = client.get(f"/api/v1/ledger?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert words in answer.json()["detail"]
    shown = client.get("/metrics").text
    assert f'framebus_ledger_unexplained{{model="{MODEL}"}} 2.0' in shown
    assert 'framebus_ledger_unexplained{model="face-detection"} 0.0' in shown
    assert f'framebus_ledger_frames{{camera="gate",model="{MODEL}",state="captured"}} 15.0' in shown
    assert f'framebus_ledger_frames{{camera="(uncounted)",model="{MODEL}",state="in_log"}} 1.0' in shown
    assert "framebus_ledger_malformed_records 0.0" in shown
