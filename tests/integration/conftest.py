"""What the tests of the frames' way share: who writes frames, and who reads what became of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy import topics
from deploy.local.ports import free_port
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.integration.streaming_kit import Frames, Outcomes


@pytest.fixture
def fresh(settings: Settings) -> Iterator[Settings]:
    """A prefix without topics, and a port for the page: `up` makes the topics."""
    made = settings.model_copy(update={"prefix": f"{settings.prefix}up.", "api_port": free_port()})
    yield made
    topics.delete(made, Catalogue())


@pytest.fixture
def frames(settings: Settings) -> Frames:
    return Frames(settings)


@pytest.fixture
def outcomes(settings: Settings) -> Iterator[Outcomes]:
    reader = Outcomes(settings)
    yield reader
    reader.close()
