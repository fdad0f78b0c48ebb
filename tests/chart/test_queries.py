"""What the rendered queries say of series, as Prometheus itself computes it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from schemas.names import Metric
from tests.chart.cases import LEAST, MODELS, PROMETHEUS
from tests.chart.helm import Helm

LEADER: Final = "object-detection"
FOLLOWER: Final = "pose"
CAPTURE_IS_SEEN: Final = {f'{Metric.BUILD_INFO}{{service="capture",instance="{one}"}}': "1x30" for one in "ab"}
TWO_CAMERAS: Final = {
    f'{Metric.DELIVERED}_total{{camera="door",model="{LEADER}"}}': "0+100x30",
    f'{Metric.DELIVERED}_total{{camera="yard",model="{LEADER}"}}': "0+50x30",
    f'{Metric.DELIVERED}_total{{camera="yard",model="face-detection"}}': "0+500x30",
}
CROPS: Final = {
    f'{Metric.CROPS}_total{{model="{LEADER}",follower="{FOLLOWER}",fate="delivered",instance="a"}}': "0+20x30",
    f'{Metric.CROPS}_total{{model="{LEADER}",follower="{FOLLOWER}",fate="delivered",instance="b"}}': "0+10x30",
    f'{Metric.CROPS}_total{{model="{LEADER}",follower="{FOLLOWER}",fate="too-small",instance="a"}}': "0+90x30",
}


def processed(**outcomes: int) -> Mapping[str, str]:
    """Series of a worker that ends so many frames in each outcome in 10 seconds."""
    return {
        f'{Metric.PROCESSED}_total{{model="{LEADER}",outcome="{outcome}"}}': f"0+{frames}x30"
        for outcome, frames in outcomes.items()
    }


@pytest.fixture(scope="module")
def queries(helm: Helm) -> dict[tuple[str, str], str]:
    """Each query by model and trigger."""
    ratio = {"scaling": {"ratio": {"enabled": True}}}
    return {
        (one["metadata"]["labels"]["framebus/model"], trigger["name"]): trigger["metadata"]["query"]
        for one in helm.template(LEAST, MODELS, PROMETHEUS, ratio)
        if one["kind"] == "ScaledObject"
        for trigger in one["spec"]["triggers"]
        if trigger["type"] == "prometheus"
    }


@pytest.mark.parametrize(
    ("model", "trigger", "series", "said"),
    [
        pytest.param(LEADER, "rate", TWO_CAMERAS | CAPTURE_IS_SEEN, 15, id="frames of all cameras of the model"),
        pytest.param(FOLLOWER, "rate", TWO_CAMERAS | CROPS, 3, id="crops of all workers of the leader"),
        pytest.param(LEADER, "rate", CAPTURE_IS_SEEN, 0, id="no camera has the model"),
        pytest.param(FOLLOWER, "rate", TWO_CAMERAS | CAPTURE_IS_SEEN, 0, id="its leader has no worker"),
        pytest.param(LEADER, "rate", {}, None, id="nothing is seen: a fault, and no 0"),
        pytest.param(LEADER, "ratio", processed(inferred=30, stale=0), 0, id="nothing is skipped"),
        pytest.param(LEADER, "ratio", processed(inferred=30, stale=1), 0, id="hardly anything is"),
        pytest.param(LEADER, "ratio", processed(inferred=30, stale=20, expired=10), 2, id="half is"),
        pytest.param(LEADER, "ratio", processed(inferred=0, stale=0), 0, id="nothing comes"),
        pytest.param(LEADER, "ratio", {}, 0, id="there is no worker"),
    ],
)
def test_a_query_has_one_value(
    queries: dict[tuple[str, str], str],
    promtool: Path,
    tmp_path: Path,
    model: str,
    trigger: str,
    series: Mapping[str, str],
    said: float | None,
) -> None:
    expected = [] if said is None else [{"labels": "{}", "value": said}]
    case = {
        "interval": "10s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": queries[model, trigger], "eval_time": "2m", "exp_samples": expected}],
    }
    file = tmp_path / "case.yaml"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "10s", "tests": [case]}))
    answer = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr
