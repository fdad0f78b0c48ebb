"""The ids of events: what goes in comes out, what was changed is refused, and they stay short."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.stream.ids import MOST_CHARACTERS, UNKNOWN, EventId, EventIdError, Positions, mark

HERE, THERE = mark("here"), mark("there")
MODELS = ("cars", "people", "pose")
offsets = st.lists(st.integers(0, 2**63 - 1), max_size=40)
ALPHABET = string.ascii_letters + string.digits + "-_."


def made(**topics: list[int]) -> Positions:
    positions = Positions(HERE)
    for model, each in topics.items():
        positions.put(model, mark(f"id of {model}"), each)
    return positions


@given(cars=offsets, people=offsets)
def test_what_an_id_says_is_what_was_put_in(cars: list[int], people: list[int]) -> None:
    positions = made(cars=cars, people=people)
    text = positions.encode()
    if len(text) <= MOST_CHARACTERS:
        assert sorted(EventId.parse(text).positions(HERE, MODELS, None)) == sorted(positions)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 2**40)), max_size=60))
def test_an_id_after_every_step_is_that_of_positions_made_at_once(steps: list[tuple[int, int]]) -> None:
    positions, plain = made(cars=[0] * 5), [0] * 5
    for partition, offset in steps:
        positions.advance("cars", partition, offset)
        plain[partition] = offset
        assert positions.encode() == made(cars=plain).encode()
        assert positions.copy().encode() == positions.encode()


def test_positions_of_one_model_are_in_the_ids_of_its_stream_alone() -> None:
    both = made(cars=[1, 2], people=[3])
    one = EventId.parse(both.encode("people"))
    assert list(one.positions(HERE, MODELS, "people")) == [("people", 0, 3)]
    for model in (None, "cars"):
        with pytest.raises(EventIdError, match=r"is of one model's stream, and not of (all models|cars)"):
            one.positions(HERE, MODELS, model)
    # Who had all of them may ask for one.
    assert list(EventId.parse(both.encode()).positions(HERE, MODELS, "cars")) == [("cars", 0, 1), ("cars", 1, 2)]


def test_a_model_that_is_gone_is_left_out_and_one_that_has_come_is_not_known() -> None:
    known = EventId.parse(made(cars=[1], gone=[2]).encode()).positions(HERE, MODELS, None)
    assert list(known) == [("cars", 0, 1)]
    assert known.incarnation("cars") == mark("id of cars")
    assert (known.incarnation("people"), known.next("people", 0), known.next("cars", 1)) == (None, UNKNOWN, UNKNOWN)


def test_another_installations_id_is_refused() -> None:
    with pytest.raises(EventIdError, match="of another installation"):
        EventId.parse(made(cars=[1]).encode()).positions(THERE, MODELS, None)


@given(st.data())
def test_an_id_that_was_changed_is_refused(data: st.DataObject) -> None:
    text = made(cars=[5, 700, 2**40], people=[0]).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    what = data.draw(st.sampled_from(["cut", "change", "insert"]))
    letter = data.draw(st.sampled_from(ALPHABET))
    changed = {
        "cut": text[:at],
        "change": text[:at] + letter + text[at + 1 :],
        "insert": text[:at] + letter + text[at:],
    }[what]
    if changed != text and not (at == len(text) - 1 and what == "change"):  # some of the last letter's bits say nothing
        with pytest.raises(EventIdError, match="expected one that this stream has sent"):
            EventId.parse(changed)


@pytest.mark.parametrize(
    "text", ["1", "1.", "2.AAAA", "object-detection/0/7", "1.\u00e9", "1.AAAA", "1." + "A" * 6000, "\x00"]
)
def test_what_was_never_an_id_is_refused(text: str) -> None:
    with pytest.raises(EventIdError, match="expected one that this stream has sent"):
        EventId.parse(text)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda some: "1." + some.hex()))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        EventId.parse(text)
    except EventIdError as error:
        assert len(str(error)) < 400


def test_ids_are_short() -> None:
    five_models = {f"model-{number}": [1_000_000] * 12 for number in range(5)}
    assert len(made(**five_models).encode()) < 320
    assert len(made(one=[2**28] * 800).encode()) > MOST_CHARACTERS - 700
    assert len(made(one=[2**28] * 800).encode()) <= MOST_CHARACTERS
