"""Which cameras a worker should run: the compacted topic `cameras`, folded, partition by partition. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from schemas.errors import MessageError
from schemas.messages import Camera
from schemas.printable import shown


class Farewell(Enum):
    """What becomes of the status of a camera that a worker no longer runs."""

    STOPPED = "stopped"
    """The worker says that it stopped."""
    FORGOTTEN = "forgotten"
    """The camera was deleted, and its status goes too."""
    SILENT = "silent"
    """Another worker has the camera, or will say so itself."""


@dataclass(slots=True)
class _Partition:
    """`latest` runs ahead of `seen` while records come; at the partition's end the two become one."""

    latest: dict[str, Camera] = field(default_factory=dict)
    seen: dict[str, Camera] = field(default_factory=dict)
    gone: dict[str, Farewell] = field(default_factory=dict)


class DesiredCameras:
    """The cameras of `site` in the partitions that this worker owns.

    A partition counts from the moment that it was read to its end: what an older record asks for is never begun.
    """

    def __init__(self, site: str) -> None:
        self._site = site
        self._partitions: dict[int, _Partition] = {}

    def assign(self, partition: int) -> None:
        """The partition is this worker's, and will be read from its beginning.

        One that was lost in between, and not revoked, keeps its cameras until it was read again.
        """
        before = self._partitions.get(partition)
        self._partitions[partition] = _Partition(seen=before.seen if before else {})

    def revoke(self, partition: int) -> None:
        """The partition is somebody else's now."""
        self._partitions.pop(partition, None)

    def record(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        """Take in a record of `cameras`; None as its value deletes the camera.

        Raises:
            MessageError: It is no camera, or another one than its key says. What it replaced is gone all the same:
                the next reader will not find it either.
        """
        own = self._partitions.get(partition)
        if own is None:
            return
        name = (key or b"").decode(errors="replace")
        own.latest.pop(name, None)
        own.gone[name] = Farewell.FORGOTTEN if value is None else Farewell.STOPPED
        if value is None:
            return
        camera = Camera.from_json(value)
        if camera.id != name:
            raise MessageError(f"camera: id = {camera.id!r} under the key {shown(name)}; expected both to be the same")
        if camera.site == self._site:
            own.latest[name] = camera
        else:
            own.gone[name] = Farewell.SILENT

    def end(self, partition: int) -> None:
        """The partition was read to its end."""
        if own := self._partitions.get(partition):
            own.seen = dict(own.latest)

    def cameras(self) -> Mapping[str, Camera]:
        """The cameras to run, by id; those that are disabled among them."""
        return {name: camera for own in self._partitions.values() for name, camera in own.seen.items()}

    def farewell(self, camera: str) -> Farewell:
        """What to say of a camera that is not among `cameras` any more."""
        for own in self._partitions.values():
            if camera in own.gone:
                return own.gone[camera]
        return Farewell.STOPPED
