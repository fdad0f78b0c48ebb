"""Sender and outcome of neighbouring offsets, in one number each: what is counted and folded in one go."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.ledger.outcome import Outcome
from schemas.ledger.remainder import Run

OUTCOMES: Final = len(Outcome)
HOLE: Final = 2**32 - 1
"""The key of an offset that is settled, and counted elsewhere."""

Keys = npt.NDArray[np.uint32]
"""Of each offset its sender times `OUTCOMES` plus its outcome, or `HOLE`."""
Tally = Counter[tuple[int, int]]
"""Frames by (sender, outcome)."""


def keys_of(senders: npt.NDArray[np.uint16], outcomes: npt.NDArray[np.uint8]) -> Keys:
    """The keys of offsets with these senders and outcomes; a copy."""
    keys: Keys = senders.astype(np.uint32)
    keys *= OUTCOMES
    keys += outcomes
    return keys


def tally_of(keys: Keys) -> Tally:
    """How many there are of each (sender, outcome)."""
    counts = np.bincount(keys[keys != HOLE]) if len(keys) else np.zeros(0, np.int64)
    return Counter({divmod(int(key), OUTCOMES): int(counts[key]) for key in np.flatnonzero(counts)})


def unsettled(keys: Keys) -> npt.NDArray[np.bool_]:
    """Which of them lack a sender or an outcome."""
    found: npt.NDArray[np.bool_] = ((keys < OUTCOMES) | (keys % OUTCOMES == 0)) & (keys != HOLE)
    return found


def count_runs(keys: Keys, wanted: npt.NDArray[np.bool_]) -> int:
    """How many runs the wanted ones are."""
    places = np.flatnonzero(wanted)
    return len(_breaks(places, keys)) + 1 if len(places) else 0


def runs_of(first: int, keys: Keys, wanted: npt.NDArray[np.bool_]) -> list[Run]:
    """The wanted ones as runs, of keys that begin at the offset `first`."""
    places = np.flatnonzero(wanted)
    if not len(places):
        return []
    breaks = _breaks(places, keys)
    firsts = places[np.concatenate(([0], breaks + 1))]
    lasts = places[np.concatenate((breaks, [len(places) - 1]))]
    return [
        Run(first + int(begin), first + int(end), *divmod(int(keys[begin]), OUTCOMES))
        for begin, end in zip(firsts, lasts, strict=True)
    ]


def _breaks(places: npt.NDArray[np.intp], keys: Keys) -> npt.NDArray[np.intp]:
    """Which of `places` are the last of a run, but for the very last."""
    return np.flatnonzero((np.diff(places) != 1) | (np.diff(keys[places].astype(np.int64)) != 0))
