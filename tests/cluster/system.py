"""The chart's system in the cluster, and what the tests ask of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local.environment import environment_of
from deploy.scaling.rule import replicas_for
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.messages import Camera
from schemas.settings import Settings
from tests.cluster.kubernetes import Object
from tests.cluster.recorder import Recorder, Sample
from tests.cluster.release import Release
from tests.cluster.world import World, image
from tests.integration.streaming_kit import wait_until

FPS: Final = 5.0
"""The pace of one replica."""
PARTITIONS: Final = 6
PACED: Final = "paced"
STEADY: Final = "steady"
IDLE: Final = "idle"
LAGGED: Final = "lagged"
"""The models: one that is scaled, and others beside it that always, never, or by their lag alone have work."""
_PICTURE: Final = "pattern:160x120"
_AUDIT_S: Final = 60.0


def entry(name: str, network: Path, *, least: int) -> dict[str, Any]:
    """A catalogue entry of declared pace."""
    return {
        "name": name,
        "title": name,
        "family": "paced",
        "source": {"file": str(network)},
        "labels": {0: "scene"},
        "input": {"width": 32, "height": 24},
        "precision": "f32",
        "partitions": PARTITIONS,
        "replicas": {"min": least, "fps": FPS},
    }


def prometheus_values(world: World, namespace: str) -> dict[str, Any]:
    """What the chart is told of Prometheus, which sees more than one namespace."""
    return {"serverAddress": world.prometheus.url, "labels": {"namespace": namespace}}


@dataclass
class System:
    """What runs, and how to ask."""

    world: World
    release: Release
    settings: Settings
    catalogue: Catalogue
    recorder: Recorder

    def load(self, model: str, fps: float) -> None:
        """Let a model's camera give so many frames a second from now on, as `framebus camera edit` does."""
        camera = Camera(id=f"camera-{model}", source=_PICTURE, models=(model,), fps=fps or None, enabled=fps > 0)
        put_camera(self.settings, camera)
        self.recorder.mark(f"{model} {fps:g} fps")

    def last(self, model: str) -> Sample:
        """What was seen of a model last."""
        return self.recorder.samples(model)[-1]

    def await_replicas(self, model: str, least: int, most: int, *, deadline_s: float) -> float:
        """Wait until a model has so many replicas, all of them ready; the time, as samples count it."""

        def reached() -> bool:
            last = self.last(model)
            return least <= last.replicas <= most and last.ready == last.replicas

        self.wait(reached, deadline_s=deadline_s, what=f"{model} to have {least} to {most} replicas", model=model)
        return self.last(model).t

    def await_time(self, until: float) -> None:
        """Let things happen until then."""
        self.wait(lambda: self.recorder.now() >= until, deadline_s=until - self.recorder.now() + 30.0, what="time")

    def wait(self, condition: Callable[[], bool], *, deadline_s: float, what: str, model: str | None = None) -> None:
        """Wait for a condition; what was seen of `model` is told where it does not come."""
        try:
            wait_until(condition, deadline_s=deadline_s, what=what)
        except AssertionError as error:
            seen = (
                [(one.t, one.replicas, one.ready, one.lag) for one in self.recorder.samples(model)[-30::3]]
                if model
                else []
            )
            raise AssertionError(f"{error}; t, replicas, ready, lag: {seen}; logs: {self.world.folder}") from None

    def audit(self) -> subprocess.CompletedProcess[str]:
        """`framebus audit`."""
        command = [*image().entrypoint, "audit", "--json"]
        environ = {**image().environ, **environment_of(self.settings)}
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_AUDIT_S, check=False)

    def autoscaler(self, model: str) -> Object:
        """A model's horizontal pod autoscaler."""
        found = self.release.autoscaler(model)
        assert found is not None, f"{model} has no autoscaler"
        return found


def wanted(rate: float) -> int:
    """The replicas that the rule wants for an arrival that stays."""
    return replicas_for(rate, FPS)
