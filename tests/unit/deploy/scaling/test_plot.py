from __future__ import annotations

from xml.etree import ElementTree

import pytest

from deploy.scaling.plot import plot

SVG = "{http://www.w3.org/2000/svg}"


def lines(text: str) -> list[list[tuple[float, float]]]:
    found = ElementTree.fromstring(text).iter(f"{SVG}polyline")
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in one.get("points", "").split())] for one in found
    ]


def test_panels_share_the_time_and_names_are_escaped() -> None:
    text = plot("a <b>", {"first": {"x & y": [(0, 0), (10, 2)]}, "second": {"x & y": [(0, 5), (20, 5)], "z": [(5, 1)]}})
    (rising, level, point) = lines(text)
    assert rising[0][0] == level[0][0]
    assert level[1][0] - level[0][0] == pytest.approx(2 * (rising[1][0] - rising[0][0]))
    assert rising[1][1] < rising[0][1]  # up is up
    assert len(point) == 1
    words = [one.text for one in ElementTree.fromstring(text).iter(f"{SVG}text")]
    assert {"a <b>", "x & y", "first", "second", "z"} <= set(words)


def test_level_stretches_have_only_their_corners() -> None:
    (line,) = lines(plot("t", {"p": {"n": [(float(t), 1 if t < 50 else 2) for t in range(100)]}}))
    assert len(line) == 4


def test_nothing_is_a_figure_as_well() -> None:
    ((first, last),) = lines(plot("t", {"p": {}, "q": {"n": [(0, 0), (1, 0)]}}))
    assert first[1] == last[1]
    assert first[0] < last[0]
