"""What happens, once a second: arrivals, lag, what the autoscaler wants, what runs. From it timelines are made."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import httpx

from api.audit.auditor import Auditor
from api.log.kafka import Log, Offsets
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.ledger import Account
from schemas.settings import Settings
from tests.cluster.kubernetes import Kubernetes, Object

log = logging.getLogger(__name__)

_EVERY_S: Final = 1.0
_ASK_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one model: frames that arrived in all, and a second since the look before; and its Deployment.

    `lag` is what KEDA sees: log ends less commits. `replicas` is what the Deployment is to have, `ready` what it has.
    `inferred` and `skipped` are what the audit has found so far.
    """

    t: float
    arrived: int
    arrival_fps: float
    lag: int
    replicas: int
    ready: int
    inferred: int
    skipped: int


class Recorder:
    """Looks at all models once a second, in a thread of its own, while it is entered."""

    def __init__(
        self,
        client: Kubernetes,
        settings: Settings,
        catalogue: Catalogue,
        deployments: Mapping[str, str],
        namespace: str,
    ) -> None:
        """`deployments` are their names by model."""
        self._client = client
        self._names = settings.names
        self._deployments = deployments
        self._namespace = namespace
        self._logs = {
            model: [(self._names.frames(model), number) for number in range(catalogue.get(model).partitions)]
            for model in deployments
        }
        self._offsets = Offsets(settings)
        self._auditor = Auditor(settings, catalogue)
        self._samples: dict[str, list[Sample]] = {model: [] for model in deployments}
        self._begun = time.monotonic()
        self.events: Final[list[tuple[float, str]]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder")

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._auditor.close()
        self._offsets.close()

    def now(self) -> float:
        """Seconds since the beginning, as samples count them."""
        return time.monotonic() - self._begun

    def mark(self, event: str) -> None:
        """Remember that something was done now."""
        self.events.append((round(self.now(), 2), event))

    def samples(self, model: str, *, since: float = 0.0) -> list[Sample]:
        """What was seen of a model so far."""
        return [sample for sample in tuple(self._samples[model]) if sample.t >= since]

    def last(self, model: str) -> Sample | None:
        """What was seen last."""
        return self._samples[model][-1] if self._samples[model] else None

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_S - self.now() % _EVERY_S):
            try:
                self._look()
            except (httpx.HTTPError, EnvironmentMissingError) as error:  # one look less
                log.warning("recorder missed a look error=%s", error)

    def _look(self) -> None:
        deadline = time.monotonic() + _ASK_S
        groups = {self._names.inference_group(model): logs for model, logs in self._logs.items()}
        committed = self._offsets.committed(groups, deadline=deadline)
        ends = self._offsets.ends([one for logs in self._logs.values() for one in logs], deadline=deadline)
        path = f"/apis/apps/v1/namespaces/{self._namespace}/deployments"
        deployments = {one["metadata"]["name"]: one for one in self._client.list(path)}
        self._auditor.refresh(_ASK_S)
        rows = list(self._auditor.balance().rows())
        now = self.now()
        for model, logs in self._logs.items():
            if deployment := deployments.get(self._deployments[model]):
                accounts = [account for _, name, account in rows if name == model]
                self._samples[model].append(self._sample(model, now, logs, ends, committed, deployment, accounts))

    def _sample(
        self,
        model: str,
        now: float,
        logs: Sequence[Log],
        ends: Mapping[Log, int],
        committed: Mapping[Log, int],
        deployment: Object,
        accounts: Sequence[Account],
    ) -> Sample:
        arrived = sum(ends[one] for one in logs)
        before = self.last(model)
        rate = (arrived - before.arrived) / (now - before.t) if before else 0.0
        return Sample(
            t=round(now, 2),
            arrived=arrived,
            arrival_fps=round(rate, 2),
            lag=sum(ends[one] - committed.get(one, 0) for one in logs),
            replicas=deployment["spec"]["replicas"],
            ready=deployment.get("status", {}).get("readyReplicas", 0),
            inferred=sum(account.inferred for account in accounts),
            skipped=sum(account.skipped for account in accounts),
        )


def changes(samples: Sequence[Sample]) -> list[tuple[float, int]]:
    """When the Deployment's size changed, and to what."""
    found: list[tuple[float, int]] = []
    for before, after in pairwise(samples):
        if before.replicas != after.replicas:
            found.append((after.t, after.replicas))
    return found
