from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.log.cursor import LONGEST, Cursor, CursorError

OFFSETS = st.integers(0, 2**63 - 1)
LOGS = st.tuples(st.sampled_from(["results.a", "results.b", "skips"]), st.integers(0, 40))
QUESTIONS = st.dictionaries(st.sampled_from(["camera", "label", "min_score"]), st.text(max_size=20) | st.floats(0, 1))


@settings(deadline=None)
@given(st.dictionaries(LOGS, OFFSETS), OFFSETS, st.none() | OFFSETS, QUESTIONS)
def test_a_cursor_says_what_it_said(
    positions: dict[tuple[str, int], int], since: int, until: int | None, question: dict[str, str | float]
) -> None:
    cursor = Cursor(positions, since, until, question)
    text = cursor.encode()
    assert Cursor.decode(text) == cursor
    assert text.replace("-", "").replace("_", "").replace(".", "").isalnum()


def test_a_thousand_partitions_fit_into_an_address() -> None:
    positions = {
        (f"framebus.results.model-{number % 100}", number // 100): 10**8 + 7**9 * number for number in range(1200)
    }
    assert len(Cursor(positions).encode()) < LONGEST


def packed(form: Any) -> str:
    return "1." + base64.urlsafe_b64encode(zlib.compress(json.dumps(form).encode())).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.",
        "1.?",
        "0." + Cursor({}).encode()[2:],
        Cursor({("a", 0): 1}).encode()[:-5],
        packed([]),
        packed([{}, 0, None, {}, 1]),
        packed([{"a": [-2]}, 0, None, {}]),
        packed([{"a": [2**63]}, 0, None, {}]),
        packed([{"a": ["x"]}, 0, None, {}]),
        packed([{}, -1, None, {}]),
        packed([{}, 0, None, {"camera": ["gate"]}]),
        packed([{"a": [0] * 20_001}, 0, None, {}]),
        packed("a" * 1_000_000),
        "1." + base64.urlsafe_b64encode(zlib.compress(b"[" * 200_000)).decode(),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorError, match=r"^cursor "):
        Cursor.decode(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_does_harm(text: str) -> None:
    for one in (text, f"1.{text}"):
        try:
            Cursor.decode(one)
        except CursorError:
            continue


@pytest.mark.parametrize("given", [{}, {"camera": "gate"}, {"min_score": 0.5}, {"camera": "gate", "min_score": 0.5}])
def test_the_same_question_may_be_repeated(given: dict[str, str | float]) -> None:
    Cursor({}, question={"camera": "gate", "min_score": 0.5}).check(given)


@pytest.mark.parametrize("given", [{"camera": "yard"}, {"model": "pose"}, {"min_score": 0.6}])
def test_another_question_is_refused(given: dict[str, str | float]) -> None:
    with pytest.raises(CursorError, match=f"^{next(iter(given))} = .*: the cursor was given for"):
        Cursor({}, question={"camera": "gate", "min_score": 0.5}).check(given)
