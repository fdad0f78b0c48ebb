"""Timelines as a figure: panels of lines over time, as SVG of some kilobytes and no library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from html import escape
from itertools import pairwise
from typing import Final

from deploy.scaling.timeline import Steps

_WIDTH: Final = 720
_HEIGHT: Final = 130
_LEFT: Final = 56
_GAP: Final = 44
_TOP: Final = 56
_COLOURS: Final = ("#2a7de1", "#d9822b", "#3f9c6d", "#b04aa5", "#9aa7b5", "#c43d3d", "#1b2733")


def plot(title: str, panels: Mapping[str, Mapping[str, Steps]]) -> str:
    """Panels one below the other over the same time, each with a scale of its own.

    `panels` is `{"replicas": {"ours": [(0.0, 1), (15.0, 3), …], …}, …}`, times in seconds; one colour a name.
    """
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(names)}
    end = max((at for lines in panels.values() for points in lines.values() for at, _ in points), default=0.0)
    width, height = _LEFT + _WIDTH + 24, _TOP + len(panels) * (_HEIGHT + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="20" font-size="14" font-weight="bold" fill="#1b2733">{escape(title)}</text>',
        *_legend(colours),
    ]
    for place, (name, lines) in enumerate(panels.items()):
        parts += _panel(_TOP + place * (_HEIGHT + _GAP), name, lines, colours, end or 1.0)
    return "\n".join([*parts, "</svg>\n"])


def _legend(colours: Mapping[str, str]) -> Iterable[str]:
    left = _LEFT
    for name, colour in colours.items():
        yield f'<rect x="{left}" y="30" width="14" height="4" fill="{colour}"/>'
        yield f'<text x="{left + 20}" y="36" fill="#1b2733">{escape(name)}</text>'
        left += 44 + 7 * len(name)


def _panel(top: int, name: str, lines: Mapping[str, Steps], colours: Mapping[str, str], end: float) -> list[str]:
    most = _round_up(max((value for points in lines.values() for _, value in points), default=1.0))
    base = top + 18 + _HEIGHT
    parts = [f'<text x="{_LEFT}" y="{top + 12}" fill="#52606d">{escape(name)}</text>']
    for share in (0, 0.5, 1):
        at = base - share * _HEIGHT
        parts += [
            f'<line x1="{_LEFT}" y1="{at:.0f}" x2="{_LEFT + _WIDTH}" y2="{at:.0f}" stroke="#e4e8ec"/>',
            f'<text x="{_LEFT - 6}" y="{at + 4:.0f}" text-anchor="end" fill="#52606d">{share * most:g}</text>',
        ]
    for line, points in lines.items():
        places = " ".join(
            f"{_LEFT + _WIDTH * at / end:.1f},{base - _HEIGHT * value / most:.1f}" for at, value in _corners(points)
        )
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colours[line]}" stroke-width="1.5"/>')
    parts += [
        f'<text x="{_LEFT + _WIDTH * share:.0f}" y="{base + 14}" text-anchor="middle" fill="#52606d">'
        f"{share * end:.0f} s</text>"
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    return parts


def _corners(points: Steps) -> Iterable[tuple[float, float]]:
    """The points without those in the middle of a level stretch."""
    yield from points[:1]
    for before, (here, after) in zip(points, pairwise(points[1:]), strict=False):
        if not before[1] == here[1] == after[1]:
            yield here
    yield from points[1:][-1:]


def _round_up(value: float) -> float:
    """The next of 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 2, 3, 4, 5, 6, 8, 10) if value <= step * unit * (1 + 1e-9))
