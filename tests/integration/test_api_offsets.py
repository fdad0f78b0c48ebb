"""The API's questions about offsets, asked of a broker that went away and came back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from api.log.kafka import Offsets
from deploy.local.kafka import EmbeddedKafka
from schemas.settings import Settings
from tests.integration.api_world import MODEL, World


@pytest.fixture
def offsets(settings: Settings) -> Iterator[Offsets]:
    asked = Offsets(settings)
    yield asked
    asked.close()


def test_offsets_are_known_again_when_the_broker_comes_back(
    kafka: EmbeddedKafka, settings: Settings, offsets: Offsets
) -> None:
    world = World(settings)
    world.frames("gate", 5)
    world.commit({0: 3})
    group, log = settings.names.inference_group(MODEL), (settings.names.frames(MODEL), 0)
    for restart in (False, True, True):  # the second one meets leaders of an epoch that the client knows
        if restart:
            kafka.restart()
        deadline = time.monotonic() + 15
        assert offsets.ends([log], deadline=deadline) == {log: 5}
        assert offsets.starts([log], deadline=deadline) == {log: 0}
        assert offsets.committed({group: [log]}, deadline=deadline) == {log: 3}
