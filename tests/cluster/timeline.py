"""What was recorded of one model as a document: a trace that `framebus simulate --trace` reads, and what ruled it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Final

from deploy.scaling.plot import plot
from deploy.scaling.timeline import Steps
from tests.cluster.recorder import Sample
from tests.cluster.replay import replays
from tests.cluster.system import FPS, PARTITIONS, System
from tests.cluster.world import ROOT

FIGURE: Final = ROOT / "docs" / "images" / "scaling-on-a-cluster.svg"
WINDOW_S: Final = 20.0
"""Of the arrival rate, as `values.yaml` has it."""


def document(system: System, model: str, since: float) -> dict[str, Any]:
    """The samples of a model and the events from `since` on, in seconds from the first, and what ruled meanwhile."""
    spec = system.release.scaled_object(model)["spec"]
    samples = system.recorder.samples(model, since=since)
    first = samples[0].t
    return {
        "fps": FPS,
        "partitions": PARTITIONS,
        "start_s": round(start_s(samples), 1),
        "sync_s": system.world.plane.sync_s,
        "window_s": WINDOW_S,
        "scrape_s": system.world.prometheus.scrape_s,
        "polling_s": spec["pollingInterval"],
        "cooldown_s": spec["cooldownPeriod"],
        "behavior": spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
        "events": [[round(at - first, 2), event] for at, event in system.recorder.events if at >= since],
        "samples": [{**asdict(one), "t": round(one.t - first, 2)} for one in samples],
    }


def start_s(samples: Sequence[Sample]) -> float:
    """How long it took in the mean from the decision for more replicas to the moment when all were ready."""
    took: list[float] = []
    wanted_at: float | None = None
    for before, here in pairwise(samples):
        if here.replicas > before.replicas and wanted_at is None:
            wanted_at = here.t
        if wanted_at is not None and here.ready >= here.replicas:
            took.append(here.t - wanted_at)
            wanted_at = None
    return sum(took) / len(took) if took else 0.0


def figure(recorded: dict[str, Any]) -> str:
    """The recorded run as SVG, with what the simulator makes of its arrivals."""
    samples = recorded["samples"]
    nearest, *_, farthest = replays(recorded)

    def line(name: str) -> Steps:
        return [(one["t"], one[name]) for one in samples]

    return plot(
        "0 → 1 → many → 0 on a real control plane",
        {
            "frames a second that arrive": {"arrivals": line("arrival_fps")},
            "replicas": {
                "simulated, farthest": farthest,
                "simulated, nearest": nearest,
                "ready": line("ready"),
                "decided on": line("replicas"),
            },
            "frames that wait (lag)": {"lag": line("lag")},
        },
    )
