"""From a camera's pictures to frames under way: each encoded once for each size, and sent for each model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from producers.clock import RunClock
from producers.counts import Fate, FrameCounter
from producers.encode import Jpeg, Moments, encode
from producers.sources import Picture
from producers.view import View
from producers.worker import Worker
from schemas.messages import Camera, DropReason, FrameInfo
from schemas.spread import RoundRobin

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offer:
    """A picture that is counted: its `seq` for each model. With `waits` its frames wait for room in the queue."""

    picture: Picture
    captured_at: datetime
    seqs: Mapping[str, int]
    waits: bool


class Sender:
    """Sends the pictures of one camera's run; `followers` has the second stages of each model.

    One thread may use it at a time.
    """

    def __init__(
        self,
        camera: Camera,
        worker: Worker,
        followers: Mapping[str, tuple[str, ...]],
        counters: Mapping[str, FrameCounter],
        clock: RunClock,
        stop: Event,
    ) -> None:
        self._camera = camera
        self._worker = worker
        self._followers = followers
        self._counters = counters
        self._clock = clock
        self._stop = stop
        self._view = View.of(camera)
        self._turns = {model: RoundRobin(camera.id, model) for model in counters}
        self._topics = {model: worker.settings.names.frames(model) for model in counters}
        self._widths = {
            leader: max(worker.catalogue.get(model).frame_width for model in (leader, *followers[leader]))
            for leader in counters
        }

    def send(self, offer: Offer) -> None:
        """Encode and send one picture; each of its frames is counted, whatever happens."""
        unsent = dict(self._counters)
        try:
            self._send(offer, unsent)
        except Exception as error:
            log.exception("frame lost in capture camera=%s seqs=%s", self._camera.id, offer.seqs)
            self._worker.metrics.error(type(error).__name__)
            for counter in unsent.values():
                counter.drop(DropReason.ENCODE_FAILED)

    def _send(self, offer: Offer, unsent: dict[str, FrameCounter]) -> None:
        """A model leaves `unsent` as soon as its frame's fate is in good hands."""
        limit = self._worker.settings.frame_limit_bytes
        taken = self._clock.now() if self._worker.traces else None
        picture = self._view.apply(offer.picture)
        encoded = encode(picture, self._widths, quality=self._camera.quality, limit_bytes=limit)
        moments = Moments(offer.captured_at, taken, self._clock.now()) if taken else None
        for model, jpeg in encoded.items():
            if isinstance(jpeg, Jpeg):
                sent = self._send_one(model, jpeg, offer, moments)
                counter = unsent.pop(model)
                if not sent:
                    counter.drop(DropReason.QUEUE_FULL)
            else:
                unsent.pop(model).drop(jpeg)

    def _send_one(self, model: str, jpeg: Jpeg, offer: Offer, moments: Moments | None) -> bool:
        worker, turn, counter = self._worker, self._turns[model], self._counters[model]
        info = FrameInfo(
            model=model,
            camera=self._camera.id,
            site=self._camera.site,
            run=counter.run,
            seq=offer.seqs[model],
            captured_at=offer.captured_at,
            width=jpeg.width,
            height=jpeg.height,
            lane=self._camera.lane,
            followers=self._followers[model],
        )
        fate: Fate = counter
        traced = worker.traces.begin(info, counter, moments) if worker.traces and moments else None
        if traced:
            info, fate = traced.info, traced
        partition = turn.partition(worker.topics.partitions(self._topics[model]))
        sent = worker.frames.send(info, jpeg.value, partition, fate)
        while offer.waits and not sent and not self._stop.wait(0.02):
            sent = worker.frames.send(info, jpeg.value, partition, fate)
        if sent:
            turn.sent()
        elif traced:
            traced.drop(DropReason.QUEUE_FULL)
        return sent
