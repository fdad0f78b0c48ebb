"""One cluster for all of the tests: what they share, what is kept of it, and the last line that says if it ran."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest

from schemas.errors import FramebusError
from schemas.settings import Settings
from tests.chaos.network import write_network
from tests.chart.helm import HELM, Helm
from tests.cluster.binaries import Binaries
from tests.cluster.recorder import Recorder
from tests.cluster.release import Release
from tests.cluster.replay import RECORDED
from tests.cluster.system import IDLE, LAGGED, PACED, STEADY, System, entry, prometheus_values
from tests.cluster.timeline import FIGURE, figure
from tests.cluster.world import BUILD, World
from tests.cluster.world import PACED as PACED_FAMILY
from tests.debian import lacking
from tests.go_tools import find_tool
from tests.leaks import LEAKS

RELEASE: Final = "framebus"
SYNC_S: Final = 5.0
"""How often the autoscaler looks; by default it is 15."""
_FOUND: Final[list[tuple[Binaries, Path]]] = []
_STATE: Final = {"said": "skipped: no test was run"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="keep the run from zero and back in recorded/ and docs/")


def pytest_configure() -> None:
    """Install the family of declared pace in this process too: who reads the catalogue must know it."""
    sys.path.append(str(PACED_FAMILY))


def pytest_unconfigure() -> None:
    """The last line."""
    sys.stdout.write(f"{_STATE['said']}\n")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the programs ready before the first test: to build them takes longer than a test may."""
    if session.config.option.collectonly or not session.items:
        return
    cache = Settings().cache_dir
    try:
        _FOUND.append((Binaries.find(cache, progress=_say), find_tool(HELM, cache, progress=_say)))
    except FramebusError as error:
        _STATE["said"] = f"skipped: {error}"


def _say(label: str, done: int, total: int | None) -> None:
    sys.stderr.write(f"{'built' if done == total else 'building, which takes minutes'}: {label}\n")


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    if not _FOUND:
        lacking(_STATE["said"])
    _STATE["said"] = "ran"
    return _FOUND[0][0]


@pytest.fixture(scope="session")
def helm(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(_FOUND[0][1], tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def world(binaries: Binaries) -> Iterator[World]:
    folder = BUILD / "run"
    shutil.rmtree(folder, ignore_errors=True)
    with World(folder, binaries, sync_s=SYNC_S) as world:
        yield world
    LEAKS.scan([world.processes.logs])


@pytest.fixture(scope="session")
def system(world: World, helm: Helm) -> Iterator[System]:
    """The chart with four models, of which one keeps only its lag as a trigger."""
    network = write_network(world.folder / "network.xml")
    values: dict[str, Any] = {
        "kafka": {"bootstrapServers": world.kafka.bootstrap_servers},
        "scaling": {"prometheus": prometheus_values(world, RELEASE)},
        "models": [
            entry(name, network, least=least) for name, least in ((PACED, 0), (STEADY, 1), (IDLE, 0), (LAGGED, 0))
        ],
    }
    release = Release(helm, world.client, RELEASE, world.folder / RELEASE, values)
    catalogue = release.install()
    (by_lag,) = [one for one in release.scaled_object(LAGGED)["spec"]["triggers"] if one["name"] == "lag"]
    release.change_scaled_object(LAGGED, {"spec": {"triggers": [by_lag]}})
    settings = Settings(bootstrap_servers=world.kafka.bootstrap_servers, catalogue=release.folder / "catalogue.yaml")
    deployments = {model: release.deployment(model) for model in (PACED, STEADY, IDLE, LAGGED)}
    with Recorder(world.client, settings, catalogue, deployments, RELEASE) as recorder:
        system = System(world, release, settings, catalogue, recorder)
        try:
            yield system
        finally:
            _keep(system)


def _keep(system: System) -> None:
    """Write what was seen."""
    BUILD.mkdir(parents=True, exist_ok=True)
    models = {model: [asdict(one) for one in system.recorder.samples(model)] for model in (PACED, STEADY, IDLE, LAGGED)}
    document = {"events": system.recorder.events, "samples": models}
    (BUILD / "timeline.json").write_text(json.dumps(document))


@pytest.fixture(scope="session")
def keep(request: pytest.FixtureRequest) -> Callable[[dict[str, Any]], None]:
    """Keep a recorded run and its figure in `build/cluster`, and with `--record` where both are committed."""
    folders = [(BUILD, BUILD)] + [(RECORDED.parent, FIGURE.parent)] * bool(request.config.getoption("--record"))

    def keep_in(recorded: dict[str, Any]) -> None:
        for data, images in folders:
            (data / RECORDED.name).write_text(json.dumps(recorded) + "\n")
            (images / FIGURE.name).write_text(figure(recorded))

    return keep_in
