"""How far INT8 must agree with float32 before it may be the default; no catalogue entry changes this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from processors.accuracy.agreement import Agreement, Counts

ALL: Final = 0.92
"""Recall and precision over all labels together."""
LABELS: Final[Mapping[str, float]] = {"person": 0.97, "face": 0.97}
"""The same of single labels, for whichever of them the frames show."""
LEAST: Final = 50
"""Fewer detections of float32 in all frames show nothing."""


def breaches(found: Agreement) -> tuple[str, ...]:
    """What speaks against the tier, a sentence each; nothing where it is within the bounds."""
    seen = found.all.reference
    if seen < LEAST:
        return (f"float32 has {seen} detections in the held-out frames; expected {LEAST} or more to compare with",)
    said = list(_below("all labels", found.all, ALL))
    for label, bound in LABELS.items():
        if label in found.labels:
            said += _below(label, found.labels[label], bound)
    return tuple(said)


def _below(label: str, counts: Counts, bound: float) -> list[str]:
    measured = {"recall": counts.recall, "precision": counts.precision}
    return [
        f"{label}: {name} {value:.3f} against float32; expected {bound} or more"
        for name, value in measured.items()
        if value is not None and value < bound
    ]
