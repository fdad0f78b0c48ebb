"""Looks at a running system about each second: the ledger's balance, and every result."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from confluent_kafka import Message

from api.audit.auditor import Auditor
from api.log.kafka import Offsets
from api.log.topic_reader import TopicReader
from deploy.local.tally import Tally
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError, MessageError
from schemas.ledger import Balance
from schemas.messages import Result
from schemas.settings import Settings

log = logging.getLogger(__name__)

PERIOD_S: Final = 1.0
_DEADLINE_S: Final = 10.0
_CLOSE_S: Final = 1.0


class Watch:
    """A thread that refreshes `balance` and `tally`; who reads the tally holds `lock`."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.lock = threading.Lock()
        self.tally = Tally()
        self.balance: Balance | None = None
        self._names = settings.names
        self._models = [model.name for model in catalogue.models]
        self._auditor = Auditor(settings, catalogue)
        self._offsets = Offsets(settings)
        self._reader = TopicReader(settings, self._offsets)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, deadline_s: float = _DEADLINE_S) -> bool:
        """Look no more, after the look that is under way; False if that one is not done by the deadline."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(deadline_s)
        return not self._thread.is_alive()

    def look(self, deadline_s: float = _DEADLINE_S) -> Balance:
        """Read everything up to now; for the thread, and for its owner after `stop`.

        Raises:
            EnvironmentMissingError: The broker does not answer, or there is more to read than fits the deadline.
        """
        deadline = time.monotonic() + deadline_s
        self._auditor.refresh(deadline_s)
        balance = self._auditor.balance()
        counts = self._offsets.partitions([self._names.results(model) for model in self._models], deadline=deadline)
        logs = [(topic, partition) for topic, number in counts.items() for partition in range(number)]
        self._reader.read(logs, self._take, deadline=deadline)
        self.balance = balance
        return balance

    def close(self) -> None:
        """Stop looking and leave the broker; a look that hangs is left alone, its thread ends with the process."""
        if self.stop(_CLOSE_S):
            self._auditor.close()
            self._reader.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except EnvironmentMissingError as error:
                log.info("watch found no answer reason=%s", error)
            self._stopping.wait(PERIOD_S)

    def _take(self, message: Message) -> None:
        try:
            result = Result.from_json(message.value())
        except MessageError:
            return  # the audit names it, and says why
        _, milliseconds = message.timestamp()
        with self.lock:
            self.tally.add(result, appended_at=milliseconds / 1000)
