"""The bounded demo's report, and the conditions under which it passes; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypedDict

from deploy.local.tally import Pair, Tally, quantile
from schemas.ledger import Account, Balance

LEAST_SHARE: Final = 0.95
"""Of the delivered frames, how many must have been inferred."""


class Latency(TypedDict):
    """Milliseconds from capture to result; None without results."""

    p50: float | None
    p99: float | None


class Line(TypedDict):
    """One camera and model."""

    captured: int
    dropped: int
    delivered: int
    inferred: int
    skipped: int
    dead: int
    in_log: int
    unexplained: int
    fps: float
    latency_ms: Latency
    detections: int


class Report(TypedDict):
    """What the bounded demo writes as JSON: by camera, by model."""

    duration_s: float
    cameras: dict[str, dict[str, Line]]


def build(balance: Balance, tally: Tally, pairs: Iterable[Pair], *, window: tuple[float, float]) -> Report:
    """The report of a run whose measured time is the `window`, in seconds since the epoch."""
    cameras: dict[str, dict[str, Line]] = {}
    for camera, model in sorted(set(pairs) | set(balance.accounts)):
        account = balance.accounts.get((camera, model), Account())
        cameras.setdefault(camera, {})[model] = _line(account, tally, (camera, model), window)
    return {"duration_s": round(window[1] - window[0], 3), "cameras": cameras}


def failures(report: Report, balance: Balance, *, least_share: float = LEAST_SHARE) -> list[str]:
    """Why the run does not pass, one sentence for each condition that fails."""
    found = []
    for camera, models in report["cameras"].items():
        for model, line in models.items():
            conditions = {
                f"in_log = {line['in_log']}, expected 0": line["in_log"] == 0,
                f"inferred = {line['inferred']} of delivered = {line['delivered']}, expected {least_share:.0%}": (
                    line["delivered"] > 0 and line["inferred"] >= least_share * line["delivered"]
                ),
                f"detections = {line['detections']}, expected 1 or more": line["detections"] >= 1,
                f"unexplained = {line['unexplained']}, expected 0": line["unexplained"] == 0,
            }
            found += [f"{camera} {model}: {text}" for text, holds in conditions.items() if not holds]
    found += [str(entry) for entry in balance.unexplained]
    found += [str(record) for record in balance.malformed]
    return found


def _line(account: Account, tally: Tally, pair: Pair, window: tuple[float, float]) -> Line:
    stream = tally.stream(pair)
    return {
        "captured": account.captured,
        "dropped": sum(account.dropped.values()),
        "delivered": account.delivered,
        "inferred": account.inferred,
        "skipped": account.skipped,
        "dead": account.dead,
        "in_log": account.in_log,
        "unexplained": account.unexplained,
        "fps": round(tally.rate(pair, since=window[0], until=window[1]), 2),
        "latency_ms": {
            "p50": _milliseconds(quantile(stream.latencies, 0.5)),
            "p99": _milliseconds(quantile(stream.latencies, 0.99)),
        },
        "detections": stream.detections,
    }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
