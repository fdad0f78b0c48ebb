"""What the integration tests share: one real broker, a prefix for each test, real networks and video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from deploy import topics
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from schemas.catalogue import Catalogue
from schemas.settings import Settings

if TYPE_CHECKING:
    from deploy.local.media import Media

TEST_PARTITIONS = 4


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A running broker; a test that stops it must start it again."""
    runtime = KafkaRuntime.prepare(Settings())
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka"), runtime) as broker:
        yield broker


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The built-in models with few partitions, so that topics appear quickly."""
    return Catalogue(tuple(model.model_copy(update={"partitions": TEST_PARTITIONS}) for model in Catalogue().models))


@pytest.fixture
def settings(kafka: EmbeddedKafka, catalogue: Catalogue) -> Iterator[Settings]:
    """Settings for the session's broker under a fresh prefix, whose topics exist while the test runs."""
    fresh = Settings(bootstrap_servers=kafka.bootstrap_servers, prefix=f"test-{uuid4().hex[:12]}.", api_port=0)
    topics.apply(fresh, catalogue)
    yield fresh
    topics.delete(fresh, catalogue)


@pytest.fixture(scope="session")
def network() -> Callable[[str], Path]:
    """A function from a model's name to its network's IR, prepared in the cache that all runs share."""
    from processors.samples import prepare_network  # noqa: PLC0415  # OpenVINO, for those tests that infer

    return lambda name: prepare_network(Catalogue().get(name), Settings().cache_dir)


@pytest.fixture(scope="session")
def media() -> Media:
    """The sample videos, fetched once into the cache that all runs share."""
    from deploy.local.media import Media  # noqa: PLC0415  # downloads, for those tests that read video

    return Media(Settings().cache_dir)
