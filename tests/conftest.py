"""What the integration tests share: one real broker, a prefix for each test, real networks and video."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from deploy import topics
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.leaks import LEAKS
from tests.turns import ALONE, Turns, in_order

if TYPE_CHECKING:
    from deploy.local.media import Media

TEST_PARTITIONS = 4
_TURNS = pytest.StashKey[Turns]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TURNS] = Turns(config.cache.mkdir("turns"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell begins what it runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # or the processes that we start would ignore it, too


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_order(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test wait for its turn before its timeout begins."""
    with item.config.stash[_TURNS].turn(alone=item.get_closest_marker(ALONE) is not None):
        return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Search what a test logged and printed for planted secrets."""
    for title, text in report.sections:
        LEAKS.check(f"{title} of {report.nodeid}", text.encode())


@pytest.fixture(scope="session", autouse=True)
def _no_leaks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail the session where a planted secret is in anything that the suite produced."""
    with LEAKS.watching():
        yield
    LEAKS.scan([tmp_path_factory.getbasetemp()])
    assert not LEAKS.found, "planted secrets leaked:\n" + "\n".join(LEAKS.found)


@pytest.fixture
def capsys(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> pytest.CaptureFixture[str]:
    """As pytest's, and searched."""
    LEAKS.taken(capsys, f"what {request.node.nodeid} printed")
    return capsys


@pytest.fixture(autouse=True)
def _unbound_ffmpeg() -> Iterator[None]:
    """Let each test begin as a process does: what capture forbids FFmpeg is not for tests that read a file with it."""
    yield
    os.environ.pop("OPENCV_FFMPEG_CAPTURE_OPTIONS", None)


@pytest.fixture(scope="session")
def kafka_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's broker keeps its data."""
    return tmp_path_factory.mktemp("kafka")


@pytest.fixture(scope="session")
def kafka(kafka_folder: Path) -> Iterator[EmbeddedKafka]:
    """A running broker; a test that stops it must start it again."""
    runtime = KafkaRuntime.prepare(Settings())
    with EmbeddedKafka(kafka_folder, runtime) as broker:
        yield broker


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The built-in models with few partitions, so that topics appear quickly."""
    return Catalogue(tuple(model.model_copy(update={"partitions": TEST_PARTITIONS}) for model in Catalogue().models))


@pytest.fixture
def settings(kafka: EmbeddedKafka, kafka_folder: Path, catalogue: Catalogue) -> Iterator[Settings]:
    """Settings for the session's broker under a fresh prefix, whose topics exist while the test runs."""
    with installation(kafka, kafka_folder, catalogue) as fresh:
        yield fresh


@contextmanager
def installation(kafka: EmbeddedKafka, kafka_folder: Path, catalogue: Catalogue) -> Iterator[Settings]:
    """An installation of its own on the broker, for as long as that is."""
    fresh = Settings(
        bootstrap_servers=kafka.bootstrap_servers,
        prefix=f"test-{uuid4().hex[:12]}.",
        api_port=0,
        source_roots="/",  # cameras play files of the test's own folder
    )
    topics.apply(fresh, catalogue)
    yield fresh
    LEAKS.scan_topics(kafka_folder, fresh.prefix)  # a topic's files go with it
    topics.delete(fresh, catalogue)


@pytest.fixture(scope="session")
def network() -> Callable[[str], Path]:
    """A function from a model's name to its network's IR, prepared in the cache that all runs share."""
    from processors.samples import prepare_network  # noqa: PLC0415  # OpenVINO, for those tests that infer

    return lambda name: prepare_network(Catalogue().get(name), Settings().cache_dir)


@pytest.fixture(scope="session")
def installed(network: Callable[[str], Path]) -> Callable[[str], None]:
    """A function that does for a model what `up` and `demo` do at their first start, so that no deadline counts it."""
    from deploy.local.tiers import set_up_tiers  # noqa: PLC0415

    def install(name: str) -> None:
        network(name)
        assert set_up_tiers([Catalogue().get(name)], Settings().cache_dir) == []

    return install


@pytest.fixture(scope="session")
def media() -> Media:
    """The sample videos, fetched once into the cache that all runs share."""
    from deploy.local.media import Media  # noqa: PLC0415  # downloads, for those tests that read video

    return Media(Settings().cache_dir)
