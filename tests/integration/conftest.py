"""What the integration tests share: who writes frames and records, and who reads what became of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.audit.auditor import Auditor
from deploy import topics
from deploy.local.ports import free_port
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.integration.api_world import World
from tests.integration.streaming_kit import Frames, Outcomes


@pytest.fixture
def fresh(settings: Settings) -> Iterator[Settings]:
    """A prefix without topics, and a port for the page: `up` makes the topics."""
    made = settings.model_copy(update={"prefix": f"{settings.prefix}up.", "api_port": free_port()})
    yield made
    topics.delete(made, Catalogue())


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


@pytest.fixture
def auditor(settings: Settings, catalogue: Catalogue) -> Iterator[Auditor]:
    auditor = Auditor(settings, catalogue)
    yield auditor
    auditor.close()


@pytest.fixture
def frames(settings: Settings) -> Frames:
    return Frames(settings)


@pytest.fixture
def outcomes(settings: Settings) -> Iterator[Outcomes]:
    reader = Outcomes(settings)
    yield reader
    reader.close()
