"""Crops on their way to a second stage: cut out of the picture that the worker has, delivered, and counted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from processors.inference.cropping import Crop, Cut, cut_crops
from processors.inference.picture import Pixels
from processors.metrics import WorkerMetrics
from processors.streaming.frame import Frame
from processors.streaming.outcomes import Outcomes, Record
from schemas.catalogue import Model
from schemas.messages import CropCounts, Detection, FrameInfo, Parent, PartitionRanges, crop_seq
from schemas.settings import Settings
from schemas.spread import RoundRobin

log = logging.getLogger(__name__)

_TOLD: Final = 100
"""Second stages that nobody knows, of which each is told once; more are nobody's names."""


class CropWriter:
    """Gives each second stage that a frame names its crops; a frame names those that its camera is for."""

    def __init__(
        self, settings: Settings, model: Model, followers: Iterable[Model], outcomes: Outcomes, metrics: WorkerMetrics
    ) -> None:
        """`followers` are those of `model`, whose frames these are."""
        self._settings = settings
        self._colour = model.input.colour
        self._followers = {follower.name: follower for follower in followers}
        self._turns = {name: RoundRobin(model.name, name) for name in self._followers}
        self._outcomes = outcomes
        self._metrics = metrics
        self._unknown: set[str] = set()

    def wants(self, info: FrameInfo) -> bool:
        """Whether crops of this frame are wanted, so that its picture is to be kept."""
        return bool(info.followers) and any(map(self._known, info.followers))

    async def write(self, frame: Frame, detections: tuple[Detection, ...], picture: Pixels) -> tuple[CropCounts, ...]:
        """Cut the frame's crops and deliver them; what is then to be recorded of them, by second stage.

        Whoever repeats this, since it was killed before the frame was committed, makes crops of the same ids.

        Raises:
            EnvironmentMissingError: The broker did not acknowledge one for minutes.
        """
        wanted = [self._followers[name] for name in frame.info.followers if self._known(name)]
        limit = self._settings.frame_limit_bytes
        begun = time.perf_counter()
        cuts = await asyncio.to_thread(
            lambda: [cut_crops(picture, self._colour, detections, one, limit_bytes=limit) for one in wanted]
        )
        self._metrics.stage("crop", time.perf_counter() - begun)
        pairs = zip(wanted, cuts, strict=True)
        return tuple(
            await asyncio.gather(*(self._deliver(frame, follower.name, cut) for follower, cut in pairs if cut.offered))
        )

    async def _deliver(self, frame: Frame, follower: str, cut: Cut) -> CropCounts:
        places = await asyncio.gather(*(self._outcomes.crop(self._record(frame, follower, crop)) for crop in cut.crops))
        offsets: dict[int, list[int]] = {}
        for partition, offset in places:
            offsets.setdefault(partition, []).append(offset)
        self._metrics.crops(follower, len(places), cut.dropped)
        return CropCounts(
            camera=frame.info.camera,
            model=follower,
            parent=str(frame.address),
            time=datetime.now(UTC),
            offered=cut.offered,
            dropped={**cut.dropped},
            delivered=tuple(PartitionRanges.of(partition, found) for partition, found in sorted(offsets.items())),
        )

    def _record(self, frame: Frame, follower: str, crop: Crop) -> Record:
        info = frame.info
        headers = FrameInfo(
            model=follower,
            camera=info.camera,
            site=info.site,
            run=info.run,
            seq=crop_seq(info.seq, crop.index),
            captured_at=info.captured_at,
            width=crop.width,
            height=crop.height,
            lane=info.lane,
            traceparent=info.traceparent,
            parent=Parent(address=str(frame.address), index=crop.index, box=crop.box, map=crop.map),
        ).encode()
        topic = self._settings.names.frames(follower)
        return Record(topic, info.camera.encode(), crop.jpeg, headers, self._turns[follower])

    def _known(self, name: str) -> bool:
        if name in self._followers:
            return True
        if name not in self._unknown and len(self._unknown) < _TOLD:
            self._unknown.add(name)
            self._metrics.error("unknown-follower")
            known = ", ".join(self._followers) or "(there are none)"
            log.warning("frames name a second stage %r, which gets no crops: expected one of %s", name, known)
        return False
