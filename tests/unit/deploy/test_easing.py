from __future__ import annotations

import pytest

from deploy.local.easing import LOOKS, SETTLE_S, Easing
from schemas.ledger import Account

CAMERAS = ("campus", "street")
FPS = 10


def accounts(second: int, inferred: float) -> dict[tuple[str, str], Account]:
    """Two cameras of one model after so many seconds, whose worker infers this share of their frames."""
    delivered = FPS * second
    done = round(delivered * inferred)
    one = Account(captured=delivered, delivered=delivered, inferred=done, in_log=delivered - done)
    return {(camera, "faces"): one for camera in CAMERAS}


def played(easing: Easing, seconds: range, *, inferred: float) -> dict[int, dict[str, float]]:
    """What the easing said, and when."""
    said = {second: easing.rates(second, accounts(second, inferred)) for second in seconds}
    return {second: rates for second, rates in said.items() if rates}


@pytest.mark.parametrize("inferred", [1.0, 0.95])
def test_who_keeps_up_or_is_hardly_late_goes_on(inferred: float) -> None:
    assert played(Easing(), range(1, 25), inferred=inferred) == {}


def test_who_falls_behind_is_given_less_than_the_worker_did() -> None:
    said = played(Easing(), range(1, 9), inferred=0.5)
    assert said == {5: {"campus": 4.0, "street": 4.0}}, "1.5 s behind from the third second on; half, and room"


def test_nothing_is_judged_before_a_change_shows() -> None:
    easing = Easing()
    (first,) = played(easing, range(1, 6), inferred=0.5)
    pause = SETTLE_S + LOOKS - 1
    assert played(easing, range(6, 20), inferred=0.5).keys() == {first + pause, first + 2 * pause}


def test_a_backlog_that_is_worked_off_is_no_reason() -> None:
    easing = Easing()
    for second in range(1, 20):
        waiting = max(60 - 5 * second, 0)
        one = Account(captured=FPS * second, delivered=FPS * second, inferred=FPS * second - waiting, in_log=waiting)
        assert easing.rates(second, {("campus", "faces"): one}) is None


def test_a_camera_is_never_slower_than_a_frame_a_second() -> None:
    slow = {
        second: {("campus", "faces"): Account(captured=second, delivered=second, in_log=second)} for second in range(9)
    }
    easing = Easing()
    said = [rates for second, looked in slow.items() if (rates := easing.rates(second, looked))]
    assert said == [{"campus": 1.0}]


def test_a_camera_of_two_models_has_one_rate() -> None:
    easing = Easing()
    said = []
    for second in range(1, 8):
        behind = Account(captured=10 * second, delivered=10 * second, inferred=5 * second, in_log=5 * second)
        fine = Account(captured=10 * second, delivered=10 * second, inferred=10 * second)
        said.append(easing.rates(second, {("campus", "faces"): behind, ("campus", "things"): fine}))
    assert [rates for rates in said if rates] == [{"campus": 4.0}]
