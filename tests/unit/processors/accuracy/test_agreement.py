"""Matching by hand: small frames whose answer anybody can see."""

from __future__ import annotations

import pytest

from processors.accuracy.agreement import Agreement, Counts, Pair, agreement
from processors.accuracy.bounds import ALL, LABELS, LEAST, breaches
from schemas.messages import Detection


def at(x: float, label: str = "person", score: float = 0.9, *, width: float = 10) -> Detection:
    return Detection(label=label, score=score, box=(x, 0, x + width, 10))


FAR = 500
CASES: list[tuple[str, list[Pair], dict[str, tuple[int, int, int]]]] = [
    ("nothing at all", [((), ())], {}),
    ("the same box", [([at(0)], [at(0)])], {"person": (1, 1, 1)}),
    ("missed", [([at(0)], [])], {"person": (1, 0, 0)}),
    ("invented", [([], [at(0)])], {"person": (0, 1, 0)}),
    ("another label", [([at(0)], [at(0, "dog")])], {"person": (1, 0, 0), "dog": (0, 1, 0)}),
    ("IoU just below a half", [([at(0)], [at(3.4)])], {"person": (1, 1, 0)}),
    ("IoU just above a half", [([at(0)], [at(3.3)])], {"person": (1, 1, 1)}),
    ("IoU of exactly a half", [([at(0, width=10)], [at(0, width=20)])], {"person": (1, 1, 1)}),
    ("one box for two things", [([at(0), at(1)], [at(0)])], {"person": (2, 1, 1)}),
    ("two boxes for one thing", [([at(0)], [at(0), at(1)])], {"person": (1, 2, 1)}),
    ("each in its own frame", [([at(0)], [at(FAR)]), ([at(FAR)], [at(0)])], {"person": (2, 2, 0)}),
    ("sums over frames", [([at(0)], [at(0)]), ([at(FAR)], [])], {"person": (2, 1, 1)}),
    (
        "the surer one chooses first: it takes what the other overlaps more",
        [([at(0)], [at(1, score=0.6), at(3, score=0.8)])],
        {"person": (1, 2, 1)},
    ),
    (
        "each takes what it overlaps most, so that both find a partner",
        [([at(0), at(4)], [at(3, score=0.9), at(0, score=0.8)])],
        {"person": (2, 2, 2)},
    ),
]


@pytest.mark.parametrize(("frames", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_agreement(frames: list[Pair], expected: dict[str, tuple[int, int, int]]) -> None:
    assert agreement(frames).labels == {label: Counts(*counts) for label, counts in expected.items()}


def test_recall_and_precision_of_a_label_and_of_all() -> None:
    found = agreement([([at(0), at(FAR)], [at(0)]), ([at(0, "dog")], [at(0, "dog"), at(FAR, "dog")])])
    assert (found.labels["person"].recall, found.labels["person"].precision) == (0.5, 1.0)
    assert (found.labels["dog"].recall, found.labels["dog"].precision) == (1.0, 0.5)
    assert found.all == Counts(3, 3, 2)


def test_nothing_has_no_share() -> None:
    assert (Counts().recall, Counts().precision) == (None, None)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"person": Counts(1000, 1000, 970)}, []),
        ({"person": Counts(1000, 990, 969)}, ["person: recall 0.969 against float32; expected 0.97 or more"]),
        ({"face": Counts(990, 1000, 969)}, ["face: precision 0.969 against float32; expected 0.97 or more"]),
        ({"car": Counts(1000, 1000, 920)}, []),
        ({"car": Counts(1000, 920, 919)}, ["all labels: recall 0.919 against float32; expected 0.92 or more"]),
        # Nothing found at all has no precision, and a recall of 0.
        ({"car": Counts(1000, 0, 0)}, ["all labels: recall 0.000 against float32; expected 0.92 or more"]),
        # People hide nothing: a poor rest shows in all labels, and a poor label beside many good ones does not.
        ({"person": Counts(500, 500, 500), "car": Counts(500, 500, 330)}, ["all labels: recall", "all labels: precis"]),
        ({"person": Counts(900, 900, 900), "car": Counts(100, 100, 50)}, []),
        ({"person": Counts(49, 49, 49)}, ["float32 has 49 detections in the held-out frames; expected 50 or more"]),
        ({}, ["float32 has 0 detections"]),
    ],
)
def test_breaches_of_the_bounds(labels: dict[str, Counts], said: list[str]) -> None:
    found = breaches(Agreement(labels))
    assert len(found) == len(said)
    assert all(sentence.startswith(begin) for sentence, begin in zip(found, said, strict=True)), found


def test_the_bounds_are_those_that_were_promised() -> None:
    assert (ALL, dict(LABELS), LEAST) == (0.92, {"person": 0.97, "face": 0.97}, 50)
