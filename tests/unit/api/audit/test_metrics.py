from __future__ import annotations

from collections import Counter

from prometheus_client import CollectorRegistry

from api.audit.metrics import CAMERA_LIMIT, OTHER, STATES, LedgerMetrics
from schemas.ledger import UNCOUNTED_CAMERA, Account, Balance
from schemas.names import IDENTIFIER, Metric

MODEL = "object-detection"
ACCOUNT = Account(
    captured=9, dropped=Counter({"superseded": 2, "too-large": 1}), delivered=6, inferred=5, unexplained=1
)


def shown(balance: Balance) -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = LedgerMetrics()
    registry.register(metrics)
    assert registry.get_sample_value(Metric.LEDGER_REPEATS) is None, "nothing before the first audit"
    metrics.show(balance, (MODEL, "face-detection"), at=1234.5)
    return registry


def test_every_term_of_the_ledger_has_a_series() -> None:
    uncounted = {MODEL: Account(delivered=3, inferred=1, unexplained=2)}
    registry = shown(Balance({("gate", MODEL): ACCOUNT}, uncounted, (), conflicts=4, repeats=5, malformed_count=6))

    def frames(camera: str, state: str) -> float | None:
        labels = {"camera": camera, "model": MODEL, "state": state}
        return registry.get_sample_value(Metric.LEDGER_FRAMES, labels)

    expected = {"captured": 9, "dropped": 3, "delivered": 6, "inferred": 5, "unexplained": 1}
    assert {state: frames("gate", state) for state in STATES} == dict.fromkeys(STATES, 0) | expected
    assert (frames(UNCOUNTED_CAMERA, "delivered"), frames(UNCOUNTED_CAMERA, "inferred")) == (3, 1)
    unexplained = [
        registry.get_sample_value(Metric.LEDGER_UNEXPLAINED, {"model": model}) for model in (MODEL, "face-detection")
    ]
    assert unexplained == [3, 0]
    names = (Metric.LEDGER_CONFLICTS, Metric.LEDGER_REPEATS, Metric.LEDGER_MALFORMED, Metric.LEDGER_TIME)
    assert [registry.get_sample_value(name) for name in names] == [4, 5, 6, 1234.5]


def test_the_states_are_those_of_an_account() -> None:
    assert set(STATES) == set(Account.__dataclass_fields__)


def captured(registry: CollectorRegistry, camera: str, model: str = MODEL) -> float | None:
    labels = {"camera": camera, "model": model, "state": "captured"}
    return registry.get_sample_value(Metric.LEDGER_FRAMES, labels)


def test_labels_are_bounded_by_cameras_and_not_by_their_models() -> None:
    accounts = {
        (f"camera-{number:04}", model): Account(captured=1)
        for number in range(CAMERA_LIMIT + 7)
        for model in (MODEL, "face-detection")
    }
    registry = shown(Balance(accounts, {}, (), conflicts=0, repeats=0))
    assert [captured(registry, OTHER, model) for model in (MODEL, "face-detection")] == [7, 7]
    assert captured(registry, f"camera-{CAMERA_LIMIT - 1:04}") == 1
    assert captured(registry, f"camera-{CAMERA_LIMIT:04}") is None
    (family,) = [family for family in registry.collect() if family.name == Metric.LEDGER_FRAMES]
    assert len(family.samples) == 2 * (CAMERA_LIMIT + 1) * len(STATES)


def test_a_camera_that_is_called_other_is_not_summed_with_the_rest() -> None:
    names = ["other", *(f"camera-{number:04}" for number in range(CAMERA_LIMIT - 1)), "the-last", "zoo"]
    registry = shown(Balance({(name, MODEL): Account(captured=1) for name in names}, {}, (), conflicts=0, repeats=0))
    assert (captured(registry, "other"), captured(registry, OTHER)) == (1, 2)
    assert IDENTIFIER.fullmatch("other")
    assert not IDENTIFIER.fullmatch(OTHER)
    assert not IDENTIFIER.fullmatch(UNCOUNTED_CAMERA)
