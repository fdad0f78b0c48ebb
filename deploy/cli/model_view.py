"""How a model is shown to people: its entry, and a line for each tier that was measured."""

from __future__ import annotations

from typing import Any

from deploy.cli.console import out, print_long, table
from processors.samples.tiers import Measured, Share, TierMeasure
from schemas.catalogue import Model, Precision


def show_entry(model: Model) -> None:
    """The entry's fields, a line each; those with fields of their own with a dot between them."""
    print_long(table(("field", "value"), _fields(model.model_dump(mode="json"))))


def show_tiers(model: Model, measured: Measured) -> None:
    """A line for each tier: its rate, and how its detections agree with those of float32."""
    labels = _shown_labels(measured)
    heads = ("all labels", *labels)
    columns = ("tier", "frames/s", "ms", *(f"{head} {part}" for head in heads for part in ("recall", "precision")))
    rows = [
        (tier.value, f"{one.fps:.0f}", f"{one.ms:.1f}", *_agreement(one, labels, reference=tier is Precision.F32))
        for tier, one in measured.tiers.items()
    ]
    print_long(table(columns, rows, right=columns[1:]))
    for line in _said(model, measured):
        out.print(line, markup=False, soft_wrap=True)


def _fields(entry: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in entry.items():
        if name == "labels" and isinstance(value, dict):
            rows.append((name, ", ".join(f"{number} {label}" for number, label in value.items())))
        elif isinstance(value, dict) and value:
            rows += _fields(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return rows


def _shown_labels(measured: Measured) -> list[str]:
    """The labels that float32 saw most of; more would not fit a line, and --json has them all."""
    seen = measured.tiers[Precision.F32].labels
    if len(seen) == 1:
        return []
    return sorted(seen, key=lambda label: -seen[label].reference)[:2]


def _agreement(one: TierMeasure, labels: list[str], *, reference: bool) -> list[str]:
    if reference:
        return ["-"] * (2 + 2 * len(labels))
    nothing = Share(reference=0, recall=None, precision=None)
    shares = [one.all, *(one.labels.get(label, nothing) for label in labels)]
    return [_share(value) for share in shares for value in (share.recall, share.precision)]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _said(model: Model, measured: Measured) -> list[str]:
    seen = measured.tiers[Precision.F32].all.reference
    of_cpu = " of one core" if model.device == "CPU" else ""
    lines = [
        f"measured on {measured.cpu}, {measured.cores} cores, {measured.at:%Y-%m-%d %H:%M} UTC: frames/s is "
        f"what {model.device} can infer if it does nothing else, ms what a frame takes{of_cpu}",
        f"recall and precision against float32, by {seen} detections in {measured.held_out_frames} frames that did not "
        f"go into INT8 ({measured.calibration_frames} others did): {measured.source}",
    ]
    if model.precision is not Precision.AUTO:
        lines.append(f"runs in {model.precision}: the entry asks for it")
    elif measured.default is Precision.INT8:
        lines.append("runs in int8: the fastest, and within the bounds of accuracy")
    else:
        lines += [f"runs in {measured.default}, and not in int8:", *(f"  {reason}" for reason in measured.against)]
    return lines
