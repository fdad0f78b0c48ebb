"""Has a frame inferred once more, by its own model or by another one: through Kafka, as every frame is."""

from __future__ import annotations

from typing import Final

from api.dead_letters import Desk, Done, Letter
from api.dead_letters.originals import Original
from api.frames.cache import StoredFrame
from api.frames.reader import Expected, FrameReader
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError, FramebusError, FrameError
from schemas.jpeg import check_jpeg
from schemas.messages import FrameAddress, FrameInfo, RawHeaders, Redriven
from schemas.names import Header
from schemas.settings import Settings

_OF_OTHERS: Final = frozenset({Header.FOLLOWERS})
"""Headers that stay behind: who asks one model about one picture does not ask its second stages."""


class FrameUnfitError(FramebusError):
    """No worker could infer what is at that address."""


class Reinference:
    """Sends frames again to whoever infers them; blocking, thread-safe."""

    def __init__(self, settings: Settings, catalogue: Catalogue, frames: FrameReader) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._frames = frames

    def send(self, address: FrameAddress, model: str | None, expected: Expected, desk: Desk) -> FrameAddress:
        """Send the frame at `address` to `model`, None: to its own; its new address, which the broker has acknowledged.

        The picture is the very one that is in the log, in the size that it has: another model may have wanted another.

        Raises:
            CatalogueError: `model` is not in the catalogue.
            FrameNotFoundError: There is no frame at that address (yet).
            FrameExpiredError: Retention has taken it.
            OtherFrameError: Another frame is there than was expected.
            FrameUnfitError: What is there cannot be inferred.
            EnvironmentMissingError: Kafka gives no answer, or does not take it.
        """
        name = self._catalogue.get(model or address.model).name
        stored = self._frames.fetch(address, expected)
        info = self._checked(stored)
        origin = info.redrive_of or address
        frame = Letter(
            address=address,
            at=stored.appended_at,
            camera=info.camera,
            error="",
            message="",
            attempts=0,
            size=len(stored.value),
            redriven=Redriven(origin, info.redrive) if info.redrive_of else None,
            place=(address.partition, address.offset),
        )
        original = Original(stored.key, stored.value, headers_for(stored.headers, info, name))
        sent = desk.send_frame(frame, original, name)
        if sent.done is not Done.REDRIVEN or sent.to is None:
            raise EnvironmentMissingError(f"frame {address}: {sent.detail}")
        return sent.to

    def _checked(self, stored: StoredFrame) -> FrameInfo:
        limits = {"limit_bytes": self._settings.frame_limit_bytes, "limit_pixels": self._settings.frame_limit_pixels}
        try:
            check_jpeg(stored.value, **limits)
        except FrameError as error:
            raise FrameUnfitError(f"frame {stored.address}: {error}") from None
        if stored.info is None:
            raise FrameUnfitError(f"frame {stored.address}: expected the headers of a frame that this release can read")
        return stored.info


def headers_for(headers: RawHeaders, info: FrameInfo, model: str) -> RawHeaders:
    """A frame's headers as `model` takes them: all of them and in order, with its name in the id; pure."""
    identity = f"{model}/{info.run}/{info.seq}".encode()
    return [(name, identity if name == Header.ID else value) for name, value in headers if name not in _OF_OTHERS]
