from __future__ import annotations

from schemas.ledger import UNCOUNTED_CAMERA, Account, Balance, Fault, Unexplained


def test_the_rows_are_in_order_and_the_uncounted_come_last() -> None:
    accounts = {("yard", "b"): Account(captured=1), ("gate", "b"): Account(captured=2), ("gate", "a"): Account()}
    uncounted = {"b": Account(delivered=3), "a": Account(delivered=4)}
    balance = Balance(accounts, uncounted, (), conflicts=0, repeats=0)
    assert [(camera, model, account.captured + account.delivered) for camera, model, account in balance.rows()] == [
        ("gate", "a", 0),
        ("gate", "b", 2),
        ("yard", "b", 1),
        (UNCOUNTED_CAMERA, "a", 4),
        (UNCOUNTED_CAMERA, "b", 3),
    ]


def test_what_no_camera_is_known_of_is_called_as_its_row() -> None:
    assert str(Unexplained(Fault.LOST, "a", None, frames=2)) == f"lost: a {UNCOUNTED_CAMERA} 2 frames"
