"""The catalogue as values of the chart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import yaml

from schemas.catalogue import Model
from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.parse import REPLACES

_HEAD: Final = "# The chart's models, as `framebus model list -o helm` wrote them; -f with this file.\n"
_BUILTIN: Final = frozenset(model.name for model in BUILTIN)


def as_values(models: Iterable[Model]) -> str:
    """YAML with `models`, whole entries: what a release of ours calls by the same name later takes no part of them."""
    values = {"models": [_entry(model) for model in models]}
    written: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)
    return _HEAD + written


def _entry(model: Model) -> dict[str, Any]:
    entry = model.model_dump(mode="json", exclude_none=True)
    first = {"name": entry.pop("name")} | ({REPLACES: True} if model.name in _BUILTIN else {})
    return first | entry
