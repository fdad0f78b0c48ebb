"""The ledger's own terms for Prometheus: what an alert on `unexplained` needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.metrics import REGISTRY
from schemas.ledger import UNCOUNTED_CAMERA, Balance
from schemas.names import Metric

CAMERA_LIMIT: Final = 500
"""How many cameras get a label of their own, the first by name; the rest share `OTHER`."""
OTHER: Final = "(other)"
"""No camera can be called so."""
STATES: Final = (
    "captured",
    "cropped",
    "redriven",
    "dropped",
    "delivered",
    "failed",
    "unknown",
    "inferred",
    "dead",
    "stale",
    "other",
    "expired",
    "in_log",
    "gone",
    "unexplained",
)


class LedgerMetrics(Collector):
    """Shows one balance as a whole, so that its equations hold in every scrape; nothing before the first audit.

    Gauges: frames that were unknown or in the log are elsewhere later.
    """

    def __init__(self) -> None:
        self._shown: tuple[Balance, tuple[str, ...], float] | None = None

    def show(self, balance: Balance, models: Iterable[str], *, at: float) -> None:
        """From now on the balance of all `models` at the time `at`, in seconds since the epoch."""
        self._shown = balance, tuple(models), at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What a scrape gives."""
        if self._shown is None:
            return
        balance, models, at = self._shown
        labels = ("camera", "model", "state")
        frames = GaugeMetricFamily(Metric.LEDGER_FRAMES, "Frames of the ledger by where they are", labels=labels)
        for (camera, model, state), number in _frames(balance).items():
            frames.add_metric((camera, model, state), number)
        yield frames
        unexplained = GaugeMetricFamily(
            Metric.LEDGER_UNEXPLAINED, "Frames that the ledger cannot explain: expected to be 0", labels=("model",)
        )
        for model, number in _unexplained(balance, models).items():
            unexplained.add_metric((model,), number)
        yield unexplained
        for name, text, value in (
            (
                Metric.LEDGER_MALFORMED,
                "Records that the audit could not read: expected to be 0",
                balance.malformed_count,
            ),
            (Metric.LEDGER_REPEATS, "Outcomes that were recorded again", balance.repeats),
            (Metric.LEDGER_CONFLICTS, "Outcomes that were recorded with another outcome", balance.conflicts),
            (Metric.LEDGER_TIME, "When the ledger was audited", at),
        ):
            yield GaugeMetricFamily(name, text, value)


def _frames(balance: Balance) -> Counter[tuple[str, str, str]]:
    cameras = sorted({camera for camera, _ in balance.accounts})
    labelled = {UNCOUNTED_CAMERA, *cameras[:CAMERA_LIMIT]}
    frames: Counter[tuple[str, str, str]] = Counter()
    for camera, model, account in balance.rows():
        label = camera if camera in labelled else OTHER
        for state in STATES:
            value = sum(account.dropped.values()) if state == "dropped" else getattr(account, state)
            frames[label, model, state] += value
    return frames


def _unexplained(balance: Balance, models: Iterable[str]) -> Counter[str]:
    frames = Counter(dict.fromkeys(models, 0))
    for _, model, account in balance.rows():
        frames[model] += account.unexplained
    return frames


LEDGER: Final = LedgerMetrics()
REGISTRY.register(LEDGER)
