"""The metrics that a PromQL expression names."""

from __future__ import annotations

import re

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ASIDE = re.compile(
    r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)|\bgroup_(?:left|right)\b"
)
"""Labels and windows: nothing in them is a metric."""
_NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")
_WORDS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan"})


def metrics_in(expression: str) -> set[str]:
    """The names of its metrics, recorded ones included."""
    bare = _ASIDE.sub(" ", _STRING.sub(" ", expression))
    return {name for name in _NAME.findall(bare) if name.lower() not in _WORDS}
