"""Looks at how every model is doing, as the broker tells it: counts, lag, and who works."""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import suppress
from typing import Final

from confluent_kafka import Message

from api.log.kafka import Log, Offsets
from api.log.topic_reader import TopicReader
from api.models.history import Look
from api.models.progress import ProgressReader
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError, MessageError
from schemas.messages import Skip
from schemas.settings import Settings

log = logging.getLogger(__name__)

_ANSWER_S: Final = 4.0
_MEMBERS_S: Final = 2.0


class LookReader:
    """Asks for offsets, and reads the few records of what was skipped: no frame, and no result; blocking."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._names = settings.names
        self._models = [model.name for model in catalogue.models]
        self._progress = ProgressReader(settings, catalogue)
        self._offsets = Offsets(settings)
        self._skips = TopicReader(settings, self._offsets)
        self._skipped: Counter[str] = Counter()
        self._begun = False

    def read(self) -> dict[str, Look]:
        """How each model is doing whose topics exist.

        Raises:
            EnvironmentMissingError: Kafka gives no answer.
        """
        deadline = time.monotonic() + _ANSWER_S
        names = self._names
        results = {names.results(model): model for model in self._models}
        counts = self._offsets.partitions([*results, names.skips], deadline=deadline)
        self._read_skips([(names.skips, number) for number in range(counts.get(names.skips, 0))], deadline)
        members = self._members()
        logs = [(topic, number) for topic in results if topic in counts for number in range(counts[topic])]
        inferred: Counter[str] = Counter()
        for (topic, _), end in self._offsets.ends(logs, deadline=deadline).items():
            inferred[results[topic]] += end
        clock = time.monotonic()
        return {
            model: Look(
                clock=clock,
                arrived=progress.end,
                inferred=inferred[model],
                skipped=self._skipped[model],
                lag=progress.lag,
                least=progress.least,
                lag_s=progress.age,
                replicas=members.get(names.inference_group(model)),
            )
            for model, progress in self._progress.read_with_ages().items()
        }

    def close(self) -> None:
        """Leave the broker."""
        self._skips.close()
        self._offsets.close()

    def _members(self) -> dict[str, int]:
        """The members of each group; of none where nobody says so, which takes nothing from all else."""
        groups = map(self._names.inference_group, self._models)
        try:
            return self._offsets.members(groups, deadline=time.monotonic() + _MEMBERS_S)
        except EnvironmentMissingError as error:
            log.info("who works is not known: %s", error)
            return {}

    def _read_skips(self, logs: list[Log], deadline: float) -> None:
        if not self._begun and logs:
            self._skips.begin(self._offsets.ends(logs, deadline=deadline))
            self._begun = True
        self._skips.read(logs, self._count, deadline=deadline)

    def _count(self, message: Message) -> None:
        with suppress(MessageError):  # an audit names it
            skip = Skip.from_json(message.value())
            self._skipped[skip.model] += skip.count
