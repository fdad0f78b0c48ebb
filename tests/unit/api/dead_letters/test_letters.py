from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.dead_letters import Fate
from api.dead_letters.letters import Letter, LetterFilter, Letters, Sending
from api.dead_letters.outcome import Done, Outcome
from api.dead_letters.report import HeaderEntry, LetterEntry
from schemas.messages import FrameAddress, Redrive, Redriven, redriven_from_headers

T0 = datetime(2026, 1, 31, 12, tzinfo=UTC)


def at(offset: int) -> FrameAddress:
    return FrameAddress("m", 0, offset)


def letter(
    offset: int,
    *,
    of: int | None = None,
    number: int = 1,
    error: str = "NotJpegError",
    camera: str = "gate",
    place: int = 0,
) -> Letter:
    """A dead letter that came `offset` seconds after T0; `of`: it was sent again before."""
    redriven = None if of is None else Redriven(at(of), number)
    when = T0 + timedelta(seconds=offset)
    return Letter(at(offset), when, camera, error, "why", 1, 7, redriven, (0, place or offset))


def redrive(frm: int, to: int, *, origin: int | None = None, number: int = 1) -> Redrive:
    first = str(at(frm if origin is None else origin))
    return Redrive(address=str(at(to)), camera="gate", letter=str(at(frm)), origin=first, number=number, time=T0)


def known(*events: Letter | Redrive, keep: int = 100) -> Letters:
    letters = Letters(keep)
    for event in events:
        if isinstance(event, Redrive):
            letters.add_redrive(event)
        else:
            letters.add(event)
    return letters


@pytest.mark.parametrize(
    ("events", "pending", "number", "workable"),
    [
        ([letter(1)], None, 1, [1]),
        ([letter(1), redrive(1, 5)], 5, 2, []),
        ([letter(1), redrive(1, 5), letter(5, of=1)], None, 2, [5]),
        ([letter(1), letter(5, of=1)], None, 2, [5]),
        ([letter(1), redrive(1, 5), letter(5, of=1), redrive(5, 9, origin=1, number=2)], 9, 3, []),
        ([letter(1), redrive(1, 5), letter(5, of=1), redrive(1, 9, number=2), letter(9, of=1, number=2)], None, 3, [9]),
        ([letter(1), redrive(1, 5), redrive(1, 6), letter(6, of=1)], 5, 2, []),
        ([letter(1), letter(6, of=1), letter(5, of=1)], None, 2, [6]),
    ],
    ids=[
        "never sent again",
        "sent again",
        "sent again and died again",
        "died again, and the record of it is lost",
        "its second death sent again",
        "died three times",
        "sent twice by somebody who was killed, and one of them lives",
        "sent twice by somebody who was killed, and both died",
    ],
)
def test_what_may_be_sent_again(
    events: list[Letter | Redrive], pending: int | None, number: int, workable: list[int]
) -> None:
    letters = known(*events)
    first = letters.get(at(1))
    assert first is not None
    found = letters.pending(first)
    assert (found.address.offset if found else None) == pending
    assert letters.next_number(first) == number
    newest = letters.newest(LetterFilter())
    assert len(newest) == 1, "each frame once"
    assert [one.address.offset for one in newest if letters.pending(one) is None] == workable


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (LetterFilter(), [5, 3]),
        (LetterFilter(error="NotJpegError"), [3]),
        (LetterFilter(error="LethalFrameError"), [5]),
        (LetterFilter(since=T0 + timedelta(seconds=4)), [5]),
    ],
)
def test_of_a_frame_the_newest_letter_says_what_it_died_of(wanted: LetterFilter, expected: list[int]) -> None:
    """A frame that has killed its worker since is not sent again for what it died of before."""
    letters = known(letter(1), redrive(1, 5), letter(3), letter(5, of=1, error="LethalFrameError"))
    assert [one.address.offset for one in letters.newest(wanted)] == expected


@pytest.mark.parametrize("claimed", [10**9 - 1, 10**9, 2**63 - 1])
def test_a_claim_of_countless_sendings_does_not_keep_a_frame_from_being_sent(claimed: int) -> None:
    """Such a number fits into no record, and no reader of the frame's headers would believe it."""
    letters = known(letter(1), redrive(1, 5, number=claimed))
    first = letters.get(at(1))
    assert first
    number = letters.next_number(first)
    assert redrive(1, 6, number=number).number == number
    assert redriven_from_headers(Redriven(at(1), number).headers()) == Redriven(at(1), number)


def test_a_letter_knows_what_came_after_it() -> None:
    letters = known(letter(1), redrive(1, 5), letter(5, of=1), redrive(5, 9, origin=1, number=2))
    first, second = letters.get(at(1)), letters.get(at(5))
    assert first and second
    assert [sending.address.offset for sending in letters.later(first)] == [5, 9]
    assert letters.later(second) == [Sending(at(1), 2, at(9), at(5), T0)]
    assert (second.origin, second.number, first.origin, first.number) == (at(1), 1, at(1), 0)
    entry = LetterEntry.of(second, letters, {at(9): Fate.INFERRED})
    assert (entry.redrive_of, entry.redrive) == ("m/0/1", 1)
    assert [(one.address, one.letter, one.outcome) for one in entry.redrives] == [("m/0/9", "m/0/5", "inferred")]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (LetterFilter(), [3, 2, 1]),
        (LetterFilter(model="m"), [3, 2, 1]),
        (LetterFilter(model="other"), []),
        (LetterFilter(camera="yard"), [2]),
        (LetterFilter(error="HeaderError"), [3]),
        (LetterFilter(since=T0 + timedelta(seconds=2)), [3, 2]),
        (LetterFilter(camera="gate", error="NotJpegError"), [1]),
    ],
)
def test_letters_are_found_newest_first(wanted: LetterFilter, expected: list[int]) -> None:
    letters = known(letter(2, camera="yard"), letter(3, error="HeaderError"), letter(1))
    assert [one.address.offset for one in letters.matching(wanted)] == expected


def test_of_two_letters_for_one_frame_the_newer_counts() -> None:
    letters = known(letter(1, place=9, error="LethalFrameError"), letter(1, place=3))
    assert len(letters) == 1
    assert [one.error for one in letters.matching(LetterFilter())] == ["LethalFrameError"]


def test_only_the_newest_letters_are_kept() -> None:
    letters = known(*(letter(offset) for offset in range(1, 127)), keep=100)
    assert (len(letters), letters.forgotten) == (100, 26)
    assert letters.get(at(26)) is None
    assert letters.get(at(27)) is not None
    many = known(*(redrive(offset, offset + 1000) for offset in range(500)), keep=100)
    assert sum(len(many.sendings(at(offset))) for offset in range(500)) <= 125
    assert many.sendings(at(499))


@pytest.mark.parametrize(
    ("value", "text", "base64", "shown"),
    [
        (b"", "", None, "h: "),
        (None, None, None, "h: (null)"),
        ("é".encode(), "é", None, "h: é"),
        (b"\xff", None, "/w==", "h: base64 /w=="),
    ],
)
def test_a_header_in_json(value: bytes | None, text: str | None, base64: str | None, shown: str) -> None:
    entry = HeaderEntry.of("h", value)
    assert (entry.text, entry.base64, str(entry)) == (text, base64, shown)


def test_an_outcome_is_a_line() -> None:
    assert str(Outcome(at(1), Done.REDRIVEN, to=at(5), number=2)) == "redriven: m/0/1 to m/0/5 (number 2)"
    assert str(Outcome(at(1), Done.GONE, "why")) == "not redriven: m/0/1: why"


def test_what_another_model_was_asked_is_none_of_a_letters_redrives() -> None:
    asked = Redrive(address="n/0/5", camera="gate", letter=str(at(1)), origin=str(at(1)), number=1, time=T0)
    letters = known(letter(1), asked)
    dead = letters.newest(LetterFilter())[0]
    assert (letters.pending(dead), letters.later(dead), letters.next_number(dead)) == (None, [], 2)
    assert [sending.address.model for sending in letters.sendings(at(1))] == ["n"]
    elsewhere = letter(9, of=1)._replace(address=FrameAddress("n", 0, 9))
    letters.add(elsewhere)
    assert {one.address for one in letters.newest(LetterFilter())} == {at(1), elsewhere.address}
