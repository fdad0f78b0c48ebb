"""What the tests of the frames' way share: who writes frames, and who reads what became of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.settings import Settings
from tests.integration.streaming_kit import Frames, Outcomes


@pytest.fixture
def frames(settings: Settings) -> Frames:
    return Frames(settings)


@pytest.fixture
def outcomes(settings: Settings) -> Iterator[Outcomes]:
    reader = Outcomes(settings)
    yield reader
    reader.close()
