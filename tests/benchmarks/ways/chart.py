"""The benchmark's figure: bars of frames a second and of CPU time, as SVG of a few hundred bytes and no library."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

_BAR: Final = 20
_STEP: Final = 28
_LABELS: Final = 110
_WIDTH: Final = 260
_COLOURS: Final = {"worker": "#2a7de1"}
_OTHER: Final = "#9aa7b5"


def chart(title: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """Groups of bars side by side, each with a scale of its own: `{"frames a second": {"limit": 150.0, …}, …}`."""
    names = list(dict.fromkeys(name for values in groups.values() for name in values))
    panel = _LABELS + _WIDTH + 60
    width, height = panel * len(groups), 64 + _STEP * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="8" y="20" font-size="14" font-weight="bold" fill="#1b2733">{escape(title)}</text>',
    ]
    for place, (group, values) in enumerate(groups.items()):
        parts += _panel(place * panel, group, values)
    return "\n".join([*parts, "</svg>\n"])


def _panel(left: int, group: str, values: Mapping[str, float]) -> list[str]:
    most = max(values.values())
    parts = [f'<text x="{left + _LABELS}" y="42" fill="#52606d">{escape(group)}</text>']
    for row, (name, value) in enumerate(values.items()):
        top = 52 + row * _STEP
        length = max(1, round(_WIDTH * value / most))
        colour = _COLOURS.get(name, _OTHER)
        parts += [
            f'<text x="{left + _LABELS - 8}" y="{top + 14}" text-anchor="end" fill="#1b2733">{escape(name)}</text>',
            f'<rect x="{left + _LABELS}" y="{top}" width="{length}" height="{_BAR}" fill="{colour}"/>',
            f'<text x="{left + _LABELS + length + 6}" y="{top + 14}" fill="#1b2733">{value:.1f}</text>',
        ]
    return parts
