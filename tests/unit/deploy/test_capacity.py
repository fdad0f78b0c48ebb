from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.local.capacity import SHARE, affordable_fps, cpu_seconds
from processors.samples.tiers import Tier
from schemas.catalogue import Catalogue, Precision
from schemas.messages import Camera

BUDGET = SHARE * (os.cpu_count() or 1)


def cameras(**models: str) -> tuple[Camera, ...]:
    return tuple(Camera(id=name, source="0", models=tuple(given.split())) for name, given in models.items())


@pytest.mark.parametrize(
    ("native", "models", "cost", "expected"),
    [
        pytest.param({"a": 10}, {"a": "m"}, {"m": BUDGET / 10}, None, id="just fits"),
        pytest.param({"a": 20}, {"a": "m"}, {"m": BUDGET / 10}, 10, id="half its rate"),
        pytest.param({"a": 20, "b": 20}, {"a": "m", "b": "m"}, {"m": BUDGET / 10}, 5, id="shared evenly"),
        pytest.param({"a": 20, "b": 2}, {"a": "m", "b": "m"}, {"m": BUDGET / 10}, 8, id="a slow one leaves its rest"),
        pytest.param({"a": 20}, {"a": "m n"}, {"m": BUDGET / 20, "n": BUDGET / 20}, 10, id="two models, both paid"),
        pytest.param(
            {"a": 30, "b": 4, "c": 1},
            {"a": "m", "b": "m", "c": "m"},
            {"m": BUDGET / 10},
            5,
            id="slow ones of two speeds",
        ),
    ],
)
def test_the_common_rate_fills_the_share_and_no_more(
    native: dict[str, float], models: dict[str, str], cost: dict[str, float], expected: float | None
) -> None:
    found = affordable_fps(native, cameras(**models), cost)
    assert found == (None if expected is None else pytest.approx(expected))


def test_what_was_measured_of_a_tier_is_not_measured_again(tmp_path: Path) -> None:
    tier = Tier(tmp_path / "network.xml", Precision.INT8, "as asked", ms=5.5)
    assert cpu_seconds(Catalogue().get("face-detection"), tier, tmp_path) == 0.0055
    assert list(tmp_path.iterdir()) == []
