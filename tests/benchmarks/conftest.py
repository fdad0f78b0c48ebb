"""What the benchmarks share: the model, in the precision that was asked for, topics of its own, and a last line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from deploy import topics
from deploy.catalogue import read_catalogue
from processors.samples.tiers import Tier, ready_tier
from schemas.catalogue import Catalogue, Model, Precision
from schemas.settings import Settings
from tests.benchmarks.ways.worker import catalogue_file

_LAST_LINES: Final = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--precision",
        type=Precision,
        default=None,
        help=f"one of {', '.join(Precision)}; without it, what a worker chooses by itself",
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say the figures in short when pytest has said everything else."""
    for line in config.stash.get(_LAST_LINES, []):
        print(line)  # noqa: T201


@pytest.fixture
def last_line(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Has a line printed as the last of the whole run."""
    return request.config.stash.setdefault(_LAST_LINES, []).append


@pytest.fixture
def model(request: pytest.FixtureRequest) -> Model:
    """Object detection; without `--precision` in the one that a worker chooses by itself."""
    built_in = Catalogue().get("object-detection")
    chosen: Precision | None = request.config.getoption("--precision")
    return built_in.model_copy(update={"precision": chosen}) if chosen else built_in


@pytest.fixture
def tier(model: Model, installed: Callable[[str], None]) -> Tier:
    """The network and the precision that a worker runs `model` in on this machine."""
    installed(model.name)
    return ready_tier(model, Settings().cache_dir)


@pytest.fixture
def with_topics(settings: Settings, model: Model, tmp_path: Path) -> Iterator[Callable[[str], Settings]]:
    """From a name to settings for topics of that name, as many partitions as users have, until the test ends."""
    if model != Catalogue().get(model.name):
        settings = settings.model_copy(update={"catalogue": catalogue_file(model, tmp_path)})
    catalogue = read_catalogue(settings)  # a worker needs the topics of who follows its model, too
    with ExitStack() as stack:

        def make(name: str) -> Settings:
            fresh = settings.model_copy(update={"prefix": f"{settings.prefix}{name}."})
            topics.apply(fresh, catalogue)
            stack.callback(topics.delete, fresh, catalogue)
            return fresh

        yield make
